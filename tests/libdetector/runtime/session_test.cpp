// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sessions on an engine without a network: sampling, verdicts, errors, queues.

#include "detector/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
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

class SessionTest : public testing::Test {
 protected:
  // A logit of 2 is a probability of 0.88.
  void make_engine(double logit, CropRule crop = CropRule::kBox) {
    auto scorer = std::make_unique<FakeScorer>(test::kTestWindow, logit);
    scorer_ = scorer.get();
    LoadedModel model;
    model.config = test::test_config();
    model.config.input.crop = crop;
    model.digest = std::string(64, 'a');
    model.scorer = std::move(scorer);
    engine_ = std::make_shared<EngineImpl>(std::move(model), "cpu", Precision::kFp32, 1);
  }

  std::unique_ptr<Session> make(const std::vector<RectF>& boxes, SessionConfig config = {}) {
    return make_session(engine_, config, std::make_unique<FakeDetector>(kSize, boxes));
  }

  // Plays frames [first, last) of 25 a second, each fully analysed.
  static void play(Session& session, int first, int last) {
    for (int i = first; i < last; ++i) {
      const auto ticket = session.offer(i * 40ms);
      if (!ticket) continue;
      session.push(*ticket, test::moving_frame(i, kSize, i * 40ms));
      session.wait();
    }
  }

  FakeScorer* scorer_ = nullptr;
  std::shared_ptr<EngineImpl> engine_;
};

TEST_F(SessionTest, SamplesAtTheModelsRateWithoutDrift) {
  make_engine(2);
  SessionConfig config;
  config.region = Region::kFullFrame;
  const auto session = make({}, config);
  int wanted = 0;
  for (int i = 0; i < 250; ++i) {
    const auto ticket = session->offer(i * 40ms);
    if (!ticket) continue;
    ++wanted;
    session->push(*ticket, test::moving_frame(i, kSize, i * 40ms));
  }
  EXPECT_EQ(wanted, 10 * test::kTestRate);
}

TEST_F(SessionTest, ADroppedTicketAdvancesNothing) {
  make_engine(2);
  SessionConfig config;
  config.region = Region::kFullFrame;
  const auto session = make({}, config);
  ASSERT_TRUE(session->offer(0ms));
  ASSERT_TRUE(session->offer(40ms));  // In place of the first.
  const auto ticket = session->offer(80ms);
  ASSERT_TRUE(ticket);
  session->push(*ticket, test::moving_frame(0, kSize, 0ms));
  session->wait();
  EXPECT_EQ(session->report().time, 80ms);  // The ticket's.
  EXPECT_EQ(session->stats().samples, 1U);
  EXPECT_EQ(session->stats().frames, 3U);
  EXPECT_FALSE(session->offer(160ms));
  EXPECT_TRUE(session->offer(180ms));
}

TEST_F(SessionTest, ATicketFromBeforeAResetIsVoid) {
  make_engine(2);
  SessionConfig config;
  config.region = Region::kFullFrame;
  const auto session = make({}, config);
  const auto ticket = session->offer(5000ms);
  ASSERT_TRUE(ticket);
  session->reset();
  session->push(*ticket, test::moving_frame(0, kSize, 5000ms));
  session->wait();
  EXPECT_EQ(session->stats().samples, 0U);
  EXPECT_TRUE(session->report().faces.empty());
}

TEST_F(SessionTest, AHighProbabilityBecomesManipulatedAfterItsDuration) {
  make_engine(2);
  const auto session = make({kFace});
  play(*session, 0, 8);
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->report().reason, Reason::kWarmingUp);
  play(*session, 8, 20);
  EXPECT_EQ(session->report().verdict, Verdict::kSuspicious);
  play(*session, 20, 75);
  const StreamReport report = session->report();
  EXPECT_EQ(report.verdict, Verdict::kManipulated);
  ASSERT_EQ(report.faces.size(), 1U);
  EXPECT_NEAR(*report.probability, 0.8808, 1e-4);
  EXPECT_GT(iou(report.faces[0].box, kFace), 0.97F);
}

