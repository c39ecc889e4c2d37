// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/report.h"

#include <cmath>
#include <limits>
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "base/text.h"
#include "detector/error.h"
#include "judging/page/plain_words.h"
#include "judging/summary.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kPng[] = "\x89PNG\r\n\x1a\n rest";

ClipScore clip(const std::string& file, bool fake, std::optional<double> logit) {
  ClipScore made;
  made.file = file;
  made.fake = fake;
  made.logit = logit;
  if (logit) made.probability = 1 / (1 + std::exp(-*logit));
  return made;
}

// Ranked well, with two mistakes and two without a score.
std::vector<ClipScore> some_clips() {
  std::vector<ClipScore> clips;
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    clips.push_back(clip("real" + number, false, -2 + 0.05 * i));
    clips.push_back(clip("fake" + number, true, 2 - 0.05 * i));
    clips.back().generator = i % 2 == 0 ? "blend" : "paste";
    clips.back().source = "real" + number;
  }
  clips.push_back(clip("wrong-real", false, 4));
  clips.push_back(clip("wrong-fake", true, -3));
  clips.push_back(clip("mute-real", false, std::nullopt));
  clips.push_back(clip("mute-fake", true, std::nullopt));
  return clips;
}

ReportInput input_of(const std::vector<ClipScore>& clips) {
  ReportInput input;
  input.clips = clips;
  SummaryOptions options;
  options.bootstrap.draws = 20;
  options.model_id = "a model";
  input.summary = summarize(clips, options);
  return input;
}

// With all that a page can have.
ReportInput full_input() {
  ReportInput input = input_of(some_clips());
  input.date = "today";
  input.calibration = calibrate({{1, true}, {-1, false}, {0.5, true}, {0.7, false}}, {});
  input.training = {{"train", "epoch", "log loss", {1, 2}, {0.6, 0.4}},
                    {"validation", "epoch", "log loss", {1, 2}, {0.65, 0.5}}};
  input.robustness = {{"H.264", "quantizer", "AUC", {23, 33}, {0.9, 0.8}},
                      {"blur", "pixels", "AUC", {0, 1}, {0.9, 0.7}}};
  input.pictures = {{"wrong-real", kPng}};
  input.data_check = {{"clips", 44}, {"copies", Json::array({{{"file", "a"}, {"of", "b"}}})}};
  input.provenance = {{"program", "1.0"}};
  return input;
}

std::size_t count(const std::string& text, const std::string& of) {
  std::size_t found = 0;
  for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++found;
  return found;
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), regex), end; i != end; ++i) {
    found.push_back((*i)[1]);
  }
  return found;
}

void expect_refused(const ReportInput& input, const std::string& text) {
  try {
    make_report(input);
    FAIL() << "accepted; expected: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
  }
}

