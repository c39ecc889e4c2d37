// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Several streams on one engine, and one stream on several: nobody waits for another.

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "detector/session.h"
#include "runtime/engine_impl.h"
#include "support/fakes.h"
#include "support/test_model.h"

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;
using test::FakeDetector;
using test::FakeScorer;
using test::Gate;

const cv::Size kSize(320, 240);
const RectF kFace{100, 60, 90, 110};

// An engine without a network, and the scorer in it.
struct TestEngine {
  explicit TestEngine(double logit, const ModelConfig& config = test::test_config()) {
    auto made = std::make_unique<FakeScorer>(config.window_length, logit);
    scorer = made.get();
    LoadedModel model;
    model.config = config;
    model.digest = std::string(64, 'a');
    model.scorer = std::move(made);
    engine = std::make_shared<EngineImpl>(std::move(model), "cpu", Precision::kFp32, 1);
  }
  FakeScorer* scorer;
  std::shared_ptr<EngineImpl> engine;
};

std::unique_ptr<Session> make(const TestEngine& on, const SessionConfig& config = {}) {
  return make_session(on.engine, config,
                      std::make_unique<FakeDetector>(kSize, std::vector<RectF>{kFace}));
}

void push(Session& session, int number) {
  const auto ticket = session.offer(number * 100ms);
  ASSERT_TRUE(ticket);
  session.push(*ticket, test::moving_frame(number, kSize, number * 100ms));
}

void play(Session& session, int first, int last) {
  for (int i = first; i < last; ++i) {
    push(session, i);
    session.wait();
  }
}

TEST(Streams, OneThatNobodyWaitsForDelaysNoOther) {
  const TestEngine on(2);
  const auto silent = make(on);
  const auto sibling = make(on);
  // Whoever pushed these never comes back for the results: its sink is held.
  push(*silent, 0);
  push(*silent, 1);
  play(*sibling, 0, 20);
  EXPECT_EQ(sibling->stats().windows, 20U - test::kTestWindow + 1);
  EXPECT_EQ(sibling->stats().skipped[static_cast<std::size_t>(Reason::kOverload)], 0U);
}

TEST(Streams, PushingNeverWaitsForTheScorer) {
  const TestEngine on(2);
  Gate gate;
  on.scorer->before_score = [&] { gate.pass(); };
  const auto first = make(on);
  const auto second = make(on);
  for (int i = 0; i < 10; ++i) {
    push(*first, i);  // Would hang here if it did.
    push(*second, i);
  }
  gate.open();
  first->wait();
  second->wait();
  for (const Session* session : {first.get(), second.get()}) {
    const SessionStats stats = session->stats();
    EXPECT_EQ(stats.samples + stats.skipped[static_cast<std::size_t>(Reason::kOverload)], 10U);
    EXPECT_GE(stats.samples, 1U);
  }
}

TEST(Streams, OneThatFlushesOrGoesDelaysNoOther) {
  const TestEngine on(2);
  const auto sibling = make(on);
  for (int i = 0; i < 20; ++i) {
    auto brief = make(on);
    push(*brief, 0);
    if (i % 2 == 0) brief->reset();
    brief.reset();
    play(*sibling, i, i + 1);
  }
  EXPECT_EQ(sibling->stats().samples, 20U);
}

TEST(Streams, OneWhosePicturesCannotBeReadFailsAlone) {
  class Broken : public FakeDetector {
   public:
    Broken() : FakeDetector(kSize, {}) {}
    std::vector<FaceDetection> detect(const cv::Mat&, int) override {
      throw Error(ErrorCode::kInference, "made to fail");
    }
  };
  const TestEngine on(2);
  SessionConfig config;
  config.detection_interval = 0ms;  // Every frame is looked at.
  const auto broken = make_session(on.engine, config, std::make_unique<Broken>());
  const auto sibling = make(on);
  for (int i = 0; i < 10; ++i) {
    push(*broken, i);
    push(*sibling, i);
    EXPECT_THROW(broken->wait(), Error);
    sibling->wait();
  }
  EXPECT_EQ(sibling->stats().samples, 10U);
  EXPECT_EQ(broken->report().verdict, Verdict::kUndecided);
}