TEST_F(SessionTest, ALowProbabilityBecomesAuthentic) {
  make_engine(-2);
  const auto session = make({kFace});
  play(*session, 0, 75);
  EXPECT_EQ(session->report().verdict, Verdict::kAuthentic);
}

TEST_F(SessionTest, NoFaceIsUndecided) {
  make_engine(-2);
  const auto session = make({});
  play(*session, 0, 75);
  session->finish();
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->report().reason, Reason::kNoFace);
  EXPECT_EQ(session->stats().samples, 0U);
}

TEST_F(SessionTest, ASmallFaceIsReportedButNotScored) {
  make_engine(-2);
  const auto session = make({{100, 60, 50, 60}});
  play(*session, 0, 75);
  ASSERT_EQ(session->report().faces.size(), 1U);
  EXPECT_EQ(session->report().faces[0].reason, Reason::kTooSmall);
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->stats().samples, 0U);
}

TEST_F(SessionTest, AFaceNobodyCanJudgeIsUndecidedWithItsReason) {
  make_engine(-2);
  const auto session = make({{150, 150, 70, 80}});  // Nothing but grey there.
  play(*session, 0, 75);
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->report().reason, Reason::kBlurred);
  EXPECT_EQ(session->stats().samples, 0U);
  EXPECT_GT(session->stats().skipped[static_cast<std::size_t>(Reason::kBlurred)], 10U);
}

TEST_F(SessionTest, AFrozenPictureIsNeverAuthentic) {
  make_engine(-2);
  const auto session = make({kFace});
  for (int i = 0; i < 100; ++i) {
    const auto ticket = session->offer(i * 40ms);
    if (!ticket) continue;
    session->push(*ticket, test::moving_frame(7, kSize, i * 40ms));
    session->wait();
  }
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->report().reason, Reason::kFrozen);
}

TEST_F(SessionTest, TheStreamsVerdictIsTheWorstTracks) {
  make_engine(-2);
  const auto session = make({kFace, {220, 60, 50, 60}});
  play(*session, 0, 75);
  const StreamReport report = session->report();
  ASSERT_EQ(report.faces.size(), 2U);
  EXPECT_EQ(report.faces[0].verdict, Verdict::kAuthentic);
  EXPECT_EQ(report.verdict, Verdict::kUndecided);
}

TEST_F(SessionTest, AShortTrackEndsWithAPartialScore) {
  make_engine(2);
  const auto session = make({kFace});
  play(*session, 0, 5);
  session->finish();
  std::optional<FaceReport> lost;
  for (const Event& event : session->take_events()) {
    if (event.kind == EventKind::kTrackLost) lost = event.report.faces.at(0);
  }
  ASSERT_TRUE(lost);
  EXPECT_TRUE(lost->partial);
  EXPECT_EQ(lost->verdict, Verdict::kUndecided);
  EXPECT_EQ(lost->reason, Reason::kPartial);
  EXPECT_NEAR(*lost->score, 0.7311, 1e-4);
  EXPECT_FALSE(lost->probability);
}

TEST_F(SessionTest, AnErrorReachesItsSessionAndNotTheNext) {
  make_engine(2);
  const auto broken = make({kFace});
  scorer_->before_score = [] { throw Error(ErrorCode::kInference, "made to fail"); };
  const auto ticket = broken->offer(0ms);
  ASSERT_TRUE(ticket);
  broken->push(*ticket, test::moving_frame(0, kSize, 0ms));
  try {
    broken->wait();
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInference);
  }
  scorer_->before_score = nullptr;
  const auto whole = make({kFace});
  EXPECT_NO_THROW(play(*whole, 0, 30));
  EXPECT_NE(broken->report().verdict, Verdict::kAuthentic);
}

TEST_F(SessionTest, AFullQueueSkipsTheOldestSampleAndCountsIt) {
  make_engine(2);
  Gate gate;
  scorer_->before_score = [&] { gate.pass(); };
  SessionConfig config;
  config.max_queued = 3;
  const auto session = make({kFace}, config);
  for (int i = 0; i < 20; ++i) {
    const auto ticket = session->offer(i * 100ms);
    ASSERT_TRUE(ticket);
    session->push(*ticket, test::moving_frame(i, kSize, i * 100ms));
  }
  EXPECT_EQ(session->stats().queue_length, 3U);
  gate.open();
  session->wait();
  const SessionStats stats = session->stats();
  const auto skipped = stats.skipped[static_cast<std::size_t>(Reason::kOverload)];
  EXPECT_GE(skipped, 16U);
  EXPECT_EQ(stats.samples + skipped, 20U);
}

