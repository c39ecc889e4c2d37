// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/pictures.h"

#include <algorithm>

#include "backbone/input.h"
#include "base/check.h"
#include "base/text.h"
#include "data/json_name.h"
#include "data/picture.h"
#include "scoring/clip_scorer.h"
#include "scoring/scorer.h"

namespace dfd {
namespace {

// Are its crops never stretched? Then pictures are not either.
bool keeps_shape(const InputRule& rule) {
  return rule.crop == CropRule::kSquare || rule.crop == CropRule::kAligned;
}

// middle_square: of the picture, as wide as its shorter side; else all of it, stretched.
cv::Mat ready_crop(const std::string& path, const InputRule& rule, bool middle_square) {
  const Frame frame = frame_of(read_picture(path));
  CropPlan plan = *plan_frame(frame.view, rule);
  if (middle_square) {
    const int side = std::min(plan.region.width, plan.region.height);
    plan.region = {(plan.region.width - side) / 2, (plan.region.height - side) / 2, side, side};
  }
  return make_crop(plan, rule);
}

void set_names(nlohmann::ordered_json& line, const std::vector<std::string>& pictures) {
  std::vector<std::string> names;
  std::vector<std::string> bytes;
  for (const std::string& picture : pictures) {
    names.push_back(utf8(picture));
    bytes.push_back(hexadecimal(picture));
  }
  line["files"] = names;
  if (names != pictures) line["files_hex"] = bytes;
}

std::vector<float> numbers_of(const at::Tensor& embedding) {
  const at::Tensor row = embedding.flatten().contiguous();
  return {row.data_ptr<float>(), row.data_ptr<float>() + row.numel()};
}

}  // namespace

std::vector<nlohmann::ordered_json> embed_pictures(const std::string& backbone,
                                                   const std::vector<std::string>& pictures) {
  const c10::InferenceMode guard;
  const BackboneParts parts = read_backbone(backbone);
  parts.network->fold(at::kCPU, at::kFloat);
  const bool square = keeps_shape(parts.input) || parts.network->clip_length() > 0;
  std::vector<nlohmann::ordered_json> lines;
  if (const int clip = parts.network->clip_length(); clip > 0) {
    DFD_REQUIRE(
        pictures.size() <= static_cast<std::size_t>(clip), ErrorCode::kInvalidArgument,
        pictures.size() << " pictures, but " << parts.info.name << " takes clips of " << clip);
    std::vector<cv::Mat> crops;
    crops.reserve(pictures.size());
    for (const std::string& picture : pictures) {
      crops.push_back(ready_crop(picture, parts.input, square));
    }
    nlohmann::ordered_json line;
    set_names(line, pictures);
    line["embedding"] = numbers_of(parts.network->embed(to_clip(crops, clip, parts.input)));
    line["partial"] = pictures.size() < static_cast<std::size_t>(clip);
    return {line};
  }
  for (const std::string& picture : pictures) {
    const at::Tensor input =
        to_network_input({ready_crop(picture, parts.input, square)}, parts.input)
            .contiguous(at::MemoryFormat::ChannelsLast);
    nlohmann::ordered_json line;
    set_name(line, "file", picture);
    line["embedding"] = numbers_of(parts.network->embed(input));
    lines.push_back(std::move(line));
  }
  return lines;
}

nlohmann::ordered_json score_pictures(const std::string& model,
                                      const std::vector<std::string>& pictures) {
  const LoadedModel loaded = load_model(model, at::kCPU);
  const ModelConfig& config = loaded.config;
  DFD_REQUIRE(
      pictures.size() <= static_cast<std::size_t>(config.window_length),
      ErrorCode::kInvalidArgument,
      pictures.size() << " pictures, but a window of this model has " << config.window_length);
  const bool square = keeps_shape(config.input);
  std::unique_ptr<Window> window;
  std::optional<WindowLogit> logit;
  for (const std::string& picture : pictures) {
    Sample sample;
    sample.window = &window;
    sample.crop = ready_crop(picture, config.input, square);
    logit = loaded.scorer->score({sample})[0].logit;
  }
  if (!logit && window) logit = loaded.scorer->partial(*window);
  DFD_REQUIRE(logit, ErrorCode::kInvalidArgument, "at least one picture is needed");
  const bool partial = pictures.size() < static_cast<std::size_t>(config.window_length);
  nlohmann::ordered_json line;
  set_names(line, pictures);
  line["logit"] = logit->logit;
  line["probability"] = calibrated(logit->logit, config);
  if (logit->evidence) {
    const auto [seam, generated] = *logit->evidence;
    line["evidence"] = to_string(generated > seam ? Evidence::kGenerated : Evidence::kSeam);
    line["seam_probability"] = calibrated(seam, config);
    line["generated_probability"] = calibrated(generated, config);
  }
  line["samples"] = pictures.size();
  line["partial"] = partial;
  return line;
}

void detect_faces(const DetectOptions& options,
                  const std::function<void(const nlohmann::ordered_json&)>& print) {
  DFD_REQUIRE(options.min_face_size >= 1, ErrorCode::kInvalidArgument,
              "min-face-size must be at least 1 pixel");
  const auto detector = options.face_model.empty()
                            ? make_cascade_detector()
                            : open_face_model(options.face_model, options.mtcnn);
  for (const std::string& picture : options.pictures) {
    nlohmann::ordered_json faces = nlohmann::ordered_json::array();
    for (const FaceDetection& face :
         detector->detect(read_picture(picture), options.min_face_size)) {
      const RectF& box = face.box;
      nlohmann::ordered_json found = {
          {"box", {box.x, box.y, box.x + box.width, box.y + box.height}},
          {"confidence", face.confidence}};
      if (face.landmarks) {
        for (const PointF& point : *face.landmarks)
          found["landmarks"].push_back({point.x, point.y});
      }
      faces.push_back(std::move(found));
    }
    nlohmann::ordered_json line;
    set_name(line, "file", picture);
    line["faces"] = std::move(faces);
    print(line);
  }
}

}  // namespace dfd
