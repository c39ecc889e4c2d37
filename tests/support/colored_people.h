// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A stream whose people are colours: embeddings are the mean colours of crops, and the windows are
// real ones behind a tiny head.

#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/orientation.h"
#include "runtime/stream_analysis.h"
#include "support/fakes.h"
#include "support/test_model.h"
#include "window/lstm_windows.h"

namespace dfd::test {

inline const cv::Size kColoredSize(320, 240);
inline const cv::Scalar kRed(200, 5, 5);
inline const cv::Scalar kGreen(5, 200, 5);
inline const RectF kLeft{30, 80, 70, 90};
inline const RectF kRight{200, 80, 70, 90};

constexpr HeadSizes kTinyHead{3, 2, 1, 2};

inline TensorSource tiny_weights() {
  at::manual_seed(7);
  TensorMap tensors;
  tensors["lstm.weight_ih_l0"] = at::randn({4 * kTinyHead.hidden, kTinyHead.embedding});
  tensors["lstm.weight_hh_l0"] = at::randn({4 * kTinyHead.hidden, kTinyHead.hidden});
  tensors["lstm.bias_ih_l0"] = at::zeros({4 * kTinyHead.hidden});
  tensors["lstm.bias_hh_l0"] = at::zeros({4 * kTinyHead.hidden});
  tensors["classifier.0.weight"] = at::randn({kTinyHead.classifier, kTinyHead.hidden});
  tensors["classifier.0.bias"] = at::zeros({kTinyHead.classifier});
  tensors["classifier.3.weight"] = at::randn({1, kTinyHead.classifier});
  tensors["classifier.3.bias"] = at::zeros({1});
  return {"tiny", std::move(tensors)};
}

// Numbers the explanations it is asked for: their maps' first cell.
class ColorScorer : public Scorer {
 public:
  struct Explained {
    const Window* window;
    ExplainMethod method;
    bool full;
  };

  ColorScorer()
      : weights_(tiny_weights()),
        head_(make_lstm_windows(LstmHead(weights_, kTinyHead, at::kCPU))) {}

  void crop(const std::vector<Sample*>& samples) override { crop_on_cpu(samples, facenet_input()); }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    std::vector<SampleResult> results;
    const std::vector<Window*> windows = windows_of(samples, *head_, kTestWindow);
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const Sample& sample = samples[i];
      const cv::Scalar mean = cv::mean(sample.crop);
      const double length = cv::norm(mean);
      const Embedding color{static_cast<float>(mean[0] / length),
                            static_cast<float>(mean[1] / length),
                            static_cast<float>(mean[2] / length)};
      const auto logits = head_->advance({windows[i]}, at::tensor(color).unsqueeze(0));
      results.push_back({logits[0], color});
      if (!sample.explain) continue;
      explained.push_back({windows[i], *sample.explain, logits[0].has_value()});
      results.back().map = Heatmap{2, 1, {static_cast<float>(explained.size()), 0.F}};
    }
    return results;
  }

  std::optional<WindowLogit> partial(const Window& window) override {
    return head_->partial(window);
  }

  std::vector<Explained> explained;

 private:
  TensorSource weights_;
  std::shared_ptr<Head> head_;
};

struct Face {
  RectF box;
  cv::Scalar color;
};

// A stream of one frame each tenth of a second.
class ColoredPeople : public testing::Test {
 protected:
  // model_: how crops are cut; explain_: what of them is to be explained.
  void begin(const std::string& warning, double threshold = -1) {
    ModelConfig model = model_;
    model.backbone.warning = warning;
    model.backbone.knows_people = warning.empty();
    SessionConfig config;
    config.detection_interval = std::chrono::milliseconds(100);
    config.decision.threshold = threshold;
    config.explain = explain_;
    config.region = marked_ ? Region::kRoiList : Region::kFaces;
    auto detector = std::make_unique<FakeDetector>(kColoredSize, std::vector<RectF>());
    detector_ = detector.get();
    analysis_.emplace(resolve(config, model), model, std::move(detector));
  }

  // As the worker does it.
  void analyse(const Frame& frame, bool sample) {
    std::vector<Sample> samples = analysis_->prepare(frame, sample);
    std::vector<Sample*> pointers;
    pointers.reserve(samples.size());
    for (Sample& found : samples) pointers.push_back(&found);
    scorer_.crop(pointers);
    analysis_->select(samples);
    analysis_->complete(scorer_.score(samples), scorer_);
  }

  // So many samples, ten a second, of these faces.
  void play(const std::vector<Face>& faces, int samples) {
    std::vector<RectF> boxes;
    boxes.reserve(faces.size());
    for (const Face& face : faces) boxes.push_back(face.box);
    detector_->set_boxes(boxes);
    for (int i = 0; i < samples; ++i, time_ += std::chrono::milliseconds(100)) {
      const cv::Mat picture = as_stored(draw(faces));
      Frame frame;
      frame.view.width = picture.cols;
      frame.view.height = picture.rows;
      frame.view.orientation = orientation_;
      frame.view.color.full_range = true;
      frame.view.planes[0] = {picture.data, static_cast<std::ptrdiff_t>(picture.step)};
      frame.time = time_;
      if (marked_) {
        for (const Face& face : faces) {
          frame.faces.push_back({to_stored(face.box, turn_of(frame.view))});
        }
      }
      analyse(frame, true);
      const auto events = analysis_->take_events();
      events_.insert(events_.end(), events.begin(), events.end());
    }
  }

  // Noise, so that no face is blurred and no picture frozen.
  cv::Mat draw(const std::vector<Face>& faces) {
    cv::Mat picture(kColoredSize, CV_8UC3, cv::Scalar(90, 90, 90));
    picture(cv::Rect(0, 0, 40, 40)).setTo(cv::Scalar::all(frame_++ % 2 * 40));
    for (const Face& face : faces) {
      const cv::Rect place(static_cast<int>(face.box.x), static_cast<int>(face.box.y),
                           static_cast<int>(face.box.width), static_cast<int>(face.box.height));
      cv::Mat noise(place.size(), CV_8UC3);
      random_.fill(noise, cv::RNG::UNIFORM, 0, 30);
      picture(place).setTo(face.color);
      picture(place) += noise;
    }
    return picture;
  }

  // The upright picture as a camera that is turned stores it.
  cv::Mat as_stored(const cv::Mat& upright) const {
    // Two of the eight undo each other, the others themselves.
    const Orientation undo = orientation_ == Orientation::kRotate90    ? Orientation::kRotate270
                             : orientation_ == Orientation::kRotate270 ? Orientation::kRotate90
                                                                       : orientation_;
    return to_upright(upright, undo);
  }

  int count(EventKind kind) const {
    return static_cast<int>(std::count_if(events_.begin(), events_.end(),
                                          [&](const Event& event) { return event.kind == kind; }));
  }

  FaceReport face_at(const RectF& place) const {
    for (const FaceReport& face : analysis_->report().faces) {
      if (iou(face.box, place) > 0.5F) return face;
    }
    ADD_FAILURE() << "no face there";
    return {};
  }

  ModelConfig model_ = test_config();
  ExplainConfig explain_;
  bool marked_ = false;                               // By somebody else, who finds what is there.
  Orientation orientation_ = Orientation::kIdentity;  // Boxes above are upright all the same.
  ColorScorer scorer_;
  FakeDetector* detector_ = nullptr;
  std::optional<StreamAnalysis> analysis_;
  std::vector<Event> events_;
  Timestamp time_{0};
  cv::RNG random_{5};
  int frame_ = 0;
};

}  // namespace dfd::test