TEST_F(SessionTest, EachResultsLatencyIsCountedOnceByItsBounds) {
  make_engine(2);
  constexpr auto kAtLeast = 60ms;  // Above some bounds, and no result comes earlier.
  scorer_->before_score = [&] { std::this_thread::sleep_for(kAtLeast); };
  const auto session = make({kFace});
  play(*session, 0, 5);
  const SessionStats stats = session->stats();
  ASSERT_GT(stats.batches, 0U);
  std::uint64_t counted = 0;
  for (std::size_t i = 0; i < stats.latency_counts.size(); ++i) {
    counted += stats.latency_counts.at(i);
    const bool too_short =
        i < kLatencyBoundsMs.size() && kLatencyBoundsMs.at(i) < double(kAtLeast.count());
    EXPECT_FALSE(too_short && stats.latency_counts.at(i) > 0) << kLatencyBoundsMs.at(i);
  }
  EXPECT_EQ(counted, stats.batches);
  EXPECT_GE(stats.latency_sum_ms, double(stats.batches * kAtLeast.count()));
}

TEST_F(SessionTest, ResetForgetsAndLateResultsAreDropped) {
  make_engine(2);
  const auto session = make({kFace});
  play(*session, 0, 75);
  const TrackId before = session->report().faces.at(0).track;
  session->reset();
  EXPECT_TRUE(session->report().faces.empty());
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  session->take_events();
  play(*session, 0, 5);
  const StreamReport report = session->report();
  EXPECT_EQ(report.verdict, Verdict::kUndecided);
  EXPECT_GT(report.faces.at(0).track, before);
}

TEST_F(SessionTest, CancelWakesAWaiter) {
  make_engine(2);
  Gate gate;
  scorer_->before_score = [&] { gate.pass(); };
  const auto session = make({kFace});
  const auto ticket = session->offer(0ms);
  ASSERT_TRUE(ticket);
  session->push(*ticket, test::moving_frame(0, kSize, 0ms));
  session->cancel(true);
  session->wait();  // Would hang without the cancel.
  gate.open();
  // The worker must be through the gate before the gate goes.
  session->cancel(false);
  session->wait();
}

TEST_F(SessionTest, AGapRestartsTheWindow) {
  make_engine(2);
  const auto session = make({kFace});
  play(*session, 0, 5);
  session->take_events();
  // Two seconds without frames, more than three sample periods.
  play(*session, 55, 58);
  EXPECT_EQ(session->report().faces.at(0).reason, Reason::kGap);
}

TEST_F(SessionTest, AuthenticDoesNotOutliveAGap) {
  make_engine(-2);
  const auto session = make({kFace});
  play(*session, 0, 75);
  ASSERT_EQ(session->report().verdict, Verdict::kAuthentic);
  play(*session, 125, 127);
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
  EXPECT_EQ(session->report().reason, Reason::kGap);
}

// Frames [0, 250) of 25 a second, of which every 50th is stamped oddly.
void play_with_odd_times(Session& session, const std::function<Timestamp(int)>& odd) {
  for (int i = 0; i < 250; ++i) {
    const Timestamp time = i % 50 == 49 ? odd(i) : i * 40ms;
    const auto ticket = session.offer(time);
    if (!ticket) continue;
    session.push(*ticket, test::moving_frame(i, kSize, time));
    session.wait();
  }
}

