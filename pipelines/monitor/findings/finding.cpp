// SPDX-License-Identifier: LGPL-2.1-or-later

#include "finding.h"

#include <gst/deepfake/gstdeepfakereport.h>

#include <locale>
#include <sstream>
#include <string_view>
#include <utility>

namespace dfd::monitor {
namespace {

Verdict verdict_of(GstDeepfakeVerdict verdict) {
  switch (verdict) {
    case GST_DEEPFAKE_VERDICT_AUTHENTIC:
      return Verdict::kAuthentic;
    case GST_DEEPFAKE_VERDICT_SUSPICIOUS:
      return Verdict::kSuspicious;
    case GST_DEEPFAKE_VERDICT_MANIPULATED:
      return Verdict::kManipulated;
    case GST_DEEPFAKE_VERDICT_UNDECIDED:
      break;
  }
  return Verdict::kUndecided;
}

// The library says -1 where there is none.
std::optional<double> part(double value) {
  return value >= 0 && value <= 1 ? std::optional<double>(value) : std::nullopt;
}

FoundFace face_of(const GstDeepfakeFace& from) {
  FoundFace face;
  face.track_id = from.track_id;
  face.x = from.x;
  face.y = from.y;
  face.width = from.width;
  face.height = from.height;
  face.detection_confidence = from.detection_confidence;
  face.verdict = verdict_of(from.verdict);
  face.reason = from.reason;
  face.probability = part(from.probability);
  face.score = part(from.score);
  if (from.evidence != GST_DEEPFAKE_EVIDENCE_NONE) {
    face.evidence = gst_deepfake_evidence_get_name(from.evidence);
    face.seam_probability = part(from.seam_probability);
    face.generated_probability = part(from.generated_probability);
  }
  face.windows = from.windows;
  face.samples = from.samples;
  face.partial = from.partial != FALSE;
  return face;
}

Finding finding_of(const GstDeepfakeReport* report) {
  Finding finding;
  finding.verdict = verdict_of(gst_deepfake_report_get_verdict(report));
  finding.reason = gst_deepfake_report_get_reason(report);
  finding.probability = part(gst_deepfake_report_get_probability(report));
  finding.threshold = part(gst_deepfake_report_get_threshold(report));
  finding.model_id = gst_deepfake_report_get_model_id(report);
  finding.stream_time_ns = gst_deepfake_report_get_stream_time(report);
  finding.running_time_ns = gst_deepfake_report_get_running_time(report);
  for (guint i = 0; i < gst_deepfake_report_get_n_faces(report); ++i) {
    finding.faces.push_back(face_of(*gst_deepfake_report_get_face(report, i)));
  }
  return finding;
}

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAuthentic:
      return "authentic";
    case Verdict::kSuspicious:
      return "suspicious";
    case Verdict::kManipulated:
      return "manipulated";
    case Verdict::kUndecided:
      break;
  }
  return "undecided";
}

std::optional<News> read_news(GstMessage* message) {
  if (!gst_message_has_name(message, "deepfakedetect")) return std::nullopt;
  g_autoptr(GstDeepfakeReport) report = gst_deepfake_report_new_from_message(message);
  News news;
  if (report == nullptr) {
    news.finding.reason = "error";
    return news;
  }
  switch (gst_deepfake_report_get_event(report)) {
    case GST_DEEPFAKE_EVENT_SCORE:
    case GST_DEEPFAKE_EVENT_VERDICT_CHANGED:
      break;
    case GST_DEEPFAKE_EVENT_TRACK_LOST:
      news.kind = News::Kind::kTrackEnded;
      break;
    case GST_DEEPFAKE_EVENT_IDENTITY_CHANGED:
      news.kind = News::Kind::kPersonLeft;
      break;
    case GST_DEEPFAKE_EVENT_MODEL_UPDATED:
    case GST_DEEPFAKE_EVENT_OVERLOAD:
    case GST_DEEPFAKE_EVENT_UNKNOWN:
      return std::nullopt;
  }
  news.finding = finding_of(report);
  return news;
}

std::optional<Finding> read_finding(GstMessage* message) {
  auto news = read_news(message);
  if (!news || news->kind != News::Kind::kStream) return std::nullopt;
  return std::move(news->finding);
}

namespace {

// One count more than there are bounds; otherwise nothing is known.
void read_latency(const GstStructure* stats, Counts& counts) {
  constexpr double kMilliseconds = 1000;
  const GValue* bounds = gst_structure_get_value(stats, "latency-bounds-ms");
  const GValue* numbers = gst_structure_get_value(stats, "latency-counts");
  if (bounds == nullptr || !GST_VALUE_HOLDS_ARRAY(bounds)) return;
  if (numbers == nullptr || !GST_VALUE_HOLDS_ARRAY(numbers)) return;
  const guint size = gst_value_array_get_size(bounds);
  if (gst_value_array_get_size(numbers) != size + 1) return;
  for (guint i = 0; i <= size; ++i) {
    const GValue* number = gst_value_array_get_value(numbers, i);
    const GValue* bound = i < size ? gst_value_array_get_value(bounds, i) : nullptr;
    if (!G_VALUE_HOLDS_UINT64(number) || (bound != nullptr && !G_VALUE_HOLDS_DOUBLE(bound))) return;
    std::ostringstream seconds;
    seconds.imbue(std::locale::classic());
    if (bound != nullptr) seconds << g_value_get_double(bound) / kMilliseconds;
    counts.latency[bound != nullptr ? seconds.str() : "+Inf"] = g_value_get_uint64(number);
  }
  double sum = 0;
  gst_structure_get_double(stats, "latency-sum-ms", &sum);
  counts.latency_seconds = sum / kMilliseconds;
}

}  // namespace

Counts read_counts(GstElement* detect) {
  constexpr std::string_view kSkipped = "samples-skipped-";
  Counts counts;
  GstStructure* stats = nullptr;
  g_object_get(detect, "stats", &stats, nullptr);
  if (stats == nullptr) return counts;
  gst_structure_get_uint64(stats, "frames", &counts.frames);
  gst_structure_get_uint64(stats, "samples", &counts.samples);
  gst_structure_get_uint64(stats, "windows", &counts.windows);
  std::uint64_t window = 0;
  gst_structure_get_uint64(stats, "window-duration", &window);
  counts.window_seconds = static_cast<double>(window) / GST_SECOND;
  read_latency(stats, counts);
  for (gint i = 0; i < gst_structure_n_fields(stats); ++i) {
    const std::string_view name = gst_structure_nth_field_name(stats, static_cast<guint>(i));
    guint64 value = 0;
    if (name.substr(0, kSkipped.size()) == kSkipped &&
        gst_structure_get_uint64(stats, name.data(), &value)) {
      counts.skipped[std::string(name.substr(kSkipped.size()))] = value;
    }
  }
  gst_structure_free(stats);
  return counts;
}

double read_hysteresis(GstElement* detect) {
  gdouble hysteresis = 0;
  g_object_get(detect, "hysteresis", &hysteresis, nullptr);
  return hysteresis;
}

}  // namespace dfd::monitor
