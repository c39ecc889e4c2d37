// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Results without a model: buffers that carry a GstDeepfakeMeta as deepfakedetect would attach it.

#pragma once

#include <gst/gst.h>

#include <string>
#include <vector>

#include "gstdeepfakemeta.h"

namespace dfd::test {

inline GstDeepfakeFace make_face(guint64 track, float x, float y, float size,
                                 GstDeepfakeVerdict verdict, double probability) {
  GstDeepfakeFace face{};
  face.track_id = track;
  face.x = x;
  face.y = y;
  face.width = size;
  face.height = size;
  face.detection_confidence = 0.875F;
  face.probability = probability;
  face.score = probability;
  face.verdict = verdict;
  face.reason = verdict == GST_DEEPFAKE_VERDICT_UNDECIDED ? "warming-up" : "none";
  face.windows = 5;
  face.samples = 24;
  return face;
}

inline void set_evidence(GstDeepfakeFace& face, GstDeepfakeEvidence evidence, double seam,
                         double generated) {
  face.evidence = evidence;
  face.seam_probability = seam;
  face.generated_probability = generated;
}

// A heatmap over the whole box. cells: columns * rows of them, row by row, and not copied.
inline void set_heatmap(GstDeepfakeFace& face, guint columns, guint rows, gfloat* cells) {
  face.heatmap_width = 1;
  face.heatmap_height = 1;
  face.heatmap_columns = columns;
  face.heatmap_rows = rows;
  face.heatmap = cells;
}

// Of a stream "camera" analysed at this size. The stream's verdict is the worst face's.
inline GstDeepfakeMeta* mark(GstBuffer* buffer, guint width, guint height,
                             const std::vector<GstDeepfakeFace>& faces) {
  GstDeepfakeMeta* meta =
      gst_buffer_add_deepfake_meta(buffer, "camera", "0123456789ab", width, height, faces.data(),
                                   static_cast<guint>(faces.size()));
  meta->threshold = 0.75;
  meta->reason = "no-face";
  for (const GstDeepfakeFace& face : faces) {
    if (face.verdict < meta->verdict && &face != faces.data()) continue;
    meta->verdict = face.verdict;
    meta->reason = face.reason;
    meta->probability = face.probability;
    if (face.evidence == GST_DEEPFAKE_EVIDENCE_NONE) continue;
    meta->evidence = face.evidence;
    meta->seam_probability = face.seam_probability;
    meta->generated_probability = face.generated_probability;
  }
  return meta;
}

// What mark_pad() puts on the buffers that pass: one list of faces for each, the last for all later
// ones.
struct Marks {
  guint width = 320;
  guint height = 240;
  std::vector<std::vector<GstDeepfakeFace>> faces;
  std::size_t next = 0;
};

inline GstPadProbeReturn mark_buffer(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
  auto* marks = static_cast<Marks*>(data);
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  mark(buffer, marks->width, marks->height, marks->faces[marks->next]);
  if (marks->next + 1 < marks->faces.size()) ++marks->next;
  return GST_PAD_PROBE_OK;
}

// Marks what leaves the source pad of the element of this name. marks must outlive the pipeline.
inline void mark_pad(GstElement* pipeline, const char* element, Marks& marks) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline), element);
  GstPad* pad = gst_element_get_static_pad(found, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, mark_buffer, &marks, nullptr);
  gst_object_unref(pad);
  gst_object_unref(found);
}

}  // namespace dfd::test
