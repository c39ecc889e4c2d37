// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Networks over whole clips, by ones that nobody knows: how their windows slide, end and are
// explained.

#include "scoring/clip_scorer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "backbone/backbone.h"
#include "detector/engine.h"
#include "detector/error.h"
#include "detector/session.h"
#include "support/fakes.h"
#include "support/test_model.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

using namespace std::chrono_literals;

constexpr int kSide = 8;    // Of the input, pixels.
constexpr int kLength = 4;  // T
constexpr double kGain = 0.01;
constexpr const char* kFlicker = "flicker";
constexpr const char* kLooking = "looking";

// Two classes: the second has the sum of the crops' levels, each weighted by its place in the clip,
// so that their order counts; the first has nothing.
class ClipBackbone : public Backbone {
 public:
  ClipBackbone(TensorSource& source, const std::string& prefix, const Metadata& settings,
               bool looks)
      : gain_(source.take(prefix + "gain", {1})),
        frames_(static_cast<int>(
            MetadataReader(source.path(), settings, "backbone.").integer("frames", 1, 16))),
        looks_(looks) {}

  int clip_length() const override { return frames_; }
  at::Tensor embed(const at::Tensor& clips) const override {
    EXPECT_EQ(clips.dim(), 5);
    EXPECT_EQ(clips.size(1), frames_);
    most_clips = std::max(most_clips, clips.size(0));
    return embed_map(pooled(clips));
  }
  std::int64_t embedding_size() const override { return 2; }
  void fold(const at::Device& device, at::ScalarType /*type*/) override {
    gain_ = gain_.to(device);
  }
  bool has_feature_map() const override { return !looks_; }
  at::Tensor feature_map(const at::Tensor& clips) const override { return pooled(clips); }
  at::Tensor embed_map(const at::Tensor& map) const override {
    const at::Tensor places = at::arange(1, frames_ + 1, at::kFloat);
    const at::Tensor fake = (map.mean({1, 3, 4}) * places).sum(1) * gain_;
    return at::stack({at::zeros_like(fake), fake}, 1);
  }
  bool has_attention() const override { return looks_; }
  at::Tensor attention_map(const at::Tensor& clips) const override {
    return pooled(clips).select(2, frames_ - 1).mean(1).clamp_min(0);
  }
  TensorMap tensors() const override { return {{"gain", gain_}}; }

  static std::int64_t most_clips;  // In one forward.

 private:
  // float [N, T, 3, S, S] -> [N, 3, T, 2, 2]
  at::Tensor pooled(const at::Tensor& clips) const {
    return at::adaptive_avg_pool3d(clips.permute({0, 2, 1, 3, 4}), {frames_, 2, 2});
  }

  at::Tensor gain_;
  int frames_;
  bool looks_;
};
std::int64_t ClipBackbone::most_clips = 0;

void add_kinds() {
  static const bool kAdded = [] {
    for (const bool looks : {false, true}) {
      BackboneKind kind;
      kind.make = [looks](TensorSource& source, const std::string& prefix,
                          const Metadata& settings) {
        return std::make_unique<ClipBackbone>(source, prefix, settings, looks);
      };
      add_backbone(looks ? kLooking : kFlicker, kind);
    }
    return true;
  }();
  static_cast<void>(kAdded);
}

ModelConfig clip_config(const std::string& kind = kFlicker) {
  ModelConfig config;
  config.backbone.name = kind;
  config.backbone.source = "made up";
  config.backbone.settings = {{"frames", std::to_string(kLength)}};
  config.input.size = kSide;
  config.input.mean = {100, 100, 100};
  config.input.crop = CropRule::kFullFrame;
  config.window_length = kLength;
  config.sample_rate = {10, 1};
  config.head = none_info(2);
  return config;
}

cv::Mat crop_of(int level) { return {kSide, kSide, CV_8UC3, cv::Scalar::all(level)}; }

double logit_of(const std::vector<int>& levels) {
  double sum = 0;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    sum += static_cast<double>(i + 1) * (levels[i] - 100);
  }
  return sum * kGain;
}

class ClipScorerTest : public testing::Test {
 protected:
  ClipScorerTest() { add_kinds(); }

  std::string write(const ModelConfig& config) {
    write_tensors(
        path_, to_metadata(config),
        {{std::string(kBackbonePrefix) + "gain", at::full({1}, static_cast<float>(kGain))}});
    return path_;
  }

  static std::optional<double> give(Scorer& scorer, std::unique_ptr<Window>& window, int level,
                                    int stride = 1) {
    Sample sample;
    sample.window = &window;
    sample.window_stride = stride;
    sample.crop = crop_of(level);
    const SampleResult result = scorer.score({sample}).at(0);
    EXPECT_TRUE(result.embedding.empty());
    return result.logit ? std::optional(result.logit->logit) : std::nullopt;
  }

