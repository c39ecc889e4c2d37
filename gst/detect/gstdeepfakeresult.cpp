// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeresult.h"

#include <gst/video/video.h>

#include <vector>

#include "gstdeepfakemeta.h"
#include "gstdeepfakewords.h"

namespace {

// Optional numbers are left out of structures instead of being given a made-up value.
void set_optional(GstStructure* structure, const char* field, const std::optional<double>& value) {
  if (value) gst_structure_set(structure, field, G_TYPE_DOUBLE, *value, nullptr);
}

template <typename Numbers, typename Set>
void set_array(GstStructure* structure, const char* field, GType type, Set set,
               const Numbers& numbers) {
  GValue array = G_VALUE_INIT;
  gst_value_array_init(&array, numbers.size());
  for (const auto number : numbers) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, type);
    set(&value, number);
    gst_value_array_append_and_take_value(&array, &value);
  }
  gst_structure_take_value(structure, field, &array);
}

// Of a face's report, or the stream's.
template <typename Report>
void set_evidence(GstStructure* structure, const Report& report) {
  if (!report.evidence) return;
  gst_structure_set(structure, "evidence", G_TYPE_STRING, dfd::to_string(*report.evidence),
                    nullptr);
  const auto [seam, generated] = report.indicators;
  set_optional(structure, "seam-probability", seam);
  set_optional(structure, "generated-probability", generated);
}

GstStructure* face_structure(const dfd::FaceReport& face) {
  GstStructure* structure = gst_structure_new(
      "face", "track-id", G_TYPE_UINT64, face.track, "x", G_TYPE_DOUBLE, double{face.box.x}, "y",
      G_TYPE_DOUBLE, double{face.box.y}, "width", G_TYPE_DOUBLE, double{face.box.width}, "height",
      G_TYPE_DOUBLE, double{face.box.height}, "detection-confidence", G_TYPE_DOUBLE,
      double{face.detection_confidence}, "verdict", G_TYPE_STRING, dfd::to_string(face.verdict),
      "reason", G_TYPE_STRING, dfd::to_string(face.reason), "windows", G_TYPE_UINT64, face.windows,
      "samples", G_TYPE_UINT64, face.samples, "partial", G_TYPE_BOOLEAN,
      static_cast<gboolean>(face.partial), nullptr);
  set_optional(structure, "probability", face.probability);
  set_optional(structure, "score", face.score);
  set_evidence(structure, face);
  return structure;
}

GstDeepfakeVerdict verdict_of(dfd::Verdict verdict) {
  switch (verdict) {
    case dfd::Verdict::kAuthentic:
      return GST_DEEPFAKE_VERDICT_AUTHENTIC;
    case dfd::Verdict::kSuspicious:
      return GST_DEEPFAKE_VERDICT_SUSPICIOUS;
    case dfd::Verdict::kManipulated:
      return GST_DEEPFAKE_VERDICT_MANIPULATED;
    case dfd::Verdict::kUndecided:
      break;
  }
  return GST_DEEPFAKE_VERDICT_UNDECIDED;
}

GstDeepfakeEvidence evidence_of(const std::optional<dfd::Evidence>& evidence) {
  if (!evidence) return GST_DEEPFAKE_EVIDENCE_NONE;
  return *evidence == dfd::Evidence::kSeam ? GST_DEEPFAKE_EVIDENCE_SEAM
                                           : GST_DEEPFAKE_EVIDENCE_GENERATED;
}

// To: a GstDeepfakeFace or a GstDeepfakeMeta.
template <typename To, typename Report>
void fill_evidence(To& to, const Report& report) {
  to.evidence = evidence_of(report.evidence);
  to.seam_probability = report.indicators[0].value_or(-1);
  to.generated_probability = report.indicators[1].value_or(-1);
}

