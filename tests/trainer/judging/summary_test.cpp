// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/summary.h"

#include <cmath>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "judging/pairs.h"
#include "judging/shortcuts.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

ClipScore clip(const std::string& file, bool fake, std::optional<double> logit) {
  ClipScore made;
  made.file = file;
  made.fake = fake;
  made.logit = logit;
  if (logit) made.probability = 1 / (1 + std::exp(-*logit));
  return made;
}

// Two generators; "good" is found, "bad" is not. Everybody is somebody else.
std::vector<ClipScore> two_generators() {
  std::vector<ClipScore> clips;
  for (int i = 0; i < 12; ++i) {
    const std::string number = std::to_string(i);
    clips.push_back(clip("real" + number, false, 0.1 * i - 1));
    clips.back().group = i < 6 ? "indoors" : "outdoors";
    clips.push_back(clip("good" + number, true, 2 + 0.1 * i));
    clips.back().generator = "good";
    clips.back().group = "indoors";
    clips.push_back(clip("bad" + number, true, -2 - 0.1 * i));
    clips.back().generator = "bad";
    clips.back().group = "indoors";
  }
  return clips;
}

Json summary_of(const std::vector<ClipScore>& clips, int draws = 50) {
  SummaryOptions options;
  options.bootstrap.draws = draws;
  return summarize(clips, options)["summary"];
}

bool has_remark(const Json& summary, const std::string& text) {
  for (const Json& remark : summary["remarks"]) {
    if (remark.get<std::string>().find(text) != std::string::npos) return true;
  }
  return false;
}

TEST(Summary, GeneratorsStandApart) {
  const Json summary = summary_of(two_generators());
  ASSERT_EQ(summary["by_generator"].size(), 2U);
  const Json& bad = summary["by_generator"][0];
  EXPECT_EQ(bad["generator"], "bad");
  EXPECT_DOUBLE_EQ(bad["all"]["auc"]["value"], 0);
  EXPECT_EQ(bad["all"]["real"], 12);
  EXPECT_EQ(bad["own_group"]["real"], 6);
  EXPECT_DOUBLE_EQ(summary["by_generator"][1]["all"]["auc"]["value"], 1);
  EXPECT_DOUBLE_EQ(summary["overall"]["auc"]["value"], 0.5);
  EXPECT_LT(summary["overall"]["auc"]["low"], 0.5);
  EXPECT_GT(summary["overall"]["auc"]["high"], 0.5);
  EXPECT_EQ(summary["bootstrap"]["groups"], 36);
}

TEST(Summary, FiguresAreTheKnownOnes) {
  // Flagged from 0.5 on: the fake with 1, the real one with 0. Found: 1 of 2, passed: 1 of 2.
  const Json overall = summary_of({clip("a", true, 1), clip("b", true, -1), clip("c", false, 0),
                                   clip("d", false, std::nullopt)})["overall"];
  EXPECT_DOUBLE_EQ(overall["accuracy"]["value"], 0.5);
  EXPECT_DOUBLE_EQ(overall["auc"]["value"], 0.75);
  EXPECT_EQ(overall["unscored"], 1);
  const double p = 1 / (1 + std::exp(-1.0));
  EXPECT_NEAR(overall["brier"]["value"].get<double>(), ((1 - p) * (1 - p) + p * p + 0.25) / 3,
              1e-12);
  EXPECT_EQ(overall["reals_needed"]["tpr_at_1"], 100);
}

TEST(Summary, OneClassHasNoRanksAndSaysSo) {
  const Json summary = summary_of({clip("a", true, 1), clip("b", true, -1)});
  EXPECT_TRUE(summary["overall"]["auc"].is_null());
  EXPECT_TRUE(summary["overall"]["tpr_at_1"].is_null());
  EXPECT_DOUBLE_EQ(summary["overall"]["accuracy"]["value"], 0.5);
  EXPECT_TRUE(has_remark(summary, "one class only"));
  EXPECT_NE(summary_table({{"summary", summary}}).find(" - "), std::string::npos);
}

