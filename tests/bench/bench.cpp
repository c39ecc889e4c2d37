// SPDX-License-Identifier: LGPL-2.1-or-later

#include "bench.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>

#include <c10/core/GradMode.h>
#include <opencv2/imgproc.hpp>

#include "backbone/inception_resnet_v1.h"
#include "backbone/input.h"
#include "data/picture.h"
#include "drawn/drawn_face.h"
#include "model/model_config.h"
#include "model/weights.h"
#include "window/lstm_windows.h"

namespace dfd::bench {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_of(const std::function<void()>& function) {
  const auto start = Clock::now();
  function();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Pixels {
  cv::Mat bytes;
};

Frame frame_with(const cv::Mat& bytes, const cv::Size& size, PixelFormat format) {
  Frame frame;
  frame.view.width = size.width;
  frame.view.height = size.height;
  frame.view.format = format;
  auto owner = std::make_shared<Pixels>(Pixels{bytes});
  const std::uint8_t* data = owner->bytes.data;
  const std::ptrdiff_t area = std::ptrdiff_t{size.width} * size.height;
  frame.view.planes[0] = {data, size.width};
  if (format == PixelFormat::kNv12) {
    frame.view.planes[1] = {data + area, size.width};
  } else {
    frame.view.planes[1] = {data + area, size.width / 2};
    frame.view.planes[2] = {data + area + area / 4, size.width / 2};
  }
  frame.owner = std::move(owner);
  return frame;
}

TensorMap random_head(const HeadSizes& sizes) {
  TensorMap tensors;
  at::manual_seed(3);
  const double bound = 1 / std::sqrt(static_cast<double>(sizes.hidden));  // PyTorch's own.
  const auto add = [&](const std::string& name, at::IntArrayRef shape) {
    tensors[name] = at::empty(shape).uniform_(-bound, bound);
  };
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    const std::string end = "_l" + std::to_string(i);
    add("lstm.weight_ih" + end, {4 * sizes.hidden, i == 0 ? sizes.embedding : sizes.hidden});
    add("lstm.weight_hh" + end, {4 * sizes.hidden, sizes.hidden});
    add("lstm.bias_ih" + end, {4 * sizes.hidden});
    add("lstm.bias_hh" + end, {4 * sizes.hidden});
  }
  add("classifier.0.weight", {sizes.classifier, sizes.hidden});
  add("classifier.0.bias", {sizes.classifier});
  add("classifier.3.weight", {1, sizes.classifier});
  add("classifier.3.bias", {1});
  return tensors;
}

}  // namespace

std::vector<Times> in_turns(const std::vector<std::function<void()>>& functions, int rounds,
                            int warm_up) {
  std::vector<Times> times(functions.size());
  for (int i = -warm_up; i < rounds; ++i) {
    for (std::size_t j = 0; j < functions.size(); ++j) {
      const double taken = milliseconds_of(functions[j]);
      if (i >= 0) times[j].sorted.push_back(taken);
    }
  }
  for (Times& one : times) std::sort(one.sorted.begin(), one.sorted.end());
  return times;
}

Times repeat(const std::function<void()>& function, int rounds, int warm_up) {
  return in_turns({function}, rounds, warm_up)[0];
}

Scene draw_scene(int faces, int step, cv::Size size) {
  Scene scene;
  scene.rgb = cv::Mat(size, CV_8UC3);
  cv::RNG random(static_cast<std::uint64_t>(7));
  random.fill(scene.rgb, cv::RNG::UNIFORM, 90, 130);
  cv::blur(scene.rgb, scene.rgb, {9, 9});
  const int columns = std::min(faces, 4);
  const int rows = (faces + columns - 1) / std::max(columns, 1);
  for (int i = 0; i < faces; ++i) {
    const FaceArtist artist(random_identity(static_cast<std::uint64_t>(i) + 11));
    Expression expression;
    expression.yaw = 0.3 * std::sin(0.2 * step + i);
    DrawnFace face = artist.draw(expression);
    const int side = std::min({size.width / columns, size.height / rows, size.height * 4 / 9});
    const double scale = static_cast<double>(side) / kFacePicture;
    cv::resize(face.rgb, face.rgb, {side, side});
    cv::resize(face.alpha, face.alpha, {side, side});
    const cv::Point corner(size.width / columns * (i % columns) + (size.width / columns - side) / 2,
                           size.height / rows * (i / columns) + (size.height / rows - side) / 2);
    cv::Mat part = scene.rgb({corner.x, corner.y, side, side});
    blend_colors(part, face.rgb, face.alpha);
    scene.faces.push_back({static_cast<float>(face.box.x * scale + corner.x),
                           static_cast<float>(face.box.y * scale + corner.y),
                           static_cast<float>(face.box.width * scale),
                           static_cast<float>(face.box.height * scale)});
  }
  return scene;
}

Frame to_i420(const cv::Mat& rgb) {
  cv::Mat yuv;
  cv::cvtColor(rgb, yuv, cv::COLOR_RGB2YUV_I420);
  return frame_with(yuv, rgb.size(), PixelFormat::kI420);
}

Frame to_nv12(const cv::Mat& rgb) {
  cv::Mat planar;
  cv::cvtColor(rgb, planar, cv::COLOR_RGB2YUV_I420);
  cv::Mat both = planar.clone();
  const int area = rgb.cols * rgb.rows;
  for (int i = 0; i < area / 4; ++i) {
    both.data[area + 2 * i] = planar.data[area + i];
    both.data[area + 2 * i + 1] = planar.data[area + area / 4 + i];
  }
  return frame_with(both, rgb.size(), PixelFormat::kNv12);
}

std::string bench_model() {
  const auto path = std::filesystem::temp_directory_path() / "deepfake-bench-model.safetensors";
  static const bool kMade = [&] {
    const c10::NoGradGuard no_grad;
    ModelConfig config;
    config.backbone.name = kInceptionResnetV1;
    config.backbone.source = "random, seed 1";
    config.backbone.warning = kRandomBackboneWarning;
    config.input = facenet_input();
    config.input.face_detector = "opencv-haar-frontalface";
    config.sample_rate = {2, 1};
    config.head = to_info(HeadSizes());
    std::vector<cv::Mat> crops;
    for (int step = 0; step < 4; ++step) {
      const Scene scene = draw_scene(8, step);
      const Frame frame = frame_of(scene.rgb);
      for (const RectF& box : scene.faces) {
        crops.push_back(crop_face(frame.view, box, {}, config.input));
      }
    }
    TensorSource source("random", InceptionResnetV1::random_weights(1));
    InceptionResnetV1 backbone(source, "");
    backbone.calibrate(to_network_input(crops, config.input));
    TensorMap tensors = random_head(HeadSizes());
    for (const auto& [name, tensor] : backbone.tensors()) tensors[kBackbonePrefix + name] = tensor;
    write_tensors(path.string(), to_metadata(config), tensors);
    return true;
  }();
  (void)kMade;
  return path.string();
}

}  // namespace dfd::bench
