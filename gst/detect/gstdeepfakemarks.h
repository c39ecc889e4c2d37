// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Faces as other people's elements mark them on buffers, both ways: regions of interest in DL
// Streamer's layout and, from GStreamer 1.24 on, GstAnalytics. Knows their field names.

#pragma once

#include <gst/gst.h>

#include <map>
#include <vector>

#include "detector/frame.h"
#include "detector/report.h"

// Faces that upstream elements marked: region-of-interest metas of type "face" or, where there are
// none, GstAnalytics object detections of that type. A region's confidence is that of its parameter
// "detection", else 1.
std::vector<dfd::MarkedFace> gst_deepfake_marked_faces(GstBuffer* buffer);

// Marks the faces of a report on a writable buffer. A face that is marked already gets no second
// mark: the verdict is added to the one that is there. Thread-compatible.
class GstDeepfakeMarks {
 public:
  // A region with id = track and the parameters "detection" (confidence, label, label_id),
  // "object_id" (id), "manipulation" (label, confidence, label_id) and "deepfake" (track-id,
  // verdict, reason, probability).
  static void add_regions(GstBuffer* buffer, const dfd::StreamReport& report);

#ifdef HAVE_ANALYTICS
  // An object "face", related to a classification "manipulated"/"authentic", the likelier first,
  // and to a tracking. Appends to the relation meta that is there. The whole picture (track 0) is a
  // classification alone.
  void add_analytics(GstBuffer* buffer, const dfd::StreamReport& report);

 private:
  std::map<dfd::TrackId, GstClockTime> first_seen_;  // By the buffers' timestamps.
#endif
};
