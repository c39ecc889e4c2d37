// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From the detector's reports to GStreamer's carriers: the bus message, the result meta
// and the statistics. The only place that knows their field names.

#pragma once

#include <gst/gst.h>

#include <string>

#include "detector/engine.h"
#include "detector/report.h"
#include "detector/session.h"

// What a report needs beside itself to become a message or a meta.
struct GstDeepfakeContext {
  std::string stream_id;
  std::string model_id;
  GstSegment segment;
  GstClockTime duration = GST_CLOCK_TIME_NONE;  // Of a frame.
};

// An element message with the structure "deepfakedetect". (transfer full)
GstMessage* gst_deepfake_message_new(GstElement* element, const dfd::Event& event,
                                     const GstDeepfakeContext& context);

// The same with event "model-updated": what became of a model file set while playing. error: empty
// when it is in force now. (transfer full)
GstMessage* gst_deepfake_model_message_new(GstElement* element, const std::string& stream_id,
                                           const std::string& model_file,
                                           const std::string& model_id, const std::string& error);

// The structure "deepfakedetect-stats" of the property. engine: null before the start. (transfer
// full)
GstStructure* gst_deepfake_stats_new(const dfd::SessionStats& stats, const dfd::Engine* engine,
                                     dfd::Rate sample_rate);

// buffer must be writable.
void gst_deepfake_add_result_meta(GstBuffer* buffer, const dfd::StreamReport& report,
                                  const GstDeepfakeContext& context);
