// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A backbone and a head that nobody knows, added through the lists of kinds alone, in a model file,
// an engine and a session.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "backbone/backbone.h"
#include "detector/engine.h"
#include "detector/error.h"
#include "detector/session.h"
#include "scoring/model_parts.h"
#include "scoring/scorer.h"
#include "support/fakes.h"
#include "support/test_model.h"
#include "window/head.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kSize = 64;  // D
constexpr int kSide = 24;           // Of the input, pixels.
constexpr int kTaken = 3;           // Samples in a window.
const cv::Size kFrame(160, 120);

// The means of 8x8 parts of the picture, scaled by a learnt number.
class PatchBackbone : public Backbone {
 public:
  PatchBackbone(TensorSource& source, const std::string& prefix)
      : gain_(source.take(prefix + "gain", {1})) {}

  at::Tensor embed(const at::Tensor& crops) const override {
    return at::adaptive_avg_pool2d(crops.to(at::kFloat).mean(1, /*keepdim=*/true), {8, 8})
               .flatten(1) *
           gain_;
  }
  std::int64_t embedding_size() const override { return kSize; }
  void fold(const at::Device& device, at::ScalarType /*type*/) override {
    gain_ = gain_.to(device);
  }
  TensorMap tensors() const override { return {{"gain", gain_}}; }

 private:
  at::Tensor gain_;
};

// Keeps the embeddings themselves.
class KeptWindow : public Window {
 public:
  KeptWindow(std::shared_ptr<const Head> head, int length, int stride)
      : Window(std::move(head)), length_(length), stride_(stride) {}

  bool next_fills() const override {
    const auto next = static_cast<int>(seen_) + 1;
    return next >= length_ && (next - length_) % stride_ == 0;
  }
  void restart() override {
    kept.clear();
    seen_ = 0;
  }
  std::size_t bytes() const override { return kept.size() * kept.front().nbytes(); }
  void add(const at::Tensor& row) {
    kept.push_back(row.clone());
    if (kept.size() > static_cast<std::size_t>(length_)) kept.erase(kept.begin());
    ++seen_;
  }

  std::vector<at::Tensor> kept;

 private:
  int length_;
  int stride_;
  std::int64_t seen_ = 0;
};

// The logit is a learnt number more than the mean of all.
class MeanHead : public Head {
 public:
  MeanHead(TensorSource& source, const at::Device& device)
      : bias_(source.take("mean.bias", {1}).to(device)) {}

  std::int64_t embedding_size() const override { return kSize; }
  std::unique_ptr<Window> make_window(int length, int stride) const override {
    return std::make_unique<KeptWindow>(shared_from_this(), length, stride);
  }
  std::vector<std::optional<WindowLogit>> advance(const std::vector<Window*>& windows,
                                                  const at::Tensor& embeddings) const override {
    std::vector<std::optional<WindowLogit>> logits;
    for (std::size_t i = 0; i < windows.size(); ++i) {
      auto& window = dynamic_cast<KeptWindow&>(*windows[i]);
      const bool fills = window.next_fills();
      window.add(embeddings[static_cast<std::int64_t>(i)]);
      logits.push_back(fills ? partial(window) : std::nullopt);
    }
    return logits;
  }
  std::optional<WindowLogit> partial(const Window& window) const override {
    const auto& kept = dynamic_cast<const KeptWindow&>(window).kept;
    if (kept.empty()) return std::nullopt;
    return WindowLogit{score_windows(at::stack(kept).unsqueeze(0))[0].item<double>()};
  }
  at::Tensor score_rows(const at::Tensor& embeddings) const override {
    return (embeddings.mean({1, 2}) + bias_).unsqueeze(1);
  }

 private:
  at::Tensor bias_;
};

void add_kinds() {
  static const bool kAdded = [] {
    BackboneKind backbone;
    backbone.least_size = 8;
    backbone.most_size = 32;
    backbone.make = [](TensorSource& source, const std::string& prefix, const Metadata&) {
      return std::make_unique<PatchBackbone>(source, prefix);
    };
    add_backbone("patches", backbone);
    HeadKind head;
    head.check = [](const HeadInfo& info, const std::string& where) {
      MetadataReader(where, info.settings, "head.").integer("answer", 42, 42);
    };
    head.make = [](TensorSource& source, const HeadInfo& /*info*/, const at::Device& device,
                   at::ScalarType /*type*/) { return std::make_shared<MeanHead>(source, device); };
    add_head("mean-of-all", head);
    return true;
  }();
  static_cast<void>(kAdded);
}

ModelConfig made_up_config() {
  ModelConfig config;
  config.backbone.name = "patches";
  config.backbone.source = "made up";
  config.input.size = kSide;
  config.input.mean = {100, 100, 100};
  config.input.crop = CropRule::kFullFrame;
  config.window_length = kTaken;
  config.sample_rate = {10, 1};
  config.head = {"mean-of-all", {{"answer", "42"}}};
  return config;
}

TensorMap made_up_tensors() {
  return {{std::string(kBackbonePrefix) + "gain", at::full({1}, 0.5F)},
          {"mean.bias", at::full({1}, 1.F)}};
}

