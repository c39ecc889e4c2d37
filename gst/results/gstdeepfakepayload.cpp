// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakepayload.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gstdeepfakewords.h"

namespace {

using Json = nlohmann::ordered_json;  // In the order written: the version comes first.

constexpr int kVersion = 1;
constexpr int kDepthLimit = 8;  // Version 1 needs four.

// Bytes in the text, escapes included. Together they leave room for two faces whose numbers are as
// long as they can be; six usual ones fit beside usual names.
constexpr std::size_t kStreamIdLimit = 120;
constexpr std::size_t kModelIdLimit = 64;
constexpr std::size_t kReasonLimit = 32;

// A box may lie outside the picture, but one this many pictures away is no box.
constexpr double kFarOutside = 16;

class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// --- Writing

// A ten-thousandth is a fifth of a pixel in full HD, and finer than any score is good for.
double rounded(double value) { return std::round(value * 1e4) / 1e4; }

double part(double value) {
  return std::isfinite(value) ? rounded(std::clamp(value, 0.0, 1.0)) : 0.0;
}

std::size_t length_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace).size();
}

// As much of a text as has room, whole characters only; an ellipsis shows that some is missing.
std::string cut(const char* text, std::size_t limit) {
  std::string kept = gst_deepfake_utf8(text);
  if (kept.size() <= limit && length_of(kept) <= limit + 2) return kept;
  const std::string ellipsis = "\u2026";
  kept.resize(std::min(kept.size(), limit));
  const auto drop_character = [&] {
    while (!kept.empty() && (static_cast<guint8>(kept.back()) & 0xC0) == 0x80) kept.pop_back();
    if (!kept.empty()) kept.pop_back();
  };
  drop_character();  // The cut may have gone through it.
  while (length_of(kept + ellipsis) > limit + 2) drop_character();
  return kept + ellipsis;
}

void write_optional(Json& json, const char* key, double value) {
  if (value >= 0 && value <= 1) json[key] = part(value);
}

Json box_of(const GstDeepfakeMeta* meta, GstBuffer* buffer, guint index) {
  guint width = 0;
  guint height = 0;
  double box[4] = {};
  if (gst_deepfake_meta_get_picture_size(meta, buffer, &width, &height) == FALSE ||
      gst_deepfake_meta_locate_face(meta, buffer, index, &box[0], &box[1], &box[2], &box[3]) ==
          FALSE) {
    return nullptr;
  }
  Json json = Json::array();
  for (int i = 0; i < 4; ++i) {
    const double value = box[i] / (i % 2 == 0 ? width : height);
    const bool is_good = std::abs(value) <= kFarOutside && (i < 2 || value >= 0);
    if (!is_good) return nullptr;
    json.push_back(rounded(value));
  }
  return json;
}

Json face_to_json(const GstDeepfakeMeta* meta, GstBuffer* buffer, guint index) {
  const GstDeepfakeFace& face = meta->faces[index];
  Json json;
  json["id"] = face.track_id;
  json["box"] = box_of(meta, buffer, index);
  json["conf"] = part(face.detection_confidence);
  write_optional(json, "p", face.probability);
  write_optional(json, "score", face.score);
  if (gst_deepfake_is_named(face.evidence)) {
    json["evidence"] = gst_deepfake_evidence_get_name(face.evidence);
    write_optional(json, "seam", face.seam_probability);
    write_optional(json, "generated", face.generated_probability);
  }
  json["verdict"] = gst_deepfake_verdict_get_name(face.verdict);
  if (g_strcmp0(face.reason, "none") != 0) json["reason"] = cut(face.reason, kReasonLimit);
  json["windows"] = face.windows;
  json["samples"] = face.samples;
  if (face.partial != FALSE) json["partial"] = true;
  return json;
}

std::vector<guint> by_alarm(const GstDeepfakeMeta* meta) {
  std::vector<guint> order(meta->n_faces);
  for (guint i = 0; i < meta->n_faces; ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [meta](guint a, guint b) {
    const GstDeepfakeFace& left = meta->faces[a];
    const GstDeepfakeFace& right = meta->faces[b];
    if (left.verdict != right.verdict) return left.verdict > right.verdict;
    return left.probability > right.probability;
  });
  return order;
}

