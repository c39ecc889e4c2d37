// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakejsonenc
 * @title: deepfakejsonenc
 * @short_description: Writes the results on video buffers as JSON, one line a frame
 *
 * deepfakejsonenc ends a branch of video: it reads the #GstDeepfakeMeta of each buffer, never the
 * pixels, and puts out a line of JSON. A filesink makes a file of the lines, an fdsink hands them
 * to another program.
 *
 * ## Method
 *
 * A line is laid out as DL Streamer's gvametaconvert does it, so that its readers understand ours:
 * `timestamp`, `source`, `resolution` and `objects` with pixel boxes, `detection` and an attribute
 * `manipulation`. What gvametaconvert has no place for stands in a field `deepfake` of the line and
 * of each object. Numbers that are not known are left out. docs/json-lines.md has the layout,
 * docs/schema/verdicts.schema.json its schema.
 *
 * The caps are `application/x-json, layout=lines`: each buffer is one whole line, its newline
 * included, with the time of the frame it tells of. Frames without results, and with
 * #GstDeepfakeJsonEnc:updates on-change those that bring nothing new, become GAP events.
 *
 * ## Limits
 *
 * A line says what was known when its frame passed: in live pipelines deepfakedetect puts out a
 * frame before its analysis is done. Boxes are left out once an element that does not say what it
 * did, such as videocrop, has cut or turned the picture. Frames without a timestamp are not
 * written, which a warning tells.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! videoconvert ! deepfakedetect
 * model-file=model.safetensors ! deepfakejsonenc updates=on-change ! filesink
 * buffer-mode=unbuffered location=verdicts.jsonl
 * ]| writes a line whenever a verdict, a reason or the set of faces changes.
 *
 * Since: 0.1
 */

#include "gstdeepfakejsonenc.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "gstdeepfakeencoder.h"
#include "gstdeepfakewords.h"