class MadeUpNetworks : public testing::Test {
 protected:
  MadeUpNetworks() { add_kinds(); }

  std::string write(const ModelConfig& config, const TensorMap& tensors) {
    write_tensors(path_, to_metadata(config), tensors);
    return path_;
  }

  static SessionConfig session_config() {
    SessionConfig config;
    config.region = Region::kFullFrame;
    config.explain.on = true;  // Which these networks cannot.
    return config;
  }

  static void push(Session& session, int number, int level) {
    auto picture = std::make_shared<cv::Mat>(kFrame, CV_8UC3, cv::Scalar::all(level));
    (*picture)(cv::Rect(number % 100, 0, 40, 40)).setTo(cv::Scalar::all(level + 20));
    Frame frame;
    frame.view.width = kFrame.width;
    frame.view.height = kFrame.height;
    frame.view.color.full_range = true;
    frame.view.planes[0] = {picture->data, static_cast<std::ptrdiff_t>(picture->step)};
    frame.owner = picture;
    session.push(session.offer(number * 100ms).value(), std::move(frame));
    session.wait();
  }

  std::string path_ = (test::scratch_folder("made_up") / "model.safetensors").string();
};

TEST_F(MadeUpNetworks, RunThroughASession) {
  EngineConfig engine;
  engine.model_file = write(made_up_config(), made_up_tensors());
  const auto session = Session::create(Engine::load(engine), session_config());
  push(*session, 0, 100);
  push(*session, 1, 100);
  EXPECT_EQ(session->report().faces.at(0).windows, 0U);
  push(*session, 2, 100);
  const FaceReport face = session->report().faces.at(0);
  EXPECT_EQ(face.windows, 1U);
  // 1600 of 19200 pixels are 20 brighter than the mean: half of 1.667, and the bias.
  EXPECT_NEAR(face.score.value(), 1 / (1 + std::exp(-1.833)), 0.005);
  EXPECT_FALSE(face.explanation);
  push(*session, 3, 100);
  EXPECT_EQ(session->report().faces.at(0).windows, 2U);
}

// The head that there is, with two rows: of the mean of all, 0.833, they make -0.167 and 1.667.
ModelConfig two_rows_config() {
  ModelConfig config = made_up_config();
  config.head = mean_info(kSize, {kEvidence.begin(), kEvidence.end()});
  return config;
}

TensorMap two_rows_tensors() {
  const at::Tensor mean = at::full({kSize}, 1.F / kSize);
  return {{std::string(kBackbonePrefix) + "gain", at::full({1}, 0.5F)},
          {"classifier.weight", at::stack({mean, 2 * mean})},
          {"classifier.bias", at::tensor({-1.F, 0.F})}};
}

constexpr double kSeamScore = 0.4584;       // Of -0.167.
constexpr double kGeneratedScore = 0.8412;  // Of 1.667.

TEST_F(MadeUpNetworks, WithTwoRowsTellKindsOfEvidence) {
  EngineConfig engine;
  engine.model_file = write(two_rows_config(), two_rows_tensors());
  const auto session = Session::create(Engine::load(engine), session_config());
  push(*session, 0, 100);
  push(*session, 1, 100);
  EXPECT_FALSE(session->report().faces.at(0).evidence);
  push(*session, 2, 100);
  const StreamReport report = session->report();
  const FaceReport& face = report.faces.at(0);
  EXPECT_EQ(face.evidence, Evidence::kGenerated);
  EXPECT_NEAR(face.score.value(), kGeneratedScore, 0.005);
  EXPECT_NEAR(face.evidence_scores[0].value(), kSeamScore, 0.005);
  EXPECT_EQ(face.evidence_scores[1], face.score);
  EXPECT_EQ(face.indicators, face.evidence_scores) << "of one window";
  EXPECT_EQ(report.evidence, Evidence::kGenerated);
  EXPECT_EQ(report.indicators, face.indicators);
  // Darker, the other row is the larger one: the indicators follow as the probability does.
  for (int i = 3; i < 3 + kTaken; ++i) push(*session, i, 80);
  const FaceReport darker = session->report().faces.at(0);
  EXPECT_EQ(darker.evidence, Evidence::kSeam);
  EXPECT_EQ(darker.evidence_scores[0], darker.score);
  EXPECT_LT(*darker.evidence_scores[1], *darker.score);
  EXPECT_GT(*darker.indicators[1], *darker.evidence_scores[1]);
  EXPECT_LT(*darker.indicators[1], *face.indicators[1]);
  EXPECT_GE(*darker.probability, *darker.indicators[0]);
  EXPECT_GE(*darker.probability, *darker.indicators[1]);
}

TEST_F(MadeUpNetworks, WithTwoRowsAPartialScoreHasAKindAndNoIndicators) {
  EngineConfig engine;
  engine.model_file = write(two_rows_config(), two_rows_tensors());
  const auto session = Session::create(Engine::load(engine), session_config());
  push(*session, 0, 100);
  session->finish();
  const FaceReport face = session->report().faces.at(0);
  EXPECT_TRUE(face.partial);
  EXPECT_EQ(face.evidence, Evidence::kGenerated);
  EXPECT_NEAR(face.evidence_scores[0].value(), kSeamScore, 0.005);
  EXPECT_EQ(face.indicators, EvidenceProbabilities());
}

