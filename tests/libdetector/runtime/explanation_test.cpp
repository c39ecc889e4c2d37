// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which sample of a stream is explained, when, and how long an explanation stands.

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "detector/engine.h"
#include "detector/session.h"
#include "support/colored_people.h"

namespace dfd {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using test::kGreen;
using test::kLeft;
using test::kRed;
using test::kRight;

class ExplanationTest : public test::ColoredPeople {
 protected:
  ExplanationTest() { explain_.on = true; }

  std::shared_ptr<const Explanation> at(const RectF& place) const {
    return face_at(place).explanation;
  }
};

TEST_F(ExplanationTest, NothingIsAskedForWhenOff) {
  explain_.on = false;
  begin("");
  play({{kLeft, kRed}}, 30);
  EXPECT_TRUE(scorer_.explained.empty());
  EXPECT_FALSE(at(kLeft));
}

TEST_F(ExplanationTest, OnlySamplesThatFillAWindowAreExplained) {
  explain_.rate = 1000;
  explain_.method = ExplainMethod::kHiResCam;
  begin("");
  play({{kLeft, kRed}}, 20);
  EXPECT_EQ(scorer_.explained.size(), 20U - test::kTestWindow + 1);
  for (const auto& explained : scorer_.explained) {
    EXPECT_TRUE(explained.full);
    EXPECT_EQ(explained.method, ExplainMethod::kHiResCam);
  }
  EXPECT_EQ(at(kLeft)->time, time_ - 100ms);
}

TEST_F(ExplanationTest, SoManyASecondAtMostOverAllFaces) {
  explain_.rate = 2;
  begin("");
  std::vector<Timestamp> times;
  for (int i = 0; i < 50; ++i) {
    const std::size_t before = scorer_.explained.size();
    play({{kLeft, kRed}, {kRight, kGreen}}, 1);
    if (scorer_.explained.size() > before) times.push_back(time_);
  }
  ASSERT_EQ(times.size(), scorer_.explained.size()) << "two faces of one frame";
  ASSERT_GE(times.size(), 9U);
  for (std::size_t i = 1; i < times.size(); ++i) EXPECT_EQ(times[i] - times[i - 1], 500ms);
}

TEST_F(ExplanationTest, TheWorstFaceIsExplained) {
  explain_.rate = 1000;
  begin("");
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  const bool left_is_worse = *face_at(kLeft).probability > *face_at(kRight).probability;
  const RectF& worse = left_is_worse ? kLeft : kRight;
  const RectF& better = left_is_worse ? kRight : kLeft;
  EXPECT_EQ(at(worse)->map.cells[0], static_cast<float>(scorer_.explained.size()));
  // At most from its first window, when nobody had a probability.
  if (at(better)) {
    EXPECT_EQ(at(better)->map.cells[0], 1.F);
  }
}

TEST_F(ExplanationTest, SeveralFacesOfAFrameWhenAskedFor) {
  explain_.faces = 2;
  begin("");
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  ASSERT_TRUE(at(kLeft) && at(kRight));
  EXPECT_EQ(at(kLeft)->time, at(kRight)->time);
  EXPECT_NE(at(kLeft)->map.cells[0], at(kRight)->map.cells[0]);
}

TEST_F(ExplanationTest, StandsUntilANewerOneReplacesIt) {
  begin("");
  play({{kLeft, kRed}}, 8);
  const auto first = at(kLeft);
  ASSERT_TRUE(first);
  play({{kLeft, kRed}}, 3);
  EXPECT_EQ(at(kLeft), first);
  play({{kLeft, kRed}}, 10);
  ASSERT_TRUE(at(kLeft));
  EXPECT_GE(at(kLeft)->time, first->time + 1s);
  EXPECT_EQ(first->map.cells[0], 1.F) << "what a report holds does not change";
}

TEST_F(ExplanationTest, NeverExplainsSomebodyElse) {
  begin("");
  play({{kLeft, kRed}}, 20);
  ASSERT_TRUE(at(kLeft));
  play({{kLeft, kGreen}}, 2);
  ASSERT_EQ(count(EventKind::kIdentityChanged), 1);
  EXPECT_FALSE(at(kLeft));
  for (const Event& event : events_) {
    if (event.kind == EventKind::kIdentityChanged) {
      EXPECT_FALSE(event.report.faces.at(0).explanation);
    }
  }
  play({{kLeft, kGreen}}, test::kTestWindow - 1);
  EXPECT_FALSE(at(kLeft));
}

TEST_F(ExplanationTest, PeopleWhoChangePlacesLoseTheirs) {
  explain_.rate = 1000;
  begin("");
  play({{kLeft, kRed}, {kRight, kGreen}}, 20);
  play({{kRight, kRed}, {kLeft, kGreen}}, 2);
  EXPECT_FALSE(at(kLeft));
  EXPECT_FALSE(at(kRight));
}

TEST_F(ExplanationTest, AGapTakesItAway) {
  begin("");
  play({{kLeft, kRed}}, 20);
  ASSERT_TRUE(at(kLeft));
  analysis_->gap(time_ + 2s);
  EXPECT_FALSE(at(kLeft));
}

TEST_F(ExplanationTest, AnotherModelTakesItAway) {
  begin("");
  play({{kLeft, kRed}}, 20);
  ASSERT_TRUE(at(kLeft));
  SessionConfig config;
  config.explain = explain_;
  analysis_->swap_model(resolve(config, model_), model_);
  EXPECT_FALSE(at(kLeft));
  play({{kLeft, kRed}}, 20);
  EXPECT_TRUE(at(kLeft));
}

TEST_F(ExplanationTest, SwitchingItOffTakesItAway) {
  begin("");
  play({{kLeft, kRed}}, 20);
  ASSERT_TRUE(at(kLeft));
  analysis_->set_explain({});
  play({{kLeft, kRed}}, 20);
  EXPECT_FALSE(at(kLeft));
  const std::size_t asked = scorer_.explained.size();
  analysis_->set_explain(explain_);
  play({{kLeft, kRed}}, 20);
  EXPECT_GT(scorer_.explained.size(), asked);
  EXPECT_TRUE(at(kLeft));
}

TEST_F(ExplanationTest, ItsRegionIsTheCropInPartsOfTheBox) {
  model_.input.margin = 32;  // Of 160: an eighth of the box on each side.
  begin("");
  play({{kRight, kRed}}, 20);
  ASSERT_TRUE(at(kRight));
  const RectF region = at(kRight)->region;
  // Crops are cut at whole pixels.
  EXPECT_NEAR(region.x, -0.125, 0.02);
  EXPECT_NEAR(region.y, -0.125, 0.02);
  EXPECT_NEAR(region.width, 1.25, 0.02);
  EXPECT_NEAR(region.height, 1.25, 0.02);
}

TEST_F(ExplanationTest, AtTheFramesEdgeItsRegionIsWhatIsThere) {
  model_.input.margin = 32;
  const RectF edge{0, 80, 70, 90};
  begin("");
  play({{edge, kRed}}, 20);
  ASSERT_TRUE(at(edge));
  EXPECT_NEAR(at(edge)->region.x, 0, 0.02);
  EXPECT_NEAR(at(edge)->region.width, 1.125, 0.03);
}

TEST_F(ExplanationTest, OfAFullFrameItIsTheWhole) {
  model_ = test::test_config(Region::kFullFrame);
  SessionConfig config;
  config.region = Region::kFullFrame;
  config.explain = explain_;
  analysis_.emplace(resolve(config, model_), model_, nullptr);
  for (int i = 0; i < 10; ++i, time_ += 100ms) {
    analyse(test::moving_frame(i, test::kColoredSize, time_), true);
  }
  const auto found = analysis_->report().faces.at(0).explanation;
  ASSERT_TRUE(found);
  EXPECT_EQ(found->region.x, 0);
  EXPECT_EQ(found->region.y, 0);
  EXPECT_EQ(found->region.width, 1);
  EXPECT_EQ(found->region.height, 1);
}

// Samples of a moving square through a real model, as the worker scores them.
std::vector<SampleResult> score(Scorer& scorer, const ModelConfig& config, bool explained) {
  std::unique_ptr<Window> window;
  std::vector<SampleResult> results;
  for (int i = 0; i < test::kTestWindow + 3; ++i) {
    const Frame frame = test::moving_frame(i, test::kColoredSize, i * 100ms);
    std::vector<Sample> samples(1);
    samples[0].window = &window;
    samples[0].plan = *plan_frame(frame.view, config.input);
    if (explained) samples[0].explain = ExplainMethod::kGradCam;
    scorer.crop({&samples[0]});
    results.push_back(scorer.score(samples)[0]);
  }
  return results;
}

TEST(TorchScorer, ExplainingChangesNoScore) {
  const LoadedModel model = load_model(test::shared_model(Region::kFullFrame), at::kCPU);
  const auto plain = score(*model.scorer, model.config, false);
  const auto explained = score(*model.scorer, model.config, true);
  ASSERT_EQ(plain.size(), explained.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    ASSERT_EQ(plain[i].logit.has_value(), explained[i].logit.has_value());
    if (plain[i].logit) {
      EXPECT_EQ(plain[i].logit->logit, explained[i].logit->logit);
    }
    EXPECT_EQ(plain[i].embedding, explained[i].embedding);
    EXPECT_FALSE(plain[i].map);
    EXPECT_EQ(explained[i].map.has_value(), explained[i].logit.has_value());
    if (!explained[i].map) continue;
    const std::vector<float>& map = explained[i].map->cells;
    ASSERT_EQ(map.size(), 64U);
    EXPECT_EQ(*std::max_element(map.begin(), map.end()), 1.F);
    EXPECT_GE(*std::min_element(map.begin(), map.end()), 0.F);
  }
}

TEST(Session, ExplainsFromTheNextSampleOn) {
  EngineConfig engine;
  engine.model_file = test::shared_model(Region::kFullFrame);
  SessionConfig config;
  config.region = Region::kFullFrame;
  const auto session = Session::create(Engine::load(engine), config);
  int number = 0;
  const auto explained = [&] {
    const auto ticket = session->offer(number * 100ms);
    session->push(ticket.value(), test::moving_frame(number, test::kColoredSize, number * 100ms));
    session->wait();
    ++number;
    return session->report().faces.at(0).explanation;
  };
  for (int i = 0; i < test::kTestWindow + 1; ++i) EXPECT_FALSE(explained());
  ExplainConfig explain;
  explain.on = true;
  session->set_explain(explain);
  const auto found = explained();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->time, session->report().time);
  EXPECT_EQ(explained(), found);
  session->set_explain({});
  EXPECT_FALSE(explained());
}

}  // namespace
}  // namespace dfd