TEST(Summary, NothingIsNoCrash) {
  const Json summary = summary_of({});
  EXPECT_EQ(summary["clips"]["all"], 0);
  EXPECT_TRUE(summary["overall"]["accuracy"].is_null());
  EXPECT_TRUE(summary["no_skill"]["majority_accuracy"].is_null());
  EXPECT_FALSE(summary_table({{"summary", summary}}).empty());
}

TEST(Summary, NoSkillIsOfTheShares) {
  const Json summary =
      summary_of({clip("a", true, 1), clip("b", true, 1), clip("c", true, 1), clip("d", false, 0)});
  EXPECT_DOUBLE_EQ(summary["no_skill"]["majority_accuracy"], 0.75);
  EXPECT_NEAR(summary["no_skill"]["constant_log_loss"].get<double>(),
              -0.75 * std::log(0.75) - 0.25 * std::log(0.25), 1e-12);
}

TEST(Summary, UnscoredAreCountedByReason) {
  std::vector<ClipScore> clips{clip("a", true, std::nullopt), clip("b", false, std::nullopt),
                               clip("c", false, std::nullopt), clip("d", false, 1)};
  clips[0].reason = clips[1].reason = "no-face";
  const Json summary = summary_of(clips);
  EXPECT_EQ(summary["clips"]["unscored"], 3);
  EXPECT_EQ(summary["unscored"][0], (Json{{"reason", "no-face"}, {"real", 1}, {"fake", 1}}));
  EXPECT_EQ(summary["unscored"][1], (Json{{"reason", "unknown"}, {"real", 1}, {"fake", 0}}));
}

TEST(Summary, FaceSizesComeInOrder) {
  std::vector<ClipScore> clips;
  for (const double size : {200.0, 160.0, 159.9, 96.0, 64.0, 63.9, 0.0}) {
    clips.push_back(clip("c" + std::to_string(clips.size()), false, 0));
    clips.back().face_size = size;
  }
  const Json sizes = summary_of(clips)["by_face_size"];
  ASSERT_EQ(sizes.size(), 5U);
  EXPECT_EQ(sizes[0]["face_size"], "<64");
  EXPECT_EQ(sizes[1]["face_size"], "64-96");
  EXPECT_EQ(sizes[2]["real"], 2);
  EXPECT_EQ(sizes[3]["real"], 2);
  EXPECT_EQ(sizes[4]["face_size"], "unknown");
}

TEST(Summary, WhatIsNotFiniteIsRefusedByName) {
  std::vector<ClipScore> clips{clip("odd.mp4", true, 1)};
  clips[0].logit = std::nan("");
  EXPECT_THROW(summary_of(clips), Error);
  clips[0].logit = 1;
  clips[0].probability = 1.5;
  EXPECT_THROW(summary_of(clips), Error);
  clips[0].probability.reset();
  try {
    summary_of(clips);
    FAIL() << "accepted a logit alone";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("odd.mp4"), std::string::npos);
  }
  SummaryOptions options;
  options.threshold = std::nan("");
  EXPECT_THROW(summarize({}, options), Error);
}

TEST(Summary, FewGroupsMakeIntervalsSuspect) {
  std::vector<ClipScore> clips = two_generators();
  for (ClipScore& of_one : clips) of_one.identity = {"the same"};
  const Json summary = summary_of(clips);
  EXPECT_TRUE(has_remark(summary, "1 groups"));
  EXPECT_TRUE(summary["overall"]["auc"]["low"].is_null());
}

TEST(SummaryTable, ColumnsStandUnderTheirHeadings) {
  const std::string table = summary_table(summarize(two_generators(), {}));
  const std::size_t end = table.find('\n');
  const std::size_t column = table.find("AUC") + 3;
  EXPECT_LT(column, end);
  EXPECT_EQ(table.substr(end + 1 + column - 5, 5), "0.500");
  EXPECT_NE(table.find("accuracy 0.667 (always the more frequent class), log loss 0.637 (always"),
            std::string::npos)
      << table;
}