TEST_F(MadeUpNetworks, WithoutKindsTellNone) {
  EngineConfig engine;
  engine.model_file = write(two_rows_config(), two_rows_tensors());
  const auto session = Session::create(Engine::load(engine), session_config());
  for (int i = 0; i < kTaken; ++i) push(*session, i, 100);
  ASSERT_TRUE(session->report().evidence);
  engine.model_file = write(made_up_config(), made_up_tensors());
  session->swap_engine(Engine::load(engine));
  push(*session, kTaken, 100);
  EXPECT_FALSE(session->report().evidence) << "the other model's";
  for (int i = 1; i < kTaken; ++i) push(*session, kTaken + i, 100);
  const FaceReport face = session->report().faces.at(0);
  ASSERT_TRUE(face.score);
  EXPECT_FALSE(face.evidence);
  EXPECT_EQ(face.evidence_scores, EvidenceProbabilities());
  EXPECT_EQ(face.indicators, EvidenceProbabilities());
}

TEST_F(MadeUpNetworks, GiveAPartialScoreAtTheEnd) {
  EngineConfig engine;
  engine.model_file = write(made_up_config(), made_up_tensors());
  const auto session = Session::create(Engine::load(engine), session_config());
  push(*session, 0, 100);
  session->finish();
  EXPECT_TRUE(session->report().faces.at(0).partial);
}

TEST_F(MadeUpNetworks, TakeTheirPlaceBesideTheOthers) {
  EngineConfig engine;
  engine.model_file = test::shared_model(Region::kFullFrame);
  const auto session = Session::create(Engine::load(engine), session_config());
  for (int i = 0; i < test::kTestWindow; ++i) push(*session, i, 100);
  ASSERT_EQ(session->report().faces.at(0).windows, 1U);
  engine.model_file = write(made_up_config(), made_up_tensors());
  session->swap_engine(Engine::load(engine));
  for (int i = 0; i < kTaken; ++i) push(*session, test::kTestWindow + i, 100);
  const FaceReport face = session->report().faces.at(0);
  EXPECT_EQ(face.windows, 2U);
  EXPECT_NEAR(face.score.value(), 1 / (1 + std::exp(-1.833)), 0.005);
}

TEST_F(MadeUpNetworks, AWindowOutlivesItsScorerOnAnotherThread) {
  std::unique_ptr<Window> window;
  {
    const LoadedModel model = load_model(write(made_up_config(), made_up_tensors()), at::kCPU);
    Sample sample;
    sample.window = &window;
    sample.crop = cv::Mat(kSide, kSide, CV_8UC3, cv::Scalar::all(100));
    model.scorer->score({sample});
  }
  ASSERT_TRUE(window);
  window->restart();
  std::thread([&] { window.reset(); }).join();
  EXPECT_FALSE(window);
}

TEST_F(MadeUpNetworks, AreTakenApartWithADigestOfTheirOwn) {
  const ModelParts first = read_model(write(made_up_config(), made_up_tensors()));
  TensorMap tensors = made_up_tensors();
  tensors.at(std::string(kBackbonePrefix) + "gain").fill_(2);
  const ModelParts second = read_model(write(made_up_config(), tensors));
  EXPECT_EQ(first.config.backbone.digest.size(), 64U);
  EXPECT_NE(first.config.backbone.digest, second.config.backbone.digest);
  EXPECT_EQ(read_backbone(path_).info.digest, second.config.backbone.digest);
  EXPECT_EQ(read_backbone_input(path_).size, kSide);
  EXPECT_FALSE(knows_people(first.config));
}

void expect_refused(const std::function<void()>& load, ErrorCode code, const std::string& text) {
  try {
    load();
    FAIL() << "accepted; expected: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

TEST_F(MadeUpNetworks, AreRefusedWhereTheirKindsSaySo) {
  ModelConfig config = made_up_config();
  config.input.size = 33;
  expect_refused([&] { read_model(write(config, made_up_tensors())); }, ErrorCode::kCorruptModel,
                 "input.size");
  config = made_up_config();
  config.head.settings["answer"] = "41";
  expect_refused([&] { read_model(write(config, made_up_tensors())); }, ErrorCode::kCorruptModel,
                 "head.answer");
  TensorMap tensors = made_up_tensors();
  tensors["odd"] = at::ones({1});
  expect_refused([&] { read_model(write(made_up_config(), tensors)); },
                 ErrorCode::kUnsupportedModel, "odd");
}

TEST_F(MadeUpNetworks, AreRefusedWithAHeadThatTakesOtherEmbeddings) {
  ModelConfig config = made_up_config();
  config.head = test::test_config().head;
  TensorMap tensors = test::lstm_weights();
  tensors[std::string(kBackbonePrefix) + "gain"] = at::ones({1});
  expect_refused([&] { load_model(write(config, tensors), at::kCPU); },
                 ErrorCode::kUnsupportedModel, "gives 64 numbers, its head takes 512");
}

}  // namespace
}  // namespace dfd