  std::string path_ = (test::scratch_folder("clip_scorer") / "model.safetensors").string();
};

TEST(ThereAndBack, TurnsAtBothEnds) {
  using Indices = std::vector<std::size_t>;
  EXPECT_EQ(there_and_back(3, 8), (Indices{0, 1, 2, 1, 0, 1, 2, 1}));
  EXPECT_EQ(there_and_back(2, 5), (Indices{0, 1, 0, 1, 0}));
  EXPECT_EQ(there_and_back(1, 3), (Indices{0, 0, 0}));
  EXPECT_EQ(there_and_back(4, 4), (Indices{0, 1, 2, 3}));
}

TEST_F(ClipScorerTest, TheNetworkSeesTheLastCropsInTheirOrder) {
  const LoadedModel model = load_model(write(clip_config()), at::kCPU);
  std::unique_ptr<Window> window;
  const std::vector<int> levels{100, 110, 130, 90, 200, 105, 115};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto logit = give(*model.scorer, window, levels[i]);
    ASSERT_EQ(logit.has_value(), i + 1 >= kLength) << i;
    if (!logit) continue;
    const auto end = levels.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    EXPECT_NEAR(*logit, logit_of({end - kLength, end}), 1e-5) << i;
  }
}

TEST_F(ClipScorerTest, RunsOnceAStride) {
  const LoadedModel model = load_model(write(clip_config()), at::kCPU);
  std::unique_ptr<Window> window;
  std::vector<int> filled;
  for (int i = 1; i <= 12; ++i) {
    if (give(*model.scorer, window, 100 + i, 3)) filled.push_back(i);
  }
  EXPECT_EQ(filled, (std::vector<int>{4, 7, 10}));
}

TEST_F(ClipScorerTest, AWindowTakesNoMoreThanAClip) {
  const LoadedModel model = load_model(write(clip_config()), at::kCPU);
  std::unique_ptr<Window> window;
  for (int i = 1; i <= 10; ++i) {
    give(*model.scorer, window, 100);
    EXPECT_EQ(window->bytes(), static_cast<std::size_t>(std::min(i, kLength)) * kSide * kSide * 3);
  }
  window->restart();
  EXPECT_EQ(window->bytes(), 0U);
}

TEST_F(ClipScorerTest, TooFewCropsAreRepeatedThereAndBack) {
  const LoadedModel model = load_model(write(clip_config()), at::kCPU);
  std::unique_ptr<Window> window;
  give(*model.scorer, window, 120);
  EXPECT_NEAR(model.scorer->partial(*window)->logit, logit_of({120, 120, 120, 120}), 1e-5);
  give(*model.scorer, window, 140);
  EXPECT_NEAR(model.scorer->partial(*window)->logit, logit_of({120, 140, 120, 140}), 1e-5);
  window->restart();
  EXPECT_FALSE(model.scorer->partial(*window));
}

TEST_F(ClipScorerTest, ManyTracksAreScoredTogetherAsEachAlone) {
  const LoadedModel model = load_model(write(clip_config()), at::kCPU);
  constexpr int kTracks = 7;
  std::vector<std::unique_ptr<Window>> windows(kTracks);
  ClipBackbone::most_clips = 0;
  std::vector<SampleResult> results;
  for (int i = 0; i < kLength; ++i) {
    std::vector<Sample> samples;
    for (int track = 0; track < kTracks; ++track) {
      if (track == 2 && i == 0) continue;  // It comes later than the others.
      Sample sample;
      sample.window = &windows[static_cast<std::size_t>(track)];
      sample.crop = crop_of(100 + 10 * track + i);
      samples.push_back(sample);
    }
    results = model.scorer->score(samples);
  }
  for (int track = 0; track < kTracks; ++track) {
    const auto& logit = results.at(static_cast<std::size_t>(track)).logit;
    ASSERT_EQ(logit.has_value(), track != 2) << track;
    if (!logit) continue;
    const int level = 100 + 10 * track;
    EXPECT_NEAR(logit->logit, logit_of({level, level + 1, level + 2, level + 3}), 1e-4) << track;
  }
  EXPECT_EQ(ClipBackbone::most_clips, 4);
}

TEST_F(ClipScorerTest, OtherLengthsThanTheNetworksAreRefused) {
  ModelConfig config = clip_config();
  config.window_length = kLength + 1;
  try {
    load_model(write(config), at::kCPU);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptModel);
    EXPECT_NE(std::string(error.what()).find("takes clips of 4 crops"), std::string::npos)
        << error.what();
  }
}

