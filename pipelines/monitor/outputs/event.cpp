// SPDX-License-Identifier: LGPL-2.1-or-later

#include "event.h"

#include <glib.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "alarms/alarm_json.h"
#include "base/identifier.h"
#include "base/secrets.h"
#include "base/text.h"
#include "base/version.h"

namespace dfd::monitor {
namespace {

Json envelope(Moment now, const std::string& kind, const std::string& subject, Json data) {
  Json event = {{"specversion", "1.0"},
                {"id", make_id(now.wall)},
                {"source", std::string("/deepfake-monitor/") + g_get_host_name()},
                {"type", "org.deepfakedetect." + kind + ".v1"}};
  if (!subject.empty()) event["subject"] = subject;
  event["time"] = utc_text(now.wall);
  event["datacontenttype"] = "application/json";
  event["data"] = std::move(data);
  return event;
}

Json stream_part(const EventStream& stream) {
  Json part = {{"id", stream.config->id}, {"name", utf8(stream.config->name)}};
  if (!stream.config->group.empty()) part["group"] = utf8(stream.config->group);
  part["uri_masked"] = utf8(masked(stream.config->uri));
  part["session"] = stream.session;
  return part;
}

// Parts of a picture without digits that mean nothing.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

// As deepfakejsonenc writes them: whole pixels, and parts of the picture, cut to it.
void set_box(Json& object, Json& detection, const FoundFace& face, const EventStream& stream) {
  if (stream.width <= 0 || stream.height <= 0) return;
  const double x[2] = {std::clamp(face.x, 0.0, double(stream.width)),
                       std::clamp(face.x + face.width, 0.0, double(stream.width))};
  const double y[2] = {std::clamp(face.y, 0.0, double(stream.height)),
                       std::clamp(face.y + face.height, 0.0, double(stream.height))};
  object["x"] = std::lround(x[0]);
  object["y"] = std::lround(y[0]);
  object["w"] = std::lround(x[1]) - std::lround(x[0]);
  object["h"] = std::lround(y[1]) - std::lround(y[0]);
  detection["bounding_box"] = {{"x_min", rounded(x[0] / stream.width)},
                               {"x_max", rounded(x[1] / stream.width)},
                               {"y_min", rounded(y[0] / stream.height)},
                               {"y_max", rounded(y[1] / stream.height)}};
}

// An object of docs/json-lines.md.
Json face_part(const FoundFace& face, const std::string& model, const EventStream& stream) {
  Json object = Json::object();
  Json detection = Json::object();
  set_box(object, detection, face, stream);
  if (face.track_id != 0) {
    detection["confidence"] = rounded(face.detection_confidence);
    detection["label_id"] = 0;
    detection["label"] = "face";
    object["region_id"] = face.track_id;
    object["id"] = face.track_id;
    object["roi_type"] = "face";
    object["detection"] = std::move(detection);
  }
  Json manipulation = {{"label", name_of(face.verdict)}, {"model", {{"name", model}}}};
  set_known(manipulation, "confidence", face.probability);
  manipulation["label_id"] = static_cast<int>(face.verdict);
  object["manipulation"] = std::move(manipulation);
  Json ours = {
      {"track_id", face.track_id}, {"verdict", name_of(face.verdict)}, {"reason", face.reason}};
  set_known(ours, "probability", face.probability);
  set_known(ours, "score", face.score);
  if (!face.evidence.empty()) ours["evidence"] = face.evidence;
  set_known(ours, "seam_probability", face.seam_probability);
  set_known(ours, "generated_probability", face.generated_probability);
  ours["windows"] = face.windows;
  ours["samples"] = face.samples;
  ours["partial"] = face.partial;
  ours["box_known"] = object.contains("x");
  object["deepfake"] = std::move(ours);
  return object;
}

Json alarm_part(const std::string& rule, const AlarmTransition& transition) {
  Json part = {{"id", transition.record.id},
               {"rule", rule},
               {"state", name_of(transition.state)},
               {"previous", name_of(transition.previous)}};
  set_record(part, transition.record);
  return part;
}

void set_finding(Json& data, const Finding& finding, const EventStream& stream) {
  data["time"] = {{"stream_time_ns", finding.stream_time_ns},
                  {"running_time_ns", finding.running_time_ns}};
  if (stream.width > 0 && stream.height > 0) {
    data["resolution"] = {{"width", stream.width}, {"height", stream.height}};
  }
  Json result = {{"verdict", name_of(finding.verdict)}, {"reason", finding.reason}};
  set_known(result, "probability", finding.probability);
  set_known(result, "threshold", finding.threshold);
  if (!finding.model_id.empty()) result["model_id"] = finding.model_id;
  data["deepfake"] = std::move(result);
  Json faces = Json::array();
  for (const FoundFace& face : finding.faces) {
    faces.push_back(face_part(face, finding.model_id, stream));
  }
  data["faces"] = std::move(faces);
}

Json data_of(const EventStream& stream) {
  return {{"schema_version", "1.0"}, {"stream", stream_part(stream)}};
}

}  // namespace

Json stream_event(Moment now, const EventStream& stream, const StreamChange& change) {
  Json data = data_of(stream);
  data["previous"] = change.previous;
  data["state"] = change.state;
  if (!change.reason.empty()) data["reason"] = change.reason;
  if (!change.text.empty()) data["text"] = utf8(change.text);
  return envelope(now, "stream", "stream/" + stream.config->id, std::move(data));
}

Json alarm_event(Moment now, const EventStream& stream, const std::string& rule,
                 const AlarmTransition& transition, const Finding* finding) {
  Json data = data_of(stream);
  data["alarm"] = alarm_part(rule, transition);
  if (finding != nullptr) set_finding(data, *finding, stream);
  return envelope(now, "alarm", "stream/" + stream.config->id, std::move(data));
}

Json clip_event(Moment now, const EventStream& stream, const ClipChange& change) {
  Json clip = {{"alarm", change.alarm}, {"state", change.state}};
  if (!change.text.empty()) clip["text"] = utf8(masked(change.text));
  Json files = Json::array();
  bool has_clip = false;
  for (const EvidenceFile& file : change.files) {
    has_clip = has_clip || file.name == "clip.mp4" || file.name == "clip.ts";
    files.push_back(file_json(file));
  }
  if (has_clip) {
    clip["begins_at"] = utc_text(change.begin);
    clip["ends_at"] = utc_text(change.end);
    clip["pre_roll_s"] = in_thousandths(change.pre_roll_s);
  }
  if (!files.empty()) clip["files"] = std::move(files);
  Json data = data_of(stream);
  data["clip"] = std::move(clip);
  return envelope(now, "clip", "stream/" + stream.config->id, std::move(data));
}

Json monitor_event(Moment now, const std::string& state, const Config& config) {
  Json streams = Json::array();
  for (const StreamConfig& stream : config.streams) streams.push_back(stream.id);
  Json data = {{"schema_version", "1.0"},
               {"state", state},
               {"version", kVersion},
               {"streams", std::move(streams)}};
  set_known(data, "max_notify_per_hour", config.max_notify_per_hour);
  return envelope(now, "monitor", "", std::move(data));
}

}  // namespace dfd::monitor
