// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/clip_score.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

ClipScore scored_clip() {
  ClipScore clip;
  clip.file = "fakes/a.mp4";
  clip.fake = true;
  clip.generator = "blend";
  clip.group = "studio";
  clip.compression = "c23";
  clip.identity = {"id1", "id2"};
  clip.source = "reals/a.mp4";
  clip.logit = 1.25;
  clip.probability = 0.75;
  clip.verdict = "manipulated";
  clip.samples = 40;
  clip.windows = 21;
  clip.seconds_to_verdict = 3.5;
  clip.face_size = 120;
  clip.bytes = 4096;
  return clip;
}

void expect_refused(const std::string& key, const Json& value) {
  Json line = to_json(scored_clip());
  line[key] = value;
  try {
    from_json(line, "scores.jsonl:7");
    FAIL() << "accepted " << key << " " << value;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_NE(std::string(error.what()).find("scores.jsonl:7: \"" + key), std::string::npos)
        << error.what();
  }
}

TEST(ClipScore, ComesBackAsItWasWritten) {
  const Json line = to_json(scored_clip());
  const ClipScore back = from_json(Json::parse(line.dump()), "line 1");
  EXPECT_EQ(to_json(back), line);
  EXPECT_EQ(back.identity, scored_clip().identity);
  EXPECT_EQ(back.source, "reals/a.mp4");
  EXPECT_DOUBLE_EQ(back.bytes, 4096);
  EXPECT_DOUBLE_EQ(*back.seconds_to_verdict, 3.5);
}

ClipScore blended_clip() {
  ClipScore clip = scored_clip();
  clip.evidence = "seam";
  clip.seam_probability = 0.75;
  clip.generated_probability = 0.25;
  return clip;
}

TEST(ClipScore, KindsOfEvidenceComeBack) {
  const Json line = to_json(blended_clip());
  EXPECT_NE(line.dump().find(R"("probability":0.75,"evidence":"seam","seam_probability":0.75,)"
                             R"("generated_probability":0.25,"verdict")"),
            std::string::npos)
      << line;
  const ClipScore back = from_json(Json::parse(line.dump()), "line 1");
  EXPECT_EQ(back.evidence, "seam");
  EXPECT_EQ(back.seam_probability, 0.75);
  EXPECT_EQ(back.generated_probability, 0.25);
}

TEST(ClipScore, HalfAKindOfEvidenceIsAMistake) {
  const auto refused = [](const std::function<void(Json&)>& change) {
    Json line = to_json(blended_clip());
    change(line);
    try {
      from_json(line, "line 1");
    } catch (const Error&) {
      return true;
    }
    return false;
  };
  EXPECT_FALSE(refused([](Json&) {}));
  EXPECT_TRUE(refused([](Json& line) { line["evidence"] = "rendered"; }));
  EXPECT_TRUE(refused([](Json& line) { line["evidence"] = 1; }));
  EXPECT_TRUE(refused([](Json& line) { line.erase("evidence"); }));
  EXPECT_TRUE(refused([](Json& line) { line.erase("seam_probability"); }));
  EXPECT_TRUE(refused([](Json& line) { line["generated_probability"] = 1.5; }));
  EXPECT_TRUE(refused([](Json& line) { line["generated_probability"] = nullptr; }));
  EXPECT_TRUE(refused([](Json& line) { line["logit"] = line["probability"] = nullptr; }));
}

TEST(ClipScore, WhatIsMissingIsNull) {
  ClipScore clip;
  clip.file = "a.mp4";
  clip.reason = "no-face";
  EXPECT_EQ(to_json(clip).dump(),
            R"({"path":"a.mp4","label":"real","generator":null,"group":null,"logit":null,)"
            R"("probability":null,"verdict":null,"reason":"no-face","samples":0,"windows":0,)"
            R"("partial":false,"seconds_to_verdict":null})");
  EXPECT_FALSE(from_json(to_json(clip), "line 1").logit.has_value());
}

TEST(ClipScore, NamesThatAreNoUtf8ComeBackByteByByte) {
  ClipScore clip = scored_clip();
  clip.file = "a\xff.mp4";
  const std::string text = to_json(clip).dump();
  EXPECT_NE(text.find("\"path_hex\":\"61ff2e6d7034\""), std::string::npos) << text;
  EXPECT_EQ(from_json(Json::parse(text), "line 1").file, clip.file);
}

TEST(ClipScore, MistakesAreNamed) {
  expect_refused("path", "");
  expect_refused("path", nullptr);
  expect_refused("path_hex", "6");
  expect_refused("path_hex", "zz");
  expect_refused("path_hex", "6162");
  expect_refused("path_hex", 3);
  expect_refused("label", "FAKE");
  expect_refused("label", true);
  expect_refused("generator", 4);
  expect_refused("logit", "1.0");
  expect_refused("logit", Json::parse("1e999", nullptr, false));
  expect_refused("probability", 1.5);
  expect_refused("probability", -0.1);
  expect_refused("probability", nullptr);
  expect_refused("samples", -1);
  expect_refused("samples", 1.5);
  expect_refused("windows", 1e12);
  expect_refused("partial", 0);
  expect_refused("seconds_to_verdict", -1);
  expect_refused("identity", "id1");
  expect_refused("identity", Json::array({1}));
  expect_refused("face_size", -3);
  expect_refused("colour", "red");
}

TEST(ClipScore, EveryKeyIsNeeded) {
  for (const char* key : {"path", "label", "generator", "group", "logit", "probability", "verdict",
                          "reason", "samples", "windows", "partial", "seconds_to_verdict"}) {
    Json line = to_json(scored_clip());
    line.erase(key);
    EXPECT_THROW(from_json(line, "line 1"), Error) << key;
  }
  EXPECT_THROW(from_json(Json::array(), "line 1"), Error);
  EXPECT_THROW(from_json(nullptr, "line 1"), Error);
}

}  // namespace
}  // namespace dfd