namespace {

using Json = nlohmann::ordered_json;

// What raises it: docs/versions.md.
constexpr int kVersion = 1;

// Parts of the picture to a hundredth of a pixel of the widest video, and heat and confidence,
// which are single precision, without digits that mean nothing.
double rounded(double value) { return std::round(value * 1e6) / 1e6; }

// In the meta -1 stands for no number, and a damaged one may hold anything.
bool is_part(double value) { return value >= 0 && value <= 1; }

void set_part(Json& object, const char* field, double value) {
  if (is_part(value)) object[field] = value;
}

// Of a face, or the stream.
template <typename From>
void set_evidence(Json& ours, const From& from) {
  const GstDeepfakeEvidence evidence = from.evidence;
  if (!gst_deepfake_is_named(evidence)) return;
  ours["evidence"] = gst_deepfake_evidence_get_name(evidence);
  set_part(ours, "seam_probability", from.seam_probability);
  set_part(ours, "generated_probability", from.generated_probability);
}

// Nothing where a number is none: half a heatmap would mislead.
std::optional<Json> heatmap_of(const GstDeepfakeFace& face) {
  const float place[] = {face.heatmap_x, face.heatmap_y, face.heatmap_width, face.heatmap_height};
  gsize count = 0;
  const gfloat* cell = gst_deepfake_face_get_heatmap(&face, &count);
  if (count == 0 ||
      !std::all_of(std::begin(place), std::end(place), [](float v) { return std::isfinite(v); }) ||
      !std::all_of(cell, cell + count, is_part)) {
    return std::nullopt;
  }
  Json rows = Json::array();
  for (guint y = 0; y < face.heatmap_rows; ++y) {
    Json row = Json::array();
    for (guint x = 0; x < face.heatmap_columns; ++x) row.push_back(rounded(double{*cell++}));
    rows.push_back(std::move(row));
  }
  return Json{{"x", rounded(double{face.heatmap_x})},
              {"y", rounded(double{face.heatmap_y})},
              {"width", rounded(double{face.heatmap_width})},
              {"height", rounded(double{face.heatmap_height})},
              {"values", std::move(rows)}};
}

// gvametaconvert's place for what a classifier says of an object.
Json attribute_of(GstDeepfakeVerdict verdict, double probability, const std::string& model) {
  Json attribute = {{"label", gst_deepfake_verdict_get_name(verdict)},
                    {"model", {{"name", model}}}};
  set_part(attribute, "confidence", probability);
  attribute["label_id"] = static_cast<int>(verdict);
  return attribute;
}

void set_box(Json& object, const GstDeepfakeRecord& record, const GstDeepfakeBox& box) {
  const auto pixel = [](double part, guint whole) { return std::lround(part * whole); };
  const long x = pixel(box.left, record.width);
  const long y = pixel(box.top, record.height);
  object["x"] = x;
  object["y"] = y;
  object["w"] = pixel(box.right, record.width) - x;
  object["h"] = pixel(box.bottom, record.height) - y;
}

Json object_of(const GstDeepfakeRecord& record, guint index, const std::string& model) {
  const GstDeepfakeFace& face = record.meta->faces[index];
  const std::optional<GstDeepfakeBox> box = gst_deepfake_encoder_locate(record, index);
  Json object = Json::object();
  if (box) set_box(object, record, *box);
  // As gvametaconvert: what is said of the whole picture has no id, no type and no detection.
  if (face.track_id != 0) {
    object["region_id"] = face.track_id;
    object["id"] = face.track_id;
    object["roi_type"] = "face";
    Json detection = Json::object();
    if (box) {
      detection["bounding_box"] = {{"x_min", rounded(box->left)},
                                   {"x_max", rounded(box->right)},
                                   {"y_min", rounded(box->top)},
                                   {"y_max", rounded(box->bottom)}};
    }
    set_part(detection, "confidence", rounded(double{face.detection_confidence}));
    detection["label_id"] = 0;
    detection["label"] = "face";
    object["detection"] = std::move(detection);
  }
  object["manipulation"] = attribute_of(face.verdict, face.probability, model);
  Json ours = {{"track_id", face.track_id},
               {"verdict", gst_deepfake_verdict_get_name(face.verdict)},
               {"reason", gst_deepfake_reason_text(face.reason)}};
  set_part(ours, "probability", face.probability);
  set_part(ours, "score", face.score);
  set_evidence(ours, face);
  ours["windows"] = face.windows;
  ours["samples"] = face.samples;
  ours["partial"] = face.partial != FALSE;
  ours["box_known"] = box.has_value();
  if (std::optional<Json> heatmap = heatmap_of(face)) ours["heatmap"] = *std::move(heatmap);
  object["deepfake"] = std::move(ours);
  return object;
}

Json line_of(const GstDeepfakeRecord& record) {
  const GstDeepfakeMeta& meta = *record.meta;
  const std::string model = gst_deepfake_utf8(meta.model_id);
  Json line = {{"timestamp", record.stream_time}, {"source", gst_deepfake_utf8(meta.stream_id)}};
  if (record.width > 0 && record.height > 0) {
    line["resolution"] = {{"width", record.width}, {"height", record.height}};
  }
  Json ours = {{"version", kVersion},
               {"verdict", gst_deepfake_verdict_get_name(meta.verdict)},
               {"reason", gst_deepfake_reason_text(meta.reason)}};
  set_part(ours, "probability", meta.probability);
  set_evidence(ours, meta);
  set_part(ours, "threshold", meta.threshold);
  ours["model_id"] = model;
  line["deepfake"] = std::move(ours);
  Json objects = Json::array();
  for (guint i = 0; i < meta.n_faces; ++i) objects.push_back(object_of(record, i, model));
  line["objects"] = std::move(objects);
  return line;
}

}  // namespace

static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS,
                            GST_STATIC_CAPS("application/x-json, layout=(string)lines"));

struct GstDeepfakeJsonEnc {
  GstDeepfakeEncoder parent;
};

struct GstDeepfakeJsonEncClass {
  GstDeepfakeEncoderClass parent_class;
};

G_DEFINE_TYPE(GstDeepfakeJsonEnc, gst_deepfake_json_enc, GST_TYPE_DEEPFAKE_ENCODER)
GST_ELEMENT_REGISTER_DEFINE(deepfakejsonenc, "deepfakejsonenc", GST_RANK_NONE,
                            GST_TYPE_DEEPFAKE_JSON_ENC)

static void gst_deepfake_json_enc_encode(GstDeepfakeEncoder* self, const GstDeepfakeRecord& record,
                                         GstDeepfakeOutput& output) {
  if (!gst_deepfake_encoder_is_news(self, record)) return;
  output.bytes = line_of(record).dump() + "\n";
}

static void gst_deepfake_json_enc_init(GstDeepfakeJsonEnc* /*self*/) {}

static void gst_deepfake_json_enc_class_init(GstDeepfakeJsonEncClass* klass) {
  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Deepfake results as JSON lines", "Codec/Encoder/Metadata",
      "Writes the results on video buffers as JSON, one line a frame",
      "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &src_template);
  auto* encoder_class = GST_DEEPFAKE_ENCODER_CLASS(klass);
  encoder_class->stream_suffix = "json";
  encoder_class->encode = gst_deepfake_json_enc_encode;
  gst_deepfake_encoder_class_install_updates(encoder_class);
}