GstDeepfakeFace meta_face(const dfd::FaceReport& report) {
  GstDeepfakeFace face{};
  face.track_id = report.track;
  face.x = report.box.x;
  face.y = report.box.y;
  face.width = report.box.width;
  face.height = report.box.height;
  face.detection_confidence = report.detection_confidence;
  face.probability = report.probability.value_or(-1);
  face.score = report.score.value_or(-1);
  face.verdict = verdict_of(report.verdict);
  face.reason = dfd::to_string(report.reason);
  face.windows = report.windows;
  face.samples = report.samples;
  face.partial = static_cast<gboolean>(report.partial);
  fill_evidence(face, report);
  if (report.explanation) {
    const dfd::Explanation& explanation = *report.explanation;
    face.heatmap_x = explanation.region.x;
    face.heatmap_y = explanation.region.y;
    face.heatmap_width = explanation.region.width;
    face.heatmap_height = explanation.region.height;
    face.heatmap_columns = static_cast<guint>(explanation.map.columns);
    face.heatmap_rows = static_cast<guint>(explanation.map.rows);
    // Borrowed: the meta copies it.
    face.heatmap = const_cast<gfloat*>(explanation.map.cells.data());
  }
  return face;
}

}  // namespace

GstMessage* gst_deepfake_message_new(GstElement* element, const dfd::Event& event,
                                     const GstDeepfakeContext& context) {
  const dfd::StreamReport& report = event.report;
  const auto running_time = static_cast<GstClockTime>(report.time.count());
  const GstClockTime timestamp =
      gst_segment_position_from_running_time(&context.segment, GST_FORMAT_TIME, running_time);
  const GstClockTime stream_time =
      gst_segment_to_stream_time(&context.segment, GST_FORMAT_TIME, timestamp);
  GstStructure* structure = gst_structure_new(
      "deepfakedetect", "event", G_TYPE_STRING, dfd::to_string(event.kind), "stream-id",
      G_TYPE_STRING, context.stream_id.c_str(), "timestamp", G_TYPE_UINT64, timestamp,
      "stream-time", G_TYPE_UINT64, stream_time, "running-time", G_TYPE_UINT64, running_time,
      "duration", G_TYPE_UINT64, context.duration, "verdict", G_TYPE_STRING,
      dfd::to_string(report.verdict), "threshold", G_TYPE_DOUBLE, report.threshold, "reason",
      G_TYPE_STRING, dfd::to_string(report.reason), "model-id", G_TYPE_STRING,
      context.model_id.c_str(), nullptr);
  set_optional(structure, "probability", report.probability);
  set_evidence(structure, report);
  GValue faces = G_VALUE_INIT;
  g_value_init(&faces, GST_TYPE_LIST);
  for (const dfd::FaceReport& face : report.faces) {
    GValue value = G_VALUE_INIT;
    g_value_init(&value, GST_TYPE_STRUCTURE);
    g_value_take_boxed(&value, face_structure(face));
    gst_value_list_append_and_take_value(&faces, &value);
  }
  gst_structure_take_value(structure, "faces", &faces);
  return gst_message_new_element(GST_OBJECT(element), structure);
}

GstMessage* gst_deepfake_model_message_new(GstElement* element, const std::string& stream_id,
                                           const std::string& model_file,
                                           const std::string& model_id, const std::string& error) {
  // Structures take UTF-8 alone, and names of files are bytes.
  const std::string file = gst_deepfake_utf8(model_file.c_str());
  GstStructure* structure = gst_structure_new(
      "deepfakedetect", "event", G_TYPE_STRING, "model-updated", "stream-id", G_TYPE_STRING,
      stream_id.c_str(), "model-file", G_TYPE_STRING, file.c_str(), "model-id", G_TYPE_STRING,
      model_id.c_str(), "success", G_TYPE_BOOLEAN, static_cast<gboolean>(error.empty()), nullptr);
  if (file != model_file) {
    const std::string bytes = gst_deepfake_hexadecimal(model_file);
    gst_structure_set(structure, "model-file-hex", G_TYPE_STRING, bytes.c_str(), nullptr);
  }
  if (!error.empty()) {
    gst_structure_set(structure, "error", G_TYPE_STRING, gst_deepfake_utf8(error.c_str()).c_str(),
                      nullptr);
  }
  return gst_message_new_element(GST_OBJECT(element), structure);
}

