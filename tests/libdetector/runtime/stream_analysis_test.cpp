// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What one stream means when faces change places. People are colours, embeddings are the mean
// colours of crops, and the windows are real ones behind a tiny head.

#include "runtime/stream_analysis.h"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "support/fakes.h"
#include "support/test_model.h"
#include "window/lstm_head.h"

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;
using test::FakeDetector;

const cv::Size kSize(320, 240);
const cv::Scalar kRed(200, 5, 5);
const cv::Scalar kGreen(5, 200, 5);
const RectF kLeft{30, 80, 70, 90};
const RectF kRight{200, 80, 70, 90};

constexpr HeadSizes kTinyHead{3, 2, 1, 2};

TensorSource tiny_weights() {
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

class ColorScorer : public Scorer {
 public:
  ColorScorer() : weights_(tiny_weights()), head_(weights_, kTinyHead, at::kCPU), stepper_(head_) {}

  void crop(const std::vector<Sample*>& samples) override { crop_on_cpu(samples, InputRule()); }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    std::vector<SampleResult> results;
    for (const Sample& sample : samples) {
      const cv::Scalar mean = cv::mean(sample.crop);
      const double length = cv::norm(mean);
      const Embedding color{static_cast<float>(mean[0] / length),
                            static_cast<float>(mean[1] / length),
                            static_cast<float>(mean[2] / length)};
      const auto logits = stepper_.advance({sample.lanes}, at::tensor(color).unsqueeze(0));
      results.push_back({logits[0], color});
    }
    return results;
  }

  std::optional<double> partial(const Lanes& track) override { return stepper_.partial(track); }

 private:
  TensorSource weights_;
  LstmHead head_;
  LaneStepper stepper_;
};

struct Face {
  RectF box;
  cv::Scalar color;
};

class StreamAnalysisTest : public testing::Test {
 protected:
  void begin(const std::string& warning, double threshold = -1) {
    ModelConfig model = test::test_config();
    model.backbone.warning = warning;
    SessionConfig config;
    config.detection_interval = 100ms;
    config.decision.threshold = threshold;
    config.region = marked_ ? Region::kRoiList : Region::kFaces;
    auto detector = std::make_unique<FakeDetector>(kSize, std::vector<RectF>());
    detector_ = detector.get();
    analysis_.emplace(resolve(config, model), model, std::move(detector));
  }

  // As the worker does it.
  void analyse(const Frame& frame, bool sample) {
    std::vector<Sample> samples = analysis_->prepare(frame, sample);
    std::vector<Sample*> pointers;
    for (Sample& found : samples) pointers.push_back(&found);
    scorer_.crop(pointers);
    analysis_->select(samples);
    analysis_->complete(scorer_.score(samples), scorer_);
  }

  // So many samples, ten a second, of these faces.
  void play(const std::vector<Face>& faces, int samples) {
    std::vector<RectF> boxes;
    for (const Face& face : faces) boxes.push_back(face.box);
    detector_->set_boxes(boxes);
    for (int i = 0; i < samples; ++i, time_ += 100ms) {
      const cv::Mat picture = draw(faces);
      Frame frame;
      frame.view.width = picture.cols;
      frame.view.height = picture.rows;
      frame.view.color.full_range = true;
      frame.view.planes[0] = {picture.data, static_cast<std::ptrdiff_t>(picture.step)};
      frame.time = time_;
      if (marked_) {
        for (const Face& face : faces) frame.faces.push_back({face.box});
      }
      analyse(frame, true);
      const auto events = analysis_->take_events();
      events_.insert(events_.end(), events.begin(), events.end());
    }
  }

  // Noise, so that no face is blurred and no picture frozen.
  cv::Mat draw(const std::vector<Face>& faces) {
    cv::Mat picture(kSize, CV_8UC3, cv::Scalar(90, 90, 90));
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

  bool marked_ = false;  // By somebody else, who finds what is there.
  ColorScorer scorer_;
  FakeDetector* detector_ = nullptr;
  std::optional<StreamAnalysis> analysis_;
  std::vector<Event> events_;
  Timestamp time_{0};
  cv::RNG random_{5};
  int frame_ = 0;
};

TEST_F(StreamAnalysisTest, AnotherFaceInTheSamePlaceBeginsAnew) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const FaceReport before = face_at(kLeft);
  ASSERT_NE(before.verdict, Verdict::kUndecided);
  play({{kLeft, kGreen}}, 2);
  ASSERT_EQ(count(EventKind::kIdentityChanged), 1);
  const auto told = std::find_if(events_.begin(), events_.end(), [](const Event& event) {
    return event.kind == EventKind::kIdentityChanged;
  });
  EXPECT_EQ(told->report.faces.at(0).track, before.track);
  EXPECT_GE(told->report.faces.at(0).windows, before.windows);
  const FaceReport after = face_at(kLeft);
  EXPECT_EQ(after.track, before.track);
  EXPECT_EQ(after.verdict, Verdict::kUndecided);
  EXPECT_EQ(after.reason, Reason::kWarmingUp);
  EXPECT_FALSE(after.probability || after.score);
  play({{kLeft, kGreen}}, test::kTestWindow - 1);
  EXPECT_EQ(face_at(kLeft).windows, 0U);
  play({{kLeft, kGreen}}, 1);
  EXPECT_EQ(face_at(kLeft).windows, 1U);
}

