// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The two seams: a face detector that returns what the test says, and a scorer without a network.

#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "backbone/inception_resnet_v1.h"
#include "face/face_detector.h"
#include "scoring/scorer.h"

namespace dfd::test {

class FakeDetector : public FaceDetector {
 public:
  // boxes: in pixels of a picture this size; detection runs on a reduced one.
  FakeDetector(cv::Size frame, std::vector<RectF> boxes)
      : frame_(frame), boxes_(std::move(boxes)) {}

  std::vector<FaceDetection> detect(const cv::Mat& rgb, int /*min_size*/) override {
    const float x = static_cast<float>(rgb.cols) / static_cast<float>(frame_.width);
    const float y = static_cast<float>(rgb.rows) / static_cast<float>(frame_.height);
    std::vector<FaceDetection> faces;
    for (const RectF& box : boxes_) {
      FaceDetection face;
      face.box = {box.x * x, box.y * y, box.width * x, box.height * y};
      face.confidence = 0.9F;
      faces.push_back(face);
    }
    return faces;
  }

  // All of them, wherever they are expected.
  std::vector<FaceDetection> detect_near(const FrameView& /*view*/,
                                         const std::vector<RectF>& /*expected*/) override {
    return detect(cv::Mat(frame_, CV_8UC3), 0);
  }

  int comfortable_size() const override { return 19; }
  float least_confidence() const override { return 0.5F; }
  std::string name() const override { return "fake"; }

  void set_boxes(std::vector<RectF> boxes) { boxes_ = std::move(boxes); }

 private:
  cv::Size frame_;
  std::vector<RectF> boxes_;
};

// Counts samples, as long as it lives.
class CountingWindow : public Window {
 public:
  explicit CountingWindow(int length) : Window(nullptr), length_(length) {}
  bool next_fills() const override { return seen + 1 >= length_; }
  void restart() override { seen = 0; }
  std::size_t bytes() const override { return static_cast<std::size_t>(seen); }

  int seen = 0;

 private:
  int length_;
};

// Every window has the same logit.
class FakeScorer : public Scorer {
 public:
  FakeScorer(int window, double logit) : window_(window), logit_(logit) {}

  void crop(const std::vector<Sample*>& samples) override { crop_on_cpu(samples, facenet_input()); }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    if (before_score) before_score();
    std::vector<SampleResult> results;
    for (const Sample& sample : samples) {
      if (!*sample.window) *sample.window = std::make_unique<CountingWindow>(window_);
      const int count = ++dynamic_cast<CountingWindow&>(**sample.window).seen;
      results.push_back({count >= window_ ? std::optional(WindowLogit{logit_}) : std::nullopt, {}});
    }
    return results;
  }

  std::optional<WindowLogit> partial(const Window& window) override {
    const bool empty = dynamic_cast<const CountingWindow&>(window).seen == 0;
    return empty ? std::nullopt : std::optional(WindowLogit{logit_ / 2});
  }

  std::function<void()> before_score;

 private:
  int window_;
  double logit_;
};

// Holds the worker until it is opened.
class Gate {
 public:
  void pass() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }
  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// A frame of a moving bright square on grey, RGB, that differs with every number.
inline Frame moving_frame(int number, cv::Size size, Timestamp time) {
  auto picture = std::make_shared<cv::Mat>(size, CV_8UC3, cv::Scalar(90, 90, 90));
  const cv::Rect square(number * 5 % (size.width / 2), size.height / 4, size.width / 3,
                        size.height / 3);
  (*picture)(square).setTo(cv::Scalar(200, 150, number % 100));
  Frame frame;
  frame.view.width = size.width;
  frame.view.height = size.height;
  frame.view.format = PixelFormat::kRgb;
  frame.view.color.full_range = true;
  frame.view.planes[0] = {picture->data, static_cast<std::ptrdiff_t>(picture->step)};
  frame.owner = picture;
  frame.time = time;
  return frame;
}

}  // namespace dfd::test
