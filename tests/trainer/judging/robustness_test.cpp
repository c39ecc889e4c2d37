// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/robustness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "data/picture.h"
#include "detector/error.h"
#include "detector/report.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

ClipScore score_of(const std::string& file, bool fake, std::optional<double> probability = {}) {
  ClipScore score;
  score.file = file;
  score.fake = fake;
  score.probability = probability;
  if (probability) score.logit = std::log(*probability / (1 - *probability));
  return score;
}

std::vector<ClipScore> some_scores(int real, int fake) {
  std::vector<ClipScore> scores;
  for (int i = 0; i < real; ++i) scores.push_back(score_of("real" + std::to_string(i), false));
  for (int i = 0; i < fake; ++i) scores.push_back(score_of("fake" + std::to_string(i), true));
  return scores;
}

std::set<std::string> names_of(const std::vector<ClipScore>& scores, std::size_t most) {
  std::set<std::string> names;
  for (const std::size_t place : robustness_clips(scores, most)) names.insert(scores[place].file);
  return names;
}

std::size_t count_fakes_in(const std::vector<ClipScore>& scores, std::size_t most) {
  const std::vector<std::size_t> places = robustness_clips(scores, most);
  return static_cast<std::size_t>(std::count_if(
      places.begin(), places.end(), [&](std::size_t place) { return scores[place].fake; }));
}

TEST(RobustnessClips, AreAsManyOfEachClass) {
  for (const auto& [real, fake, most, each] : {std::array<std::size_t, 4>{20, 50, 10, 5},
                                               {20, 50, 11, 5},
                                               {3, 50, 10, 3},
                                               {20, 1, 10, 1},
                                               {20, 50, 1000, 20}}) {
    const auto scores = some_scores(static_cast<int>(real), static_cast<int>(fake));
    EXPECT_EQ(robustness_clips(scores, most).size(), 2 * each) << real << " " << fake;
    EXPECT_EQ(count_fakes_in(scores, most), each) << real << " " << fake;
  }
}

TEST(RobustnessClips, DependOnNamesAlone) {
  std::vector<ClipScore> scores = some_scores(30, 30);
  const std::set<std::string> names = names_of(scores, 12);
  std::reverse(scores.begin(), scores.end());
  EXPECT_EQ(names_of(scores, 12), names);
  // More of them keep those that there were.
  const std::set<std::string> more = names_of(scores, 20);
  EXPECT_TRUE(std::includes(more.begin(), more.end(), names.begin(), names.end()));
  // Not the first ones of a list.
  EXPECT_NE(*robustness_clips(scores, 12).rbegin(), 35U);
}

TEST(RobustnessClips, OfOneClassAreHalfAsMany) {
  EXPECT_EQ(robustness_clips(some_scores(30, 0), 10).size(), 5U);
  EXPECT_EQ(robustness_clips(some_scores(0, 2), 10).size(), 2U);
  EXPECT_TRUE(robustness_clips({}, 10).empty());
}

TEST(RobustnessClips, LeaveOutWhatCouldNotBeRead) {
  std::vector<ClipScore> scores = some_scores(2, 2);
  scores[0].reason = to_string(Reason::kError);
  scores[1].reason = to_string(Reason::kNoFace);
  EXPECT_EQ(robustness_clips(scores, 10).size(), 2U);
  EXPECT_EQ(names_of(scores, 10).count("real1"), 1U);
}

class Robustness : public testing::Test {
 protected:
  static std::shared_ptr<Engine> engine() {
    EngineConfig config;
    config.model_file = test::shared_model();
    return Engine::load(config);
  }

  std::vector<RobustnessPoint> measure(const std::vector<Clip>& clips,
                                       const std::vector<ClipScore>& scores) {
    return measure_robustness(clips, scores, engine(), {},
                              {[this](const std::string& text) { said_.push_back(text); },
                               [this](int done, int of) { progress_.emplace_back(done, of); }});
  }

  std::vector<std::string> said_;
  std::vector<std::pair<int, int>> progress_;
};