// --- Reading

const Json& member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw Refused(std::string("there is no \"") + key + "\"");
  return *found;
}

double number(const Json& value, const char* key, double low, double high) {
  if (!value.is_number()) throw Refused(std::string("\"") + key + "\" is no number");
  const double read = value.get<double>();
  const bool inside = read >= low && read <= high;
  if (!inside) throw Refused(std::string("\"") + key + "\" is out of range");
  return read;
}

double optional_part(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? -1 : number(*found, key, 0, 1);
}

guint64 count(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_number_unsigned()) throw Refused(std::string("\"") + key + "\" is no count");
  return value.get<guint64>();
}

std::string word(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_string()) throw Refused(std::string("\"") + key + "\" is no text");
  std::string text = value.get<std::string>();
  if (text.find('\0') != std::string::npos) {
    throw Refused(std::string("\"") + key + "\" has a zero byte");
  }
  return text;
}

GstDeepfakeVerdict verdict_in(const Json& object) {
  GstDeepfakeVerdict verdict = GST_DEEPFAKE_VERDICT_UNDECIDED;
  if (gst_deepfake_verdict_from_name(word(object, "verdict").c_str(), &verdict) == FALSE) {
    throw Refused("\"verdict\" is none that is known");
  }
  return verdict;
}

bool flag(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) throw Refused(std::string("\"") + key + "\" is not true or false");
  return found->get<bool>();
}

struct Picture {
  guint width = 0;
  guint height = 0;
};

// Without a box the size becomes zero: the places of all faces of a meta are known, or of none.
void read_box(const Json& value, GstDeepfakeFace& face, Picture& picture) {
  if (value.is_null()) {
    picture = {};
    return;
  }
  if (!value.is_array() || value.size() != 4) throw Refused("\"box\" is not four numbers");
  const auto pixels = [&](std::size_t i, double low, guint size) {
    return static_cast<gfloat>(number(value[i], "box", low, kFarOutside) * size);
  };
  face.x = pixels(0, -kFarOutside, picture.width);
  face.y = pixels(1, -kFarOutside, picture.height);
  face.width = pixels(2, 0, picture.width);
  face.height = pixels(3, 0, picture.height);
}

// Probabilities are of the kinds that there are, so without a kind that is known there are none.
void read_evidence(const Json& json, GstDeepfakeFace& face) {
  face.seam_probability = optional_part(json, "seam");
  face.generated_probability = optional_part(json, "generated");
  if (json.contains("evidence")) {
    face.evidence = gst_deepfake_evidence_from_name(word(json, "evidence").c_str());
  }
  if (face.evidence == GST_DEEPFAKE_EVIDENCE_NONE) {
    face.seam_probability = face.generated_probability = -1;
  }
}

GstDeepfakeFace face_from_json(const Json& json, Picture& picture) {
  if (!json.is_object()) throw Refused("a face is no object");
  GstDeepfakeFace face{};
  face.track_id = count(json, "id");
  read_box(member(json, "box"), face, picture);
  face.detection_confidence = static_cast<gfloat>(number(member(json, "conf"), "conf", 0, 1));
  face.probability = optional_part(json, "p");
  face.score = optional_part(json, "score");
  read_evidence(json, face);
  face.verdict = verdict_in(json);
  face.reason = json.contains("reason")
                    ? gst_deepfake_reason_from_name(word(json, "reason").c_str())
                    : "none";
  face.windows = count(json, "windows");
  face.samples = count(json, "samples");
  face.partial = static_cast<gboolean>(flag(json, "partial"));
  return face;
}