TEST(Streams, HoldNoMoreThanTwoFramesEach) {
  const TestEngine on(2);
  Gate gate;
  on.scorer->before_score = [&] { gate.pass(); };
  const auto session = make(on);
  std::vector<std::weak_ptr<const void>> frames;
  for (int i = 0; i < 12; ++i) {
    const auto ticket = session->offer(i * 100ms);
    ASSERT_TRUE(ticket);
    Frame frame = test::moving_frame(i, kSize, i * 100ms);
    frames.push_back(frame.owner);
    session->push(*ticket, std::move(frame));
    std::size_t held = 0;
    for (const auto& one : frames) held += one.expired() ? 0 : 1;
    EXPECT_LE(held, 2U);
  }
  gate.open();
  session->wait();
  for (const auto& one : frames) EXPECT_TRUE(one.expired());
}

TEST(Streams, AFrameGoesBackBeforeItsForward) {
  const TestEngine on(2);
  std::weak_ptr<const void> frame;
  bool held_in_forward = true;
  on.scorer->before_score = [&] { held_in_forward = !frame.expired(); };
  const auto session = make(on);
  const auto ticket = session->offer(0ms);
  ASSERT_TRUE(ticket);
  Frame pushed = test::moving_frame(0, kSize, 0ms);
  frame = pushed.owner;
  session->push(*ticket, std::move(pushed));
  session->wait();
  EXPECT_FALSE(held_in_forward);
}

TEST(Streams, ASwappedModelJudgesFromTheNextSampleOn) {
  const TestEngine low(-2);
  const TestEngine high(2);
  const auto session = make(low);
  play(*session, 0, 30);
  ASSERT_EQ(session->report().verdict, Verdict::kAuthentic);
  const TrackId track = session->report().faces.at(0).track;

  session->swap_engine(high.engine);
  EXPECT_EQ(session->engine(), high.engine);
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->report().reason, Reason::kWarmingUp);
  EXPECT_FALSE(session->report().probability);

  play(*session, 30, 60);
  EXPECT_EQ(session->report().verdict, Verdict::kManipulated);
  EXPECT_EQ(session->report().faces.at(0).track, track);
  EXPECT_EQ(session->stats().model_swaps, 1U);
  EXPECT_EQ(session->stats().samples, 60U);
}

TEST(Streams, AnAlarmOutlivesASwapUntilThereAreScores) {
  const TestEngine high(2);
  const TestEngine low(-2);
  const auto session = make(high);
  play(*session, 0, 30);
  ASSERT_EQ(session->report().verdict, Verdict::kManipulated);
  session->swap_engine(low.engine);
  EXPECT_EQ(session->report().verdict, Verdict::kManipulated);
  play(*session, 30, 60);
  EXPECT_EQ(session->report().verdict, Verdict::kAuthentic);
}

TEST(Streams, ASwapTakesTheNewModelsWindowAndRate) {
  const TestEngine first(2);
  ModelConfig config = test::test_config();
  config.window_length = 7;
  config.sample_rate = {5, 1};
  const TestEngine second(2, config);
  const auto session = make(first);
  play(*session, 0, 10);
  session->swap_engine(second.engine);
  int samples = 0;
  for (int i = 10; i < 30; ++i) {
    const auto before = session->stats().samples;
    const auto ticket = session->offer(i * 100ms);
    if (!ticket) continue;
    session->push(*ticket, test::moving_frame(i, kSize, i * 100ms));
    session->wait();
    samples += session->stats().samples > before ? 1 : 0;
  }
  EXPECT_EQ(samples, 10);
  EXPECT_EQ(session->stats().windows, (10U - test::kTestWindow + 1) + (10U - 7 + 1));
}