// A picture without a face, and a clip that is gone.
TEST_F(Robustness, ClipsWithoutAScoreAreCountedAndSaid) {
  const std::string path = (test::scratch_folder("robustness") / "flat.png").string();
  write_picture(path, cv::Mat(95, 127, CV_8UC3, cv::Scalar(90, 100, 110)));
  Clip flat;
  flat.file = "flat.png";
  flat.path = path;
  Clip gone;
  gone.file = "gone.mp4";
  gone.path = "/nowhere/gone.mp4";
  gone.fake = true;
  const auto points =
      measure({flat, gone}, {score_of("flat.png", false, 0.25), score_of("gone.mp4", true, 0.75)});
  ASSERT_EQ(points.size(), 15U);
  EXPECT_EQ(points[0].change, "none");
  EXPECT_FALSE(points[0].level);
  EXPECT_EQ(points[0].auc, 1);
  EXPECT_EQ(points[0].real, 0.25);
  EXPECT_EQ(points[0].fake, 0.75);
  EXPECT_EQ(points[0].unscored, 0U);
  for (std::size_t i = 1; i < points.size(); ++i) {
    EXPECT_EQ(points[i].unscored, 2U) << points[i].change;
    EXPECT_EQ(points[i].auc, 0.5) << points[i].change;
    EXPECT_FALSE(points[i].real) << points[i].change;
  }
  ASSERT_EQ(said_.size(), 14U);  // Of the picture nothing is wrong.
  EXPECT_NE(said_.front().find("JPEG quality 90"), std::string::npos) << said_.front();
  EXPECT_NE(said_.back().find("H.264 quantizer 44"), std::string::npos) << said_.back();
  ASSERT_EQ(progress_.size(), 28U);
  EXPECT_EQ(progress_.back(), (std::pair{28, 28}));
}

TEST_F(Robustness, RefusesScoresOfOtherClips) { EXPECT_THROW(measure({Clip()}, {}), Error); }

TEST(RobustnessPoints, AreJsonWithNulls) {
  RobustnessPoint point{"scale", 0.35, std::nullopt, 0.5, std::nullopt, 3};
  EXPECT_EQ(to_json(point).dump(), R"({"change":"scale","level":0.35,"auc":null,"real":0.5,)"
                                   R"("fake":null,"unscored":3})");
  EXPECT_TRUE(to_json(RobustnessPoint{"none", {}, 1, 0, 1, 0})["level"].is_null());
}

TEST(RobustnessPoints, AreLinesOfATable) {
  const std::string table =
      robustness_table({{"none", {}, 0.9, 0.2, 0.8, 0}, {"scale", 0.35, std::nullopt, 0.4, {}, 3}});
  EXPECT_EQ(table,
            "when clips get worse             AUC mean real mean fake  unscored\n"
            "  undisturbed                  0.900     0.200     0.800         0\n"
            "  scale 0.35                       -     0.400         -         3\n");
}

TEST(RobustnessPoints, AreCurvesThatBeginUndisturbed) {
  const std::vector<RobustnessPoint> points{{"none", {}, 0.9, 0.2, 0.8, 0},
                                            {"jpeg", 90, 0.85, 0.3, 0.8, 0},
                                            {"jpeg", 30, std::nullopt, 0.4, 0.8, 1},
                                            {"h264", 23, 0.7, 0.3, 0.7, 0}};
  const std::vector<Series> series = robustness_series(points);
  ASSERT_EQ(series.size(), 12U);
  EXPECT_EQ(series[0].x, (std::vector<double>{100, 90, 30}));
  EXPECT_EQ(series[0].y[0], 0.9);
  EXPECT_EQ(series[0].y[1], 0.85);
  EXPECT_TRUE(std::isnan(series[0].y[2]));
  EXPECT_EQ(series[1].y, (std::vector<double>{0.2, 0.3, 0.4}));
  EXPECT_EQ(series[1].x_label, series[2].x_label);
  EXPECT_EQ(series[1].y_label, series[2].y_label);
  EXPECT_EQ(series.back().x, (std::vector<double>{0, 23}));
  EXPECT_EQ(series.back().y, (std::vector<double>{0.8, 0.7}));
  EXPECT_TRUE(robustness_series({}).empty());
}

}  // namespace
}  // namespace dfd