// Bright in the upper left corner: of the newest crop, or of an older one.
std::optional<Heatmap> explained(Scorer& scorer, bool newest) {
  std::unique_ptr<Window> window;
  std::optional<Heatmap> map;
  for (int i = 0; i < kLength; ++i) {
    Sample sample;
    sample.window = &window;
    sample.crop = crop_of(101);
    if (newest == (i == kLength - 1)) {
      sample.crop(cv::Rect(0, 0, kSide / 2, kSide / 2)).setTo(cv::Scalar::all(201));
    }
    sample.explain = ExplainMethod::kGradCam;
    map = scorer.score({sample}).at(0).map;
    EXPECT_EQ(map.has_value(), i == kLength - 1);
  }
  return map;
}

TEST_F(ClipScorerTest, ExplanationsAreOfTheNewestCrop) {
  for (const char* kind : {kFlicker, kLooking}) {
    SCOPED_TRACE(kind);
    const LoadedModel model = load_model(write(clip_config(kind)), at::kCPU);
    EXPECT_TRUE(model.scorer->explains());
    const auto bright = explained(*model.scorer, true);
    ASSERT_TRUE(bright);
    EXPECT_EQ(bright->rows, 2);
    EXPECT_EQ(bright->columns, 2);
    EXPECT_FLOAT_EQ(bright->cells.at(0), 1);
    EXPECT_LT(bright->cells.at(3), 0.1);
    const auto even = explained(*model.scorer, false);
    ASSERT_TRUE(even);
    EXPECT_NEAR(even->cells.at(3), 1, 1e-5) << "the others do not count";
  }
}

class ClipSession : public ClipScorerTest {
 protected:
  std::unique_ptr<Session> start(const ModelConfig& config) {
    SessionConfig settings;
    settings.region = Region::kFullFrame;
    EngineConfig engine;
    engine.model_file = write(config);
    return Session::create(Engine::load(engine), settings);
  }
  static void push(Session& session, int number) {
    const auto ticket = session.offer(number * 100ms);
    session.push(ticket.value(), test::moving_frame(number, {160, 120}, number * 100ms));
    session.wait();
  }
};

TEST_F(ClipSession, CountsTheMemoryOfItsWindows) {
  const auto session = start(clip_config());
  push(*session, 0);
  EXPECT_EQ(session->stats().window_bytes, kSide * kSide * 3U);
  for (int i = 1; i < 10; ++i) push(*session, i);
  EXPECT_EQ(session->stats().window_bytes, kLength * kSide * kSide * 3U);
  EXPECT_EQ(session->stats().windows, 10U - kLength + 1U);
}

TEST_F(ClipSession, ATrackThatEndsEarlyHasAPartialScore) {
  const auto session = start(clip_config());
  push(*session, 0);
  push(*session, 1);
  session->finish();
  const FaceReport face = session->report().faces.at(0);
  EXPECT_TRUE(face.partial);
  EXPECT_TRUE(face.score);
  EXPECT_EQ(face.reason, Reason::kPartial);
}

TEST_F(ClipSession, AGapBeginsAClipAnew) {
  const auto session = start(clip_config());
  for (int i = 0; i < kLength; ++i) push(*session, i);
  ASSERT_EQ(session->report().faces.at(0).windows, 1U);
  session->gap(2s);
  push(*session, 20);
  push(*session, 21);
  const FaceReport face = session->report().faces.at(0);
  EXPECT_EQ(face.windows, 1U) << "crops from before the gap are in it";
  EXPECT_EQ(face.reason, Reason::kGap);
}

TEST_F(ClipSession, TakesTurnsWithNetworksOverCrops) {
  const auto session = start(clip_config());
  for (int i = 0; i < kLength; ++i) push(*session, i);
  ASSERT_EQ(session->report().faces.at(0).windows, 1U);
  EngineConfig engine;
  engine.model_file = test::shared_model(Region::kFullFrame);
  session->swap_engine(Engine::load(engine));
  const int then = kLength + test::kTestWindow;
  for (int i = kLength; i < then; ++i) push(*session, i);
  ASSERT_EQ(session->report().faces.at(0).windows, 2U);
  engine.model_file = path_;
  session->swap_engine(Engine::load(engine));
  for (int i = then; i < then + kLength; ++i) push(*session, i);
  const FaceReport face = session->report().faces.at(0);
  EXPECT_EQ(face.windows, 3U);
  EXPECT_TRUE(face.score);
  EXPECT_EQ(session->stats().model_swaps, 2U);
}

}  // namespace
}  // namespace dfd
