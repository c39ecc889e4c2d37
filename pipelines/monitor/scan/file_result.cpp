// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/file_result.h"

#include <utility>

#include "base/text.h"
#include "base/version.h"
#include "scan/path_field.h"

namespace dfd::monitor {
namespace {

double seconds_of(std::uint64_t nanoseconds) {
  return in_thousandths(static_cast<double>(nanoseconds) / 1e9);
}

Json track_part(const FileTrack& track) {
  Json part = {{"track_id", track.id},
               {"verdict", name_of(track.verdict)},
               {"begin_s", seconds_of(track.begin_ns)},
               {"end_s", seconds_of(track.end_ns)}};
  set_known(part, "probability", track.probability);
  set_known(part, "score", track.score);
  if (!track.evidence.empty()) part["evidence"] = track.evidence;
  part["windows"] = track.windows;
  part["samples"] = track.samples;
  return part;
}

// With probabilities and times as fine as a chart shows them, so that a line stays small.
Json series_part(const Series& series) {
  Json part = Json::array();
  for (const SeriesPoint& point : series.points()) {
    part.push_back({seconds_of(point.time_ns), in_thousandths(point.probability)});
  }
  return part;
}

Json face_part(const FileTrack& track) {
  Json part = track_part(track);
  if (track.verdict == Verdict::kUndecided) part["reason"] = track.reason;
  part["series"] = series_part(track.series);
  if (!track.picture.empty()) part["picture"] = track.picture;
  if (!track.heatmap.empty()) part["heatmap"] = track.heatmap;
  return part;
}

void set_decision(Json& object, const FileResult& result) {
  const Decision& decision = *result.decision;
  object["verdict"] = name_of(decision.verdict);
  object["reason"] = decision.reason;
  if (decision.worst) set_known(object, "probability", decision.worst->probability);
  set_known(object, "threshold", result.threshold);
  if (decision.worst) object["worst"] = track_part(*decision.worst);
  object["tracks"] = decision.tracks;
  object["undecided_tracks"] = decision.undecided_tracks;
  if (decision.faces.empty()) return;
  object["faces"] = Json::array();
  for (const FileTrack& track : decision.faces) object["faces"].push_back(face_part(track));
}

bool has_type(const Json& object, const char* type) {
  return object.is_object() && object.contains("type") && object["type"] == type;
}

template <typename T>
T field(const Json& object, const char* name, T otherwise) {
  const auto at = object.find(name);
  if (at == object.end()) return otherwise;
  if constexpr (std::is_same_v<T, std::string>) {
    return at->is_string() ? at->template get<T>() : otherwise;
  } else {
    return at->is_number_integer() ? at->template get<T>() : otherwise;
  }
}

std::optional<Verdict> verdict_named(const std::string& name) {
  for (const Verdict verdict : {Verdict::kAuthentic, Verdict::kUndecided, Verdict::kManipulated}) {
    if (name == name_of(verdict)) return verdict;
  }
  return std::nullopt;
}

}  // namespace

std::string line_of(const FileResult& result) {
  Json object = {{"schema_version", "1.0"}, {"type", "file"}};
  set_path(object, result.path);
  if (result.identity) {
    object["size"] = result.identity->size;
    object["modified_ns"] = result.identity->modified_ns;
  }
  if (!result.sha256.empty()) object["sha256"] = result.sha256;
  if (result.duration_s) object["duration_s"] = in_thousandths(*result.duration_s);
  if (result.decision) set_decision(object, result);
  if (result.error) {
    object["error"] = {{"reason", result.error->reason}, {"text", utf8(result.error->text)}};
  }
  if (result.counts.frames > 0) {
    object["windows"] = result.counts.windows;
    object["samples"] = result.counts.samples;
    object["frames"] = result.counts.frames;
  }
  if (!result.model_id.empty()) object["model_id"] = result.model_id;
  object["seconds"] = in_thousandths(result.seconds);
  return text_of(object);
}

std::string summary_line(const Totals& totals, std::uint64_t shard, std::uint64_t shards,
                         double seconds) {
  Json object = {{"schema_version", "1.0"}, {"type", "summary"}, {"version", kVersion}};
  if (shards > 1) object["shard"] = std::to_string(shard) + "/" + std::to_string(shards);
  object["files"] = totals.files();
  object["authentic"] = totals.authentic;
  object["undecided"] = totals.undecided;
  object["manipulated"] = totals.manipulated;
  object["failed"] = totals.failed;
  object["skipped"] = totals.skipped;
  object["remaining"] = totals.remaining;
  if (totals.refused > 0) object["refused"] = totals.refused;
  object["exit_code"] = totals.exit_code();
  object["seconds"] = in_thousandths(seconds);
  return text_of(object);
}

Json parsed(const std::string& line) { return Json::parse(line, nullptr, false); }

std::optional<RecordedFile> file_in(const Json& line) {
  if (!has_type(line, "file")) return std::nullopt;
  const auto path = path_in(line);
  if (!path || path->empty()) return std::nullopt;
  RecordedFile file;
  file.path = *path;
  file.identity.size = field<std::uint64_t>(line, "size", 0);
  file.identity.modified_ns = field<std::int64_t>(line, "modified_ns", 0);
  file.sha256 = field<std::string>(line, "sha256", "");
  file.failed = line.contains("error");
  const auto verdict = verdict_named(field<std::string>(line, "verdict", ""));
  if (!verdict && !file.failed) return std::nullopt;
  file.verdict = verdict.value_or(Verdict::kUndecided);
  return file;
}

bool is_summary(const Json& line) { return has_type(line, "summary"); }

}  // namespace dfd::monitor