TEST_F(SessionTest, OddTimestampsChangeNothing) {
  const std::vector<std::function<Timestamp(int)>> kinds{
      [](int i) { return i * 40ms; },              // None.
      [](int i) { return (i - 1) * 40ms - 1ms; },  // A millisecond before its predecessor.
      [](int i) { return (i - 1) * 40ms; },        // Repeated.
      [](int i) { return i * 40ms - 900ms; },      // As far back as jitter goes.
      [](int i) { return i * 40ms - 5000ms; },     // Far behind the others.
      [](int i) { return i * 40ms + 700ms; },      // Ahead: more than max-gap, less than a second.
      [](int i) { return i * 40ms + 200ms; },      // Ahead by less.
      [](int i) { return i * 40ms + 3600000ms; },  // Far ahead of them.
  };
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    make_engine(2);
    const auto session = make({kFace});
    play_with_odd_times(*session, kinds[kind]);
    const SessionStats stats = session->stats();
    EXPECT_EQ(stats.faces, 1U) << kind;
    // 100 samples, of which the fourth fills a window; an odd frame may cost those it skips over.
    EXPECT_GE(stats.windows, 97U - 2 * 5U) << kind;
    EXPECT_LE(stats.windows, 97U) << kind;
    EXPECT_EQ(session->report().verdict, Verdict::kManipulated) << kind;
    for (const Event& event : session->take_events()) {
      EXPECT_NE(event.kind, EventKind::kTrackLost) << kind;
    }
  }
}

TEST_F(SessionTest, AJumpBackEndsTracksWithTheirLastScoreAndBeginsOthers) {
  make_engine(2);
  const auto session = make({kFace});
  play(*session, 500, 575);
  const TrackId before = session->report().faces.at(0).track;
  session->take_events();
  play(*session, 0, 3);
  std::vector<EventKind> told;
  for (const Event& event : session->take_events()) {
    told.push_back(event.kind);
    if (event.kind != EventKind::kTrackLost) continue;
    EXPECT_EQ(event.report.faces.at(0).track, before);
    EXPECT_EQ(event.report.verdict, Verdict::kManipulated);
  }
  EXPECT_EQ(std::count(told.begin(), told.end(), EventKind::kTrackLost), 1);
  EXPECT_GT(session->report().faces.at(0).track, before);
  EXPECT_EQ(session->report().verdict, Verdict::kUndecided);
}

TEST_F(SessionTest, AHoleThatTheStreamTellsOfEndsTracks) {
  make_engine(2);
  const auto session = make({kFace});
  play(*session, 0, 75);
  const TrackId before = session->report().faces.at(0).track;
  for (int i = 500; i < 505; ++i) {
    const auto ticket = session->offer(i * 40ms, {false, i == 500});
    if (!ticket) continue;
    session->push(*ticket, test::moving_frame(i, kSize, i * 40ms));
    session->wait();
  }
  EXPECT_GT(session->report().faces.at(0).track, before);
}

TEST_F(SessionTest, FinishingTwiceTellsOnce) {
  make_engine(2);
  const auto session = make({kFace});
  play(*session, 0, 30);
  session->finish();
  EXPECT_FALSE(session->take_events().empty());
  session->finish();
  EXPECT_TRUE(session->take_events().empty());
}

TEST_F(SessionTest, ALogitThatIsNoNumberIsAnError) {
  make_engine(std::nan(""));
  const auto session = make({kFace});
  EXPECT_THROW(play(*session, 0, 30), Error);
  EXPECT_NE(session->report().verdict, Verdict::kAuthentic);
}

TEST_F(SessionTest, SettingsOutOfRangeAreRefused) {
  make_engine(2);
  SessionConfig config;
  config.min_face_size = 3;
  EXPECT_THROW(make({}, config), Error);
  config = {};
  config.decision.threshold = 1.5;
  EXPECT_THROW(make({}, config), Error);
  for (const double rate : {0.0, -1.0, 1001.0, std::nan("")}) {
    config = {};
    config.explain.rate = rate;
    EXPECT_THROW(make({}, config), Error) << rate;
    EXPECT_THROW(make({})->set_explain(config.explain), Error) << rate;
  }
  config = {};
  config.explain.faces = 0;
  EXPECT_THROW(make({}, config), Error);
}

TEST_F(SessionTest, AlignedFacesNeedLandmarks) {
  make_engine(2, CropRule::kAligned);
  try {
    Session::create(engine_, {});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("face-model-file"), std::string::npos);
  }
  SessionConfig config;
  config.face_model_file = test::formula_mtcnn();
  EXPECT_EQ(Session::create(engine_, config)->face_detector(), "mtcnn");
}

}  // namespace
}  // namespace dfd