// Every tag that opens closes, in turn.
void expect_balanced(const std::string& page) {
  const std::set<std::string> alone{"meta", "img", "!DOCTYPE"};
  std::vector<std::string> open;
  const std::string body = page.substr(page.find("</style>") + 8);
  const std::regex tag("<(/?)([a-zA-Z0-9!]+)[^>]*?(/?)>");
  for (std::sregex_iterator i(body.begin(), body.end(), tag), end; i != end; ++i) {
    if ((*i)[3].length() > 0 || alone.count((*i)[2]) > 0) continue;
    if ((*i)[1].length() == 0) {
      open.push_back((*i)[2]);
    } else {
      // What was open before the style sheet closes at the end.
      const std::string expected = open.empty() ? (*i)[2].str() : open.back();
      ASSERT_EQ((*i)[2], expected);
      if (!open.empty()) open.pop_back();
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, LoadsNothingFromElsewhere) {
  const std::string page = make_report(full_input());
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("http:"), std::string::npos);
  EXPECT_EQ(page.find("https:"), std::string::npos);
  EXPECT_EQ(page.find("@import"), std::string::npos);
  for (const std::string& source : matches(page, "src=\"([^\"]*)\"")) {
    EXPECT_EQ(source.rfind("data:image/png;base64,", 0), 0U);
  }
  for (const std::string& url : matches(page, "url\\(([^)]*)\\)")) EXPECT_EQ(url[0], '#');
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(Report, IsWellFormed) {
  const std::string page = make_report(full_input());
  expect_balanced(page);
  const std::vector<std::string> ids = matches(page, " id=\"([^\"]*)\"");
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
  EXPECT_EQ(page.find("nan"), std::string::npos);
}

TEST(Report, CanBeReadWithoutSeeing) {
  const std::string page = make_report(full_input());
  EXPECT_EQ(count(page, "<h1>"), 1U);
  std::string last = "1";
  for (const std::string& level : matches(page, "<h([1-6])>")) {
    EXPECT_LE(std::stoi(level), std::stoi(last) + 1);
    last = level;
  }
  EXPECT_EQ(matches(page, "<th([ >])").size(), count(page, "<th scope="));
  EXPECT_EQ(count(page, "role=\"img\""), count(page, "<desc "));
  EXPECT_EQ(count(page, "role=\"img\""), 4U + 1 + 2);  // Scores, training, robustness.
  EXPECT_EQ(count(page, "<img "), count(page, "<img alt=\"Face"));
  EXPECT_NE(page.find("<html lang=\"en\">"), std::string::npos);
  EXPECT_NE(page.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_NE(page.find("@media print"), std::string::npos);
}

TEST(Report, NothingFromOutsideIsMarkup) {
  const std::string hostile = "</title></style><script>alert(\"x\")</script>'&\xff\x01<img src=x>";
  std::vector<ClipScore> clips = some_clips();
  for (ClipScore& one : clips) {
    one.file += hostile;
    one.generator = one.fake ? hostile : "";
    one.source += hostile;
    one.group = one.compression = hostile + (one.fake ? "1" : "2");
    one.verdict = one.reason = hostile;
  }
  SummaryOptions options;
  options.bootstrap.draws = 5;
  options.model_id = options.manifest_digest = hostile;
  ReportInput input = full_input();
  input.clips = clips;
  input.summary = summarize(clips, options);
  input.title = input.date = hostile;
  input.pictures = {{clips[40].file, kPng}};
  for (Series& series : input.training) series.name = series.x_label = series.y_label = hostile;
  input.data_check = {{hostile, {{hostile, Json::array({hostile, {{hostile, hostile}}})}}}};
  input.data_check["records"] = Json::array({{{hostile, hostile}}});
  input.provenance = {{hostile, hostile}};
  const std::string page = make_report(input);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_EQ(page.find("<img src=x"), std::string::npos);
  EXPECT_EQ(count(page, "<img "), 1U);
  EXPECT_EQ(count(page, "</title></style>"), 0U);
  EXPECT_EQ(page.find('\x01'), std::string::npos);
  EXPECT_TRUE(utf8(page) == page);
  expect_balanced(page);
}

TEST(Report, WorksWithLittleOrNothing) {
  for (const std::vector<ClipScore>& clips :
       {std::vector<ClipScore>{},
        {clip("a", true, 1)},
        {clip("a", false, std::nullopt)},
        {clip("a", true, std::nullopt), clip("b", false, 3)}}) {
    const std::string page = make_report(input_of(clips));
    expect_balanced(page);
    EXPECT_EQ(page.find("nan"), std::string::npos);
    EXPECT_EQ(page.find("<img"), std::string::npos);
  }
}

TEST(Report, MistakesAreNamed) {
  ReportInput input = full_input();
  input.clips.pop_back();
  expect_refused(input, "summary is of 44 clips");
  input = full_input();
  input.summary = Json::object();
  expect_refused(input, "as summarize() makes it");
  input = full_input();
  input.summary["summary"]["overall"] = 3;
  expect_refused(input, "as summarize() makes it");
  input = full_input();
  input.training[0].y.pop_back();
  expect_refused(input, "2 places and 1 values");
  input = full_input();
  input.pictures[0].bytes = "<svg>";
  expect_refused(input, "neither PNG nor JPEG");
  input = full_input();
  input.data_check = Json::array({1});
  expect_refused(input, "an object expected");
}

TEST(Report, GapsInASeriesAreNoNumbers) {
  ReportInput input = full_input();
  input.training[0].y = {std::nan(""), std::numeric_limits<double>::infinity()};
  EXPECT_EQ(make_report(input).find("nan"), std::string::npos);
}

TEST(WorstClips, MostWrongFirstAndScoredOnly) {
  const std::vector<ClipScore> clips = some_clips();
  EXPECT_EQ(worst_clips(clips, 0.5, 12), (std::vector<std::size_t>{40, 41}));
  EXPECT_EQ(worst_clips(clips, 0.5, 1), (std::vector<std::size_t>{40}));
  // Both probabilities round to 1.
  EXPECT_EQ(worst_clips({clip("a", false, 60), clip("b", false, 90)}, 0.5, 9),
            (std::vector<std::size_t>{1, 0}));
}

TEST(PlainWords, SayWhatTheFiguresSay) {
  const auto words_of = [](const std::vector<ClipScore>& clips) {
    return plain_words(clips, input_of(clips).summary["summary"]);
  };
  EXPECT_EQ(words_of({clip("a", true, 1)}).verdict,
            "Nothing can be said: clips of both classes are needed.");
  EXPECT_EQ(words_of({clip("a", true, 1), clip("b", false, 1)}).verdict,
            "On these clips the model cannot be told from a coin.");
  std::vector<ClipScore> clips = some_clips();
  const PlainWords words = words_of(clips);
  EXPECT_EQ(words.verdict, "On these clips the model is a hint beside others.");
  EXPECT_NE(words.says[0].find("44 clips were judged, 22 real and 22 fake. 2 of them"),
            std::string::npos);
  // Of 22 fakes 20 are flagged, of 22 real ones 1: with 1 % fakes 17 of 100 alarms are right.
  EXPECT_NE(words.says[2].find("flags 91 of 100 fakes, and 5 of 100 real"), std::string::npos);
  EXPECT_NE(words.says[3].find("17 of 100 flagged"), std::string::npos);
  for (ClipScore& one : clips) one.bytes = one.fake ? 2 : 1;
  EXPECT_EQ(words_of(clips).verdict.rfind("Not to be believed yet", 0), 0U);
}

// None of 10 flagged: the rate may still be 1 - 0.025^(1/10).
TEST(PlainWords, NoFalseAlarmIsNoProofOfNone) {
  std::vector<ClipScore> clips{clip("f", true, 2)};
  for (int i = 0; i < 10; ++i) clips.push_back(clip("r" + std::to_string(i), false, -1));
  const PlainWords words = plain_words(clips, input_of(clips).summary["summary"]);
  EXPECT_NE(words.says.back().find("as high as 30.8 %"), std::string::npos) << words.says.back();
}

}  // namespace
}  // namespace dfd