// How long a window of samples is; 0 where no model is there yet.
static guint64 window_duration(const dfd::Engine* engine, dfd::Rate sample_rate) {
  if (engine == nullptr) return 0;
  const dfd::ModelInfo& model = engine->model();
  const dfd::Rate rate = sample_rate.given() ? sample_rate : model.sample_rate;
  return gst_util_uint64_scale(GST_SECOND * static_cast<guint64>(model.window_length),
                               static_cast<guint64>(rate.denominator),
                               static_cast<guint64>(rate.numerator));
}

GstStructure* gst_deepfake_stats_new(const dfd::SessionStats& stats, const dfd::Engine* engine,
                                     dfd::Rate sample_rate) {
  GstStructure* structure = gst_structure_new(
      "deepfakedetect-stats", "frames", G_TYPE_UINT64, stats.frames, "samples", G_TYPE_UINT64,
      stats.samples, "windows", G_TYPE_UINT64, stats.windows, "faces", G_TYPE_UINT64, stats.faces,
      "batches", G_TYPE_UINT64, stats.batches, "model-swaps", G_TYPE_UINT64, stats.model_swaps,
      "latency-p50-ms", G_TYPE_DOUBLE, stats.latency_p50_ms, "latency-p95-ms", G_TYPE_DOUBLE,
      stats.latency_p95_ms, "latency-p99-ms", G_TYPE_DOUBLE, stats.latency_p99_ms, "window-bytes",
      G_TYPE_UINT64, stats.window_bytes, "window-duration", G_TYPE_UINT64,
      window_duration(engine, sample_rate), "batch-fill", G_TYPE_DOUBLE, stats.batch_fill,
      "queue-length", G_TYPE_UINT64, static_cast<guint64>(stats.queue_length), "active-device",
      G_TYPE_STRING, engine != nullptr ? engine->device().c_str() : "", "precision", G_TYPE_STRING,
      engine != nullptr ? dfd::to_string(engine->precision()) : "", nullptr);
  for (const dfd::Reason reason : dfd::kReasons) {
    if (reason == dfd::Reason::kNone) continue;
    const std::string field = std::string("samples-skipped-") + dfd::to_string(reason);
    gst_structure_set(structure, field.c_str(), G_TYPE_UINT64,
                      stats.skipped[static_cast<std::size_t>(reason)], nullptr);
  }
  set_array(structure, "latency-bounds-ms", G_TYPE_DOUBLE, g_value_set_double,
            dfd::kLatencyBoundsMs);
  set_array(structure, "latency-counts", G_TYPE_UINT64, g_value_set_uint64, stats.latency_counts);
  gst_structure_set(structure, "latency-sum-ms", G_TYPE_DOUBLE, stats.latency_sum_ms, nullptr);
  return structure;
}

void gst_deepfake_add_result_meta(GstBuffer* buffer, const dfd::StreamReport& report,
                                  const GstDeepfakeContext& context) {
  std::vector<GstDeepfakeFace> faces;
  for (const dfd::FaceReport& face : report.faces) faces.push_back(meta_face(face));
  GstDeepfakeMeta* meta = gst_buffer_add_deepfake_meta(
      buffer, context.stream_id.c_str(), context.model_id.c_str(),
      static_cast<guint>(report.frame_width), static_cast<guint>(report.frame_height), faces.data(),
      static_cast<guint>(faces.size()));
  meta->verdict = verdict_of(report.verdict);
  meta->reason = dfd::to_string(report.reason);
  meta->probability = report.probability.value_or(-1);
  meta->threshold = report.threshold;
  fill_evidence(*meta, report);
  const bool analysed = report.frame_width > 0;
  if (analysed) meta->running_time = static_cast<GstClockTime>(report.time.count());
}