TEST(SummaryTable, NamesDoNotReachTheTerminalRaw) {
  std::vector<ClipScore> clips = two_generators();
  clips[1].generator = "\x1b[2Jgone\xc2\x9b\xff";
  const std::string table = summary_table(summarize(clips, {}));
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
  EXPECT_EQ(table.find("\xc2\x9b"), std::string::npos);
  EXPECT_NE(table.find("?[2Jgone?"), std::string::npos);
  EXPECT_THROW(summary_table(Json::object()), Error);
}

TEST(Pairs, BySourceThenWithinGroup) {
  std::vector<ClipScore> clips{clip("r1", false, 0),   clip("r2", false, 3),
                               clip("f1", true, 1),    clip("f2", true, 2),
                               clip("f3", true, 3),    clip("lost", true, 9),
                               clip("other", true, 9), clip("mute", true, std::nullopt)};
  clips[0].group = clips[1].group = clips[4].group = "g";
  clips[2].source = "r1";  // Right.
  clips[3].source = "r2";  // Wrong.
  clips[6].group = "elsewhere";
  clips[7].source = "r1";  // Wrong: no score ranks lowest.
  const Json pairs = matched_pairs(JudgedClips(clips, 0.5, {20, 1}));
  EXPECT_EQ(pairs["by_source"]["pairs"], 3);
  EXPECT_DOUBLE_EQ(pairs["by_source"]["right"]["value"], 1.0 / 3);
  // f3 against r1, right, and r2, equal.
  EXPECT_EQ(pairs["within_group"]["pairs"], 2);
  EXPECT_DOUBLE_EQ(pairs["within_group"]["right"]["value"], 0.75);
  EXPECT_EQ(pairs["unmatched"], 2);
}

TEST(Pairs, NoneIsNull) {
  const Json pairs = matched_pairs(JudgedClips({}, 0.5, {20, 1}));
  EXPECT_TRUE(pairs["by_source"]["right"].is_null());
  EXPECT_TRUE(pairs["within_group"]["right"].is_null());
}

// The model is right in 90 of 100; bytes rank the classes the other way round, sharpness not at
// all.
TEST(Shortcuts, AlarmOnWhatTellsClassesApart) {
  std::vector<ClipScore> clips;
  for (int i = 0; i < 10; ++i) {
    clips.push_back(clip("f" + std::to_string(i), true, i == 0 ? -5 : 5));
    clips.back().bytes = 100 + i;
    clips.back().sharpness = 1 + i;
    clips.push_back(clip("r" + std::to_string(i), false, 0));
    clips.back().bytes = 200 + i;
    clips.back().sharpness = 1 + i;
  }
  const Json alarms = shortcut_alarms(JudgedClips(clips, 0.5, {20, 1}));
  ASSERT_EQ(alarms.size(), 3U);  // Of pixels and brightness nothing is known.
  EXPECT_EQ(alarms[0]["by"], "constant");
  EXPECT_EQ(alarms[0]["alarm"], false);
  EXPECT_EQ(alarms[0]["why"], "");
  EXPECT_EQ(alarms[1]["by"], "bytes");
  EXPECT_EQ(alarms[1]["alarm"], true);
  EXPECT_DOUBLE_EQ(alarms[1]["auc"]["value"], 0);
  EXPECT_EQ(alarms[2]["by"], "sharpness");
  EXPECT_EQ(alarms[2]["alarm"], false);
}

TEST(Shortcuts, AModelLikeAConstantIsAnAlarm) {
  const std::vector<ClipScore> clips{clip("a", true, 1), clip("b", false, 1)};
  const Json alarms = shortcut_alarms(JudgedClips(clips, 0.5, {20, 1}));
  EXPECT_EQ(alarms[0]["by"], "constant");
  EXPECT_EQ(alarms[0]["alarm"], true);
  EXPECT_NE(alarms[0]["why"].get<std::string>().find("as well as the model"), std::string::npos);
}

}  // namespace
}  // namespace dfd