TEST_F(StreamAnalysisTest, ARandomBackboneTellsNobodyApart) {
  begin(kRandomBackboneWarning);
  play({{kLeft, kRed}}, 20);
  play({{kLeft, kGreen}}, 20);
  EXPECT_EQ(count(EventKind::kIdentityChanged), 0);
  EXPECT_GT(face_at(kLeft).windows, 30U);
}

TEST_F(StreamAnalysisTest, PeopleKeepTheirIdsWhenTheirTracksCross) {
  begin("");
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  const TrackId red = face_at(kLeft).track;
  const TrackId green = face_at(kRight).track;
  const double red_probability = *face_at(kLeft).probability;
  ASSERT_NE(red_probability, *face_at(kRight).probability);
  play({{kRight, kRed}, {kLeft, kGreen}}, 2);  // As if boxes had been taken for each other's.
  EXPECT_EQ(count(EventKind::kIdentityChanged), 0);
  EXPECT_EQ(face_at(kRight).track, red);
  EXPECT_EQ(face_at(kLeft).track, green);
  play({{kRight, kRed}, {kLeft, kGreen}}, 30);
  EXPECT_EQ(face_at(kRight).track, red);
  EXPECT_NEAR(*face_at(kRight).probability, red_probability, 0.02);
  EXPECT_EQ(count(EventKind::kTrackLost), 0);
}

TEST_F(StreamAnalysisTest, WhoComesBackSoonIsTheSameTrack) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const FaceReport before = face_at(kLeft);
  play({}, 20);
  EXPECT_TRUE(analysis_->report().faces.empty());  // Nobody is shown meanwhile.
  EXPECT_EQ(count(EventKind::kTrackLost), 0);
  play({{kRight, kRed}}, 3);
  const FaceReport after = face_at(kRight);
  EXPECT_EQ(after.track, before.track);
  EXPECT_EQ(after.windows, before.windows);
  EXPECT_EQ(analysis_->report().faces.size(), 1U);
}

TEST_F(StreamAnalysisTest, WhoComesBackIsNotAuthenticBeforeAWindowOfItIsFull) {
  begin("", 1);
  play({{kLeft, kRed}}, 20);
  ASSERT_EQ(face_at(kLeft).verdict, Verdict::kAuthentic);
  play({}, 20);
  events_.clear();
  play({{kRight, kRed}}, test::kTestWindow);
  for (const Event& event : events_) EXPECT_NE(event.report.verdict, Verdict::kAuthentic);
  EXPECT_EQ(face_at(kRight).reason, Reason::kGap);
  play({{kRight, kRed}}, test::kTestWindow);
  EXPECT_EQ(face_at(kRight).verdict, Verdict::kAuthentic);
}

TEST_F(StreamAnalysisTest, WhoIsAwayForLongIsLost) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const TrackId before = face_at(kLeft).track;
  play({}, 70);
  EXPECT_EQ(count(EventKind::kTrackLost), 1);
  play({{kRight, kRed}}, 3);
  EXPECT_GT(face_at(kRight).track, before);
}

TEST_F(StreamAnalysisTest, AStrangerIsNotTheOneWhoLeft) {
  begin("");
  play({{kLeft, kRed}}, 20);
  const TrackId before = face_at(kLeft).track;
  play({}, 20);
  play({{kRight, kGreen}}, 5);
  EXPECT_GT(face_at(kRight).track, before);
}

TEST_F(StreamAnalysisTest, FinishTellsOfThoseAwayToo) {
  begin("");
  play({{kLeft, kRed}}, 20);
  play({}, 20);
  analysis_->finish(scorer_);
  const auto events = analysis_->take_events();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(),
                          [](const Event& event) { return event.kind == EventKind::kTrackLost; }));
}

TEST_F(StreamAnalysisTest, MarkedFacesAreFollowedAndScored) {
  marked_ = true;
  begin(kRandomBackboneWarning);
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  EXPECT_EQ(analysis_->report().faces.size(), 2U);
  EXPECT_GT(face_at(kLeft).windows, 10U);
  EXPECT_GT(face_at(kRight).windows, 10U);
  play({}, 15);
  EXPECT_TRUE(analysis_->report().faces.empty());
  EXPECT_EQ(count(EventKind::kTrackLost), 2);
}

// 25 frames and 10 samples a second.
TEST_F(StreamAnalysisTest, FramesNobodyLookedAtDoNotEndATrack) {
  SessionConfig config;
  config.region = Region::kRoiList;
  ModelConfig model = test::test_config();
  analysis_.emplace(resolve(config, model), model, nullptr);
  // Marks come just within twice the detection interval.
  for (int i = 0; i < 100; ++i) {
    const cv::Mat picture = draw({{kLeft, kRed}});
    Frame frame = test::moving_frame(i, kSize, i * 40ms);
    frame.view.planes[0] = {picture.data, static_cast<std::ptrdiff_t>(picture.step)};
    if (i % 24 == 0) frame.faces.push_back({kLeft, 0.95F});
    analyse(frame, i % 2 == 0);
  }
  EXPECT_EQ(face_at(kLeft).track, 1U);
  EXPECT_EQ(face_at(kLeft).samples, 50U);
}

}  // namespace
}  // namespace dfd