TEST(Streams, TenSwapsUnderLoadLoseNoSample) {
  const TestEngine first(2);
  const TestEngine second(-2);
  const auto session = make(first);
  const auto sibling = make(first);
  for (int i = 0; i < 100; ++i) {
    push(*sibling, i);
    push(*session, i);
    if (i % 10 == 5) session->swap_engine((i / 10 % 2 == 0 ? second : first).engine);
    session->wait();
    sibling->wait();
  }
  EXPECT_EQ(session->stats().model_swaps, 10U);
  EXPECT_EQ(session->stats().samples, 100U);
  EXPECT_EQ(sibling->stats().samples, 100U);
  EXPECT_EQ(sibling->stats().windows, 100U - test::kTestWindow + 1);
}

TEST(Streams, AModelThatCannotBeUsedLeavesTheOldOne) {
  const TestEngine good(2);
  ModelConfig config = test::test_config();
  config.input.crop = CropRule::kAligned;  // Needs landmarks that nobody finds here.
  const TestEngine bad(2, config);
  const auto session = make(good);
  play(*session, 0, 10);
  EXPECT_THROW(session->swap_engine(bad.engine), Error);
  EXPECT_THROW(session->swap_engine(nullptr), Error);
  EXPECT_EQ(session->engine(), good.engine);
  play(*session, 10, 20);
  EXPECT_EQ(session->stats().samples, 20U);
  EXPECT_EQ(session->stats().windows, 20U - test::kTestWindow + 1);
  EXPECT_EQ(session->stats().model_swaps, 0U);
}

TEST(Streams, AuthenticDoesNotOutliveAGapWithoutFrames) {
  const TestEngine on(-2);
  const auto session = make(on);
  play(*session, 0, 30);
  ASSERT_EQ(session->report().verdict, Verdict::kAuthentic);
  session->gap(3000ms);  // No longer than three sample periods after the last frame.
  session->wait();
  EXPECT_EQ(session->report().verdict, Verdict::kAuthentic);
  session->take_events();
  session->gap(4000ms);
  session->gap(5000ms);
  session->wait();
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->report().reason, Reason::kGap);
  const auto events = session->take_events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, EventKind::kVerdictChanged);
}

TEST(Streams, GapsBetweenFramesDoNotPileUp) {
  const TestEngine on(2);
  Gate gate;
  on.scorer->before_score = [&] { gate.pass(); };
  const auto session = make(on);
  push(*session, 0);
  for (int i = 1; i < 50; ++i) {
    push(*session, i);
    session->gap(i * 100ms + 40ms);
    EXPECT_LE(session->stats().queue_length, 3U);
  }
  gate.open();
  session->wait();
}

TEST(Streams, NothingIsSaidOfAStreamWithoutFrames) {
  const TestEngine first(2);
  const TestEngine second(2);
  const auto session = make(first);
  session->gap(1000ms);
  session->wait();
  session->swap_engine(second.engine);
  EXPECT_TRUE(session->take_events().empty());
}

TEST(Streams, ASwapAfterTheEndLeavesTheLastVerdict) {
  const TestEngine first(2);
  const TestEngine second(2);
  const auto session = make(first);
  play(*session, 0, 30);
  session->finish();
  session->take_events();
  session->swap_engine(second.engine);
  EXPECT_EQ(session->report().verdict, Verdict::kManipulated);
  EXPECT_TRUE(session->take_events().empty());
}

TEST(Streams, AThresholdOutlivesASwap) {
  const TestEngine first(2);
  const TestEngine second(2);
  const auto session = make(first);
  session->set_threshold(0.95);
  session->swap_engine(second.engine);
  play(*session, 0, 30);
  EXPECT_EQ(session->report().threshold, 0.95);
  EXPECT_EQ(session->report().verdict, Verdict::kSuspicious);
}

}  // namespace
}  // namespace dfd