Json parsed(std::string_view text) {
  if (text.size() > kGstDeepfakePayloadReadLimit) throw Refused("it is too long");
  // The parser would take it for the end and not look at what follows.
  if (text.find('\0') != std::string_view::npos) throw Refused("it has a zero byte");
  bool deep = false;
  const auto heed_depth = [&deep](int depth, Json::parse_event_t /*event*/, const Json& /*value*/) {
    deep = deep || depth > kDepthLimit;
    return !deep;
  };
  Json json = Json::parse(text.begin(), text.end(), heed_depth, false);
  if (deep) throw Refused("it is nested too deeply");
  if (!json.is_object()) throw Refused("it is no JSON object");
  if (count(json, "v") != kVersion) throw Refused("its version is not known here");
  return json;
}

// Everything is read before anything is added, so that a refused text leaves no trace.
GstDeepfakeMeta* read(std::string_view text, Picture picture, GstBuffer* buffer,
                      guint64& left_out) {
  const Json json = parsed(text);
  const GstDeepfakeVerdict verdict = verdict_in(json);
  const Json& list = member(json, "faces");
  if (!list.is_array()) throw Refused("\"faces\" is no list");
  const guint64 all = count(json, "n");
  if (all < list.size()) throw Refused("\"n\" is less than there are faces");
  std::vector<GstDeepfakeFace> faces;
  for (const Json& entry : list) {
    faces.push_back(face_from_json(entry, picture));
    if (faces.back().verdict > verdict) throw Refused("a face is worse than the verdict");
  }
  // The worst stands first, and the stream's evidence is its.
  GstDeepfakeFace worst{};
  worst.seam_probability = worst.generated_probability = -1;
  if (!faces.empty()) worst = faces.front();
  std::stable_sort(
      faces.begin(), faces.end(),
      [](const GstDeepfakeFace& a, const GstDeepfakeFace& b) { return a.track_id < b.track_id; });
  const bool placed = picture.width > 0 && picture.height > 0;
  if (!placed) {
    picture = {};
    for (GstDeepfakeFace& face : faces) face.x = face.y = face.width = face.height = 0;
  }
  const std::string stream = word(json, "stream");
  const std::string model = word(json, "model");
  const std::string reason = word(json, "reason");
  const double probability = optional_part(json, "p");
  const double threshold = number(member(json, "threshold"), "threshold", 0, 1);
  GstDeepfakeMeta* meta =
      gst_buffer_add_deepfake_meta(buffer, stream.c_str(), model.c_str(), picture.width,
                                   picture.height, faces.data(), static_cast<guint>(faces.size()));
  if (meta == nullptr) throw Refused("the buffer takes no meta");
  meta->verdict = verdict;
  meta->reason = gst_deepfake_reason_from_name(reason.c_str());
  meta->probability = probability;
  meta->threshold = threshold;
  meta->evidence = worst.evidence;
  meta->seam_probability = worst.seam_probability;
  meta->generated_probability = worst.generated_probability;
  left_out = all - list.size();
  return meta;
}

}  // namespace

std::string gst_deepfake_payload_write(const GstDeepfakeMeta* meta, GstBuffer* buffer) {
  Json json;
  json["v"] = kVersion;
  json["stream"] = cut(meta->stream_id, kStreamIdLimit);
  json["model"] = cut(meta->model_id, kModelIdLimit);
  json["verdict"] = gst_deepfake_verdict_get_name(meta->verdict);
  json["reason"] = cut(meta->reason, kReasonLimit);
  write_optional(json, "p", meta->probability);
  json["threshold"] = part(meta->threshold);
  json["n"] = meta->n_faces;
  json["faces"] = Json::array();
  std::size_t length = length_of(json);
  for (const guint index : by_alarm(meta)) {
    Json face = face_to_json(meta, buffer, index);
    length += length_of(face) + 1;  // The comma.
    // A shorter one further down would stand for a worse one that is missing.
    if (length > kGstDeepfakePayloadWriteLimit) break;
    json["faces"].push_back(std::move(face));
  }
  return json.dump();
}

GstDeepfakeMeta* gst_deepfake_payload_read(std::string_view text, guint width, guint height,
                                           GstBuffer* buffer, guint64& left_out,
                                           std::string& refusal) {
  left_out = 0;
  refusal.clear();
  try {
    return read(text, {width, height}, buffer, left_out);
  } catch (const std::exception& error) {
    refusal = error.what();
    return nullptr;
  }
}
