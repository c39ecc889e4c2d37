// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The results as text for other people's streams: what is written, and what of a stranger's text is
// believed.

#include <gst/gst.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gstdeepfakepayload.h"
#include "gstdeepfakesei.h"
#include "marked_video.h"

namespace {

namespace test = dfd::test;
using Json = nlohmann::ordered_json;

// The header of an SEI unit in H.264.
const std::vector<guint8> kSeiHeader = {6};

class Payload : public testing::Test {
 protected:
  void SetUp() override {
    from_ = gst_buffer_new();
    to_ = gst_buffer_new();
    auto worse = test::make_face(7, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.91239);
    worse.score = 0.5;
    auto young = test::make_face(4, -20, 0, 64, GST_DEEPFAKE_VERDICT_UNDECIDED, -1);
    young.windows = 0;
    young.partial = TRUE;
    test::mark(from_, 320, 240, {young, worse});
    text_ = gst_deepfake_payload_write(gst_buffer_get_deepfake_meta(from_), from_);
  }
  void TearDown() override {
    gst_buffer_unref(from_);
    gst_buffer_unref(to_);
  }
  const GstDeepfakeMeta* read(const std::string& text, guint width = 640, guint height = 480) {
    const GstDeepfakeMeta* meta =
        gst_deepfake_payload_read(text, width, height, to_, left_out_, refusal_);
    EXPECT_EQ(meta == nullptr, !refusal_.empty()) << text;
    EXPECT_EQ(meta, gst_buffer_get_deepfake_meta(to_)) << "a refused text leaves no trace";
    return meta;
  }
  // The text, changed; refused when the change is of the kind.
  void expect_refused(const std::function<void(Json&)>& change, const std::string& what) {
    Json json = Json::parse(text_);
    change(json);
    EXPECT_EQ(read(json.dump()), nullptr) << what << ": " << json.dump();
  }

  GstBuffer* from_ = nullptr;
  GstBuffer* to_ = nullptr;
  std::string text_;
  guint64 left_out_ = 0;
  std::string refusal_;
};

TEST_F(Payload, IsTheTextThatIsDocumented) {
  EXPECT_EQ(
      text_,
      R"({"v":1,"stream":"camera","model":"0123456789ab","verdict":"manipulated","reason":"none",)"
      R"("p":0.9124,"threshold":0.75,"n":2,"faces":[)"
      R"({"id":7,"box":[0.125,0.25,0.25,0.3333],"conf":0.875,"p":0.9124,"score":0.5,)"
      R"("verdict":"manipulated","windows":5,"samples":24},)"
      R"({"id":4,"box":[-0.0625,0.0,0.2,0.2667],"conf":0.875,)"
      R"("verdict":"undecided","reason":"warming-up","windows":0,"samples":24,"partial":true}]})");
}

TEST_F(Payload, BringsTheMetaAcrossAndItsBoxesToTheNewSize) {
  const GstDeepfakeMeta* meta = read(text_);
  ASSERT_NE(meta, nullptr) << refusal_;
  EXPECT_STREQ(meta->stream_id, "camera");
  EXPECT_STREQ(meta->model_id, "0123456789ab");
  EXPECT_EQ(meta->verdict, GST_DEEPFAKE_VERDICT_MANIPULATED);
  EXPECT_STREQ(meta->reason, "none");
  EXPECT_EQ(meta->probability, 0.9124);
  EXPECT_EQ(meta->threshold, 0.75);
  ASSERT_EQ(meta->n_faces, 2U);
  const GstDeepfakeFace& young = meta->faces[0];
  EXPECT_EQ(young.track_id, 4U) << "by ascending track id";
  EXPECT_EQ(young.x, -40);
  EXPECT_EQ(young.probability, -1);
  EXPECT_EQ(young.score, -1);
  EXPECT_EQ(young.verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
  EXPECT_STREQ(young.reason, "warming-up");
  EXPECT_TRUE(young.partial);
  const GstDeepfakeFace& worse = meta->faces[1];
  EXPECT_EQ(worse.track_id, 7U);
  EXPECT_NEAR(worse.x, 80, 0.05);
  EXPECT_NEAR(worse.height, 160, 0.05);
  EXPECT_EQ(worse.detection_confidence, 0.875F);
  EXPECT_EQ(worse.score, 0.5);
  EXPECT_EQ(worse.verdict, GST_DEEPFAKE_VERDICT_MANIPULATED);
  EXPECT_STREQ(worse.reason, "none");
  EXPECT_EQ(worse.windows, 5U);
  EXPECT_EQ(worse.samples, 24U);
  EXPECT_FALSE(worse.partial);
  double x = 0, y = 0, width = 0, height = 0;
  EXPECT_TRUE(gst_deepfake_meta_locate_face(meta, to_, 1, &x, &y, &width, &height));
  EXPECT_EQ(left_out_, 0U);
}

// Of a worst face that is blended, and another that says nothing of kinds.
std::string with_evidence(GstBuffer* buffer) {
  auto face = test::make_face(7, 80, 120, 160, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
  test::set_evidence(face, GST_DEEPFAKE_EVIDENCE_SEAM, 0.91237, 0.25);
  test::mark(buffer, 640, 480,
             {test::make_face(4, 0, 0, 9, GST_DEEPFAKE_VERDICT_UNDECIDED, -1), face});
  return gst_deepfake_payload_write(gst_buffer_get_deepfake_meta(buffer), buffer);
}

TEST_F(Payload, BringsTheEvidenceAcrossAndTheStreamsIsTheWorstFaces) {
  const std::string text = with_evidence(from_);
  EXPECT_NE(text.find(R"("score":0.9,"evidence":"seam","seam":0.9124,"generated":0.25,"verdict")"),
            std::string::npos)
      << text;
  const GstDeepfakeMeta* meta = read(text);
  ASSERT_NE(meta, nullptr) << refusal_;
  EXPECT_EQ(meta->evidence, GST_DEEPFAKE_EVIDENCE_SEAM);
  EXPECT_EQ(meta->seam_probability, 0.9124);
  EXPECT_EQ(meta->generated_probability, 0.25);
  EXPECT_EQ(meta->faces[0].evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->faces[0].seam_probability, -1);
  EXPECT_EQ(meta->faces[1].evidence, GST_DEEPFAKE_EVIDENCE_SEAM);
  EXPECT_EQ(meta->faces[1].seam_probability, 0.9124);
  EXPECT_EQ(meta->faces[1].generated_probability, 0.25);
}

TEST_F(Payload, WithoutEvidenceThereIsNoKind) {
  EXPECT_EQ(text_.find("evidence"), std::string::npos) << text_;
  const GstDeepfakeMeta* meta = read(text_);
  ASSERT_NE(meta, nullptr) << refusal_;
  EXPECT_EQ(meta->evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->seam_probability, -1);
}

TEST_F(Payload, AKindThatNobodyKnowsIsNone) {
  Json json = Json::parse(with_evidence(from_));
  json["faces"][0]["evidence"] = "rendered";
  const GstDeepfakeMeta* meta = read(json.dump());
  ASSERT_NE(meta, nullptr) << refusal_;
  EXPECT_EQ(meta->evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->seam_probability, -1);
  EXPECT_EQ(meta->faces[1].seam_probability, -1);
}

TEST_F(Payload, IsRefusedForDamagedEvidence) {
  text_ = with_evidence(from_);
  for (const Json& other : {Json(nullptr), Json(true), Json(-3), Json(1.5), Json::array({1})}) {
    for (const char* key : {"evidence", "seam", "generated"}) {
      expect_refused([&](Json& json) { json["faces"][0][key] = other; }, key);
    }
  }
}

TEST_F(Payload, WithoutAPictureSizeThePlacesAreUnknown) {
  const GstDeepfakeMeta* meta = read(text_, 0, 0);
  ASSERT_NE(meta, nullptr) << refusal_;
  double x = 0, y = 0, width = 0, height = 0;
  EXPECT_FALSE(gst_deepfake_meta_locate_face(meta, to_, 1, &x, &y, &width, &height));
  EXPECT_EQ(meta->faces[1].width, 0);
}

TEST_F(Payload, OfALostPlaceHasNoBoxesButVerdicts) {
  test::mark(from_, 0, 0, {test::make_face(2, 1, 2, 3, GST_DEEPFAKE_VERDICT_SUSPICIOUS, 0.6)});
  text_ = gst_deepfake_payload_write(gst_buffer_get_deepfake_meta(from_), from_);
  EXPECT_NE(text_.find(R"("box":null)"), std::string::npos) << text_;
  const GstDeepfakeMeta* meta = read(text_);
  ASSERT_NE(meta, nullptr) << refusal_;
  EXPECT_EQ(meta->faces[0].verdict, GST_DEEPFAKE_VERDICT_SUSPICIOUS);
  double x = 0, y = 0, width = 0, height = 0;
  EXPECT_FALSE(gst_deepfake_meta_locate_face(meta, to_, 0, &x, &y, &width, &height));
}

// A crowd whose names and numbers are as long as they can be.
GstDeepfakeMeta* mark_crowd(GstBuffer* buffer, const std::string& stream) {
  std::vector<GstDeepfakeFace> faces;
  for (guint i = 0; i < 256; ++i) {
    const bool bad = i == 200 || i == 100;
    auto face =
        test::make_face(G_MAXUINT64 - 256 + i, -123.456F, 77.777F, 123.45F,
                        bad ? GST_DEEPFAKE_VERDICT_MANIPULATED : GST_DEEPFAKE_VERDICT_SUSPICIOUS,
                        0.12345 + 0.001 * i);
    face.reason = "low-confidence";
    face.windows = face.samples = G_MAXUINT64;
    face.partial = TRUE;
    test::set_evidence(face, GST_DEEPFAKE_EVIDENCE_GENERATED, 0.12345, 0.98765);
    faces.push_back(face);
  }
  GstDeepfakeMeta* meta = gst_buffer_add_deepfake_meta(buffer, stream.c_str(), stream.c_str(), 1333,
                                                       777, faces.data(), 256);
  meta->verdict = GST_DEEPFAKE_VERDICT_MANIPULATED;
  meta->reason = "low-confidence";
  meta->probability = meta->threshold = 0.99995;
  return meta;
}

TEST_F(Payload, StaysBelowAKilobyteAndKeepsTheWorstFaces) {
  const auto repeated = [](const std::string& part) {
    std::string text;
    while (text.size() < 5000) text += part;
    return text;
  };
  for (const std::string part :
       {"x", "\u00fc", "\U0001F600", "\x01", "\"", "\\", "\xff", "ab\xc3"}) {
    const GstDeepfakeMeta* crowd = mark_crowd(from_, repeated(part));
    const std::string text = gst_deepfake_payload_write(crowd, from_);
    EXPECT_LE(text.size(), kGstDeepfakePayloadWriteLimit);
    EXPECT_LT(gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, text, 0).size(), 1000U)
        << part;
    const GstDeepfakeMeta* meta = read(text);
    ASSERT_NE(meta, nullptr) << refusal_ << text;
    EXPECT_TRUE(g_utf8_validate(meta->stream_id, -1, nullptr)) << part;
    EXPECT_TRUE(g_str_has_suffix(meta->stream_id, "\u2026")) << "it shows that it was cut";
    EXPECT_GT(strlen(meta->stream_id), 20U) << part;
    ASSERT_GE(meta->n_faces, 2U) << text;
    EXPECT_EQ(left_out_, 256 - meta->n_faces);
    // The two that are manipulated; track ids begin 256 below the largest.
    EXPECT_EQ(meta->faces[0].track_id, G_MAXUINT64 - 156) << text;
    EXPECT_EQ(meta->faces[1].track_id, G_MAXUINT64 - 56) << text;
    gst_buffer_remove_meta(to_, reinterpret_cast<GstMeta*>(gst_buffer_get_deepfake_meta(to_)));
  }
}

TEST_F(Payload, KeepsASmallGroupWhole) {
  std::vector<GstDeepfakeFace> faces;
  for (guint i = 1; i <= 6; ++i) {
    faces.push_back(test::make_face(i, 101.3F * static_cast<float>(i), 333.3F, 111.1F,
                                    GST_DEEPFAKE_VERDICT_MANIPULATED, 0.91237));
  }
  test::mark(from_, 1920, 1080, faces);
  const GstDeepfakeMeta* meta =
      read(gst_deepfake_payload_write(gst_buffer_get_deepfake_meta(from_), from_));
  ASSERT_NE(meta, nullptr) << refusal_;
  EXPECT_EQ(meta->n_faces, 6U);
  EXPECT_NEAR(meta->faces[5].x, 607.8 / 3, 0.1) << "640 pixels are a third";
}

TEST_F(Payload, OfManyFacesKeepsTheMostAlarming) {
  std::vector<GstDeepfakeFace> faces;
  for (guint i = 1; i <= 40; ++i) {
    // Probabilities in no order of the ids; the last three are worse than theirs says.
    faces.push_back(test::make_face(
        i, 10, 10, 80, i > 37 ? GST_DEEPFAKE_VERDICT_MANIPULATED : GST_DEEPFAKE_VERDICT_SUSPICIOUS,
        i > 37 ? 0.5 : 0.01 * static_cast<double>(i * 17 % 41)));
  }
  test::mark(from_, 320, 240, faces);
  const GstDeepfakeMeta* meta =
      read(gst_deepfake_payload_write(gst_buffer_get_deepfake_meta(from_), from_));
  ASSERT_NE(meta, nullptr) << refusal_;
  ASSERT_GE(meta->n_faces, 6U);
  EXPECT_EQ(left_out_, 40 - meta->n_faces);
  double least = 1;
  guint manipulated = 0;
  for (guint i = 0; i < meta->n_faces; ++i) {
    const GstDeepfakeFace& face = meta->faces[i];
    if (face.verdict == GST_DEEPFAKE_VERDICT_MANIPULATED) ++manipulated;
    if (face.verdict == GST_DEEPFAKE_VERDICT_SUSPICIOUS) least = std::min(least, face.probability);
  }
  EXPECT_EQ(manipulated, 3U);
  guint higher = 0;
  for (const GstDeepfakeFace& face : faces) {
    if (face.verdict == GST_DEEPFAKE_VERDICT_SUSPICIOUS && face.probability >= least - 1e-9)
      ++higher;
  }
  EXPECT_EQ(higher, meta->n_faces - 3) << "nobody more alarming was left out";
}

TEST_F(Payload, OfNonsenseIsStillReadableAndNotAuthentic) {
  const auto none = std::numeric_limits<double>::quiet_NaN();
  auto face =
      test::make_face(1, static_cast<float>(none), 1e30F, -5, GST_DEEPFAKE_VERDICT_UNDECIDED, none);
  face.reason = nullptr;
  face.detection_confidence = std::numeric_limits<float>::infinity();
  GstDeepfakeMeta* meta = gst_buffer_add_deepfake_meta(from_, nullptr, nullptr, 320, 240, &face, 1);
  meta->reason = nullptr;
  meta->probability = meta->threshold = none;
  const GstDeepfakeMeta* come = read(gst_deepfake_payload_write(meta, from_));
  ASSERT_NE(come, nullptr) << refusal_;
  EXPECT_EQ(come->verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
  EXPECT_STREQ(come->reason, "error");
  EXPECT_EQ(come->probability, -1);
  EXPECT_EQ(come->faces[0].verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
}

TEST_F(Payload, IsRefusedWhenItWasCutShort) {
  for (std::size_t length = 0; length < text_.size(); ++length) {
    EXPECT_EQ(read(text_.substr(0, length)), nullptr) << length;
  }
  EXPECT_EQ(read(text_ + "}"), nullptr);
  EXPECT_EQ(read(text_ + std::string(1, '\0')), nullptr);
}

TEST_F(Payload, IsRefusedWhenAFieldIsMissing) {
  for (const char* key : {"v", "stream", "model", "verdict", "reason", "threshold", "n", "faces"}) {
    expect_refused([&](Json& json) { json.erase(key); }, key);
  }
  for (const char* key : {"id", "box", "conf", "verdict", "windows", "samples"}) {
    expect_refused([&](Json& json) { json["faces"][1].erase(key); }, key);
  }
}

TEST_F(Payload, IsRefusedWhenAFieldIsOfAnotherType) {
  const Json whole = Json::parse(text_);
  for (const Json& other : {Json(nullptr), Json(true), Json(-3), Json(1.5e9), Json("x"),
                            Json::array({1}), Json{{"a", 1}}}) {
    for (const auto& [key, value] : whole.items()) {
      if (value.is_string() && other.is_string() && key != "verdict") continue;
      expect_refused([&, name = key](Json& json) { json[name] = other; }, key);
    }
    // The face that has every field.
    for (const auto& [key, value] : whole["faces"][1].items()) {
      if (value.is_string() && other.is_string() && key != "verdict") continue;
      if (value.is_boolean() && other.is_boolean()) continue;
      if (key == "box" && other.is_null()) continue;
      expect_refused([&, name = key](Json& json) { json["faces"][1][name] = other; }, key);
    }
    for (const char* key : {"p", "score"}) {
      expect_refused([&](Json& json) { json["faces"][0][key] = other; }, key);
    }
    expect_refused([&](Json& json) { json["faces"][0]["box"][2] = other; }, "box");
    expect_refused([&](Json& json) { json["faces"][0] = other; }, "face");
  }
}

TEST_F(Payload, IsRefusedWhenItContradictsItself) {
  expect_refused([](Json& json) { json["verdict"] = "authentic"; }, "a face is manipulated");
  expect_refused([](Json& json) { json["n"] = 1; }, "there are two");
  expect_refused([](Json& json) { json["faces"][0]["box"][3] = -0.1; }, "a negative height");
  expect_refused([](Json& json) { json["faces"][0]["box"].push_back(1); }, "five numbers");
  expect_refused([](Json& json) { json["faces"][0]["box"].erase(0); }, "three numbers");
}

TEST_F(Payload, IsRefusedWhenItIsOfAnotherVersionOrVerdict) {
  for (const int version : {0, 2, 100}) {
    expect_refused([&](Json& json) { json["v"] = version; }, "version");
  }
  for (const char* verdict : {"", "real", "Authentic", "authentic "}) {
    expect_refused([&](Json& json) { json["verdict"] = verdict; }, verdict);
    expect_refused([&](Json& json) { json["faces"][1]["verdict"] = verdict; }, verdict);
  }
}

TEST_F(Payload, IsRefusedWithNumbersThatAreNone) {
  const auto with = [this](const std::string& number) {
    std::string text = text_;
    return text.replace(text.find("0.9124"), 6, number);
  };
  ASSERT_NE(read(with("0.5")), nullptr) << refusal_;
  gst_buffer_remove_meta(to_, reinterpret_cast<GstMeta*>(gst_buffer_get_deepfake_meta(to_)));
  for (const char* number : {"NaN", "nan", "Infinity", "1e999", "-1e999", "1e400000", "1.0001",
                             "-1", "0x1", "99999999999999999999999999", "--1", "0.5.5"}) {
    EXPECT_EQ(read(with(number)), nullptr) << number;
  }
  for (const char* number : {"18446744073709551616", "-1", "1.0", "1e3"}) {
    std::string text = text_;
    text.replace(text.find("\"id\":7") + 5, 1, number);
    EXPECT_EQ(read(text), nullptr) << number;
  }
}

TEST_F(Payload, IsRefusedWhenItIsTooDeepOrTooLong) {
  const std::string open(2000, '[');
  const std::string close(2000, ']');
  EXPECT_EQ(read(open + close), nullptr);
  EXPECT_EQ(read(open), nullptr);
  expect_refused([&](Json& json) { json["later"] = Json::parse(open + close); }, "depth");
  expect_refused([](Json& json) { json["later"] = std::string(4000, 'x'); }, "length");
  EXPECT_EQ(read("{\"stream\":\"a\\u0000b\"" + text_.substr(text_.find(",\"model"))), nullptr);
}

TEST_F(Payload, MayGrow) {
  Json json = Json::parse(text_);
  json["later"] = {{"a", {1, 2, {{"b", nullptr}}}}};
  json["faces"][0]["landmarks"] = {{0.1, 0.2}, {0.3, 0.4}};
  json["reason"] = "a reason of tomorrow";
  const GstDeepfakeMeta* meta = read(json.dump());
  ASSERT_NE(meta, nullptr) << refusal_;
  EXPECT_STREQ(meta->reason, "error");
  EXPECT_EQ(meta->n_faces, 2U);
}

TEST_F(Payload, SurvivesDamageAnywhere) {
  std::mt19937 random(1);
  int read_all_the_same = 0;
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = text_;
    for (std::size_t n = 1 + random() % 3; n > 0; --n) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    const GstDeepfakeMeta* meta =
        gst_deepfake_payload_read(damaged, 640, 480, to_, left_out_, refusal_);
    if (meta == nullptr) continue;
    ++read_all_the_same;  // A digit or a letter of a name was hit.
    EXPECT_EQ(meta->verdict, GST_DEEPFAKE_VERDICT_MANIPULATED) << damaged;
  }
  EXPECT_GT(read_all_the_same, 0);
}

// --- The NAL unit

// An access unit whose headers are these; lengths of this size, or start codes.
GstBuffer* access_unit(const std::vector<guint8>& headers, guint length_size) {
  std::vector<guint8> bytes = headers;
  const std::vector<guint8> slice = {0x65, 0x88, 0x84, 0x00, 0x10};
  if (length_size == 0) {
    bytes.insert(bytes.end(), {0, 0, 1});
  } else {
    bytes.insert(bytes.end(), length_size - 1, 0);
    bytes.push_back(static_cast<guint8>(slice.size()));
  }
  bytes.insert(bytes.end(), slice.begin(), slice.end());
  return gst_buffer_new_memdup(bytes.data(), bytes.size());
}

std::optional<std::string> found_in(const std::vector<guint8>& headers, guint length_size) {
  const char* const kinds[] = {"stream-format=byte-stream",
                               "stream-format=avc,codec_data=(buffer)01640014fc",
                               "stream-format=avc,codec_data=(buffer)01640014fd",
                               "stream-format=avc3,codec_data=(buffer)01640014fe",
                               "stream-format=avc,codec_data=(buffer)01640014ff"};
  GstCaps* caps = gst_caps_from_string((std::string("video/x-h264,") + kinds[length_size]).c_str());
  GstBuffer* buffer = access_unit(headers, length_size);
  std::optional<std::string> text =
      GstDeepfakeAccessUnits(caps).find(buffer, kGstDeepfakePayloadUuid);
  gst_buffer_unref(buffer);
  gst_caps_unref(caps);
  return text;
}

TEST(SeiUnit, BringsAnyBytesAcross) {
  std::mt19937 random(2);
  std::vector<std::string> texts = {std::string("\0\0\1", 3), std::string("\0\0\0\0\0\0", 6),
                                    std::string("a\0\0\3b\0\0\2", 8), std::string("\0\0", 2)};
  for (int i = 0; i < 300; ++i) {
    std::string text(1 + random() % 200, 'x');
    for (char& byte : text) byte = static_cast<char>(random() % 5);  // Zeros and what may follow.
    texts.push_back(text);
  }
  for (const std::string& text : texts) {
    for (const guint length_size : {0U, 2U, 3U, 4U}) {
      const std::vector<guint8> unit =
          gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, text, length_size);
      const std::optional<std::string> found = found_in(unit, length_size);
      ASSERT_TRUE(found) << length_size;
      EXPECT_EQ(*found, text) << length_size;
      for (std::size_t i = length_size == 0 ? 4 : length_size; i + 2 < unit.size(); ++i) {
        EXPECT_FALSE(unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] <= 2) << "a start code inside";
      }
    }
  }
}

TEST(SeiUnit, IsNotWrittenWhereItsLengthHasNoRoom) {
  const std::string longer(300, 'x');
  EXPECT_TRUE(gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, longer, 1).empty());
  EXPECT_FALSE(gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, longer, 2).empty());
  EXPECT_EQ(found_in(gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, "short", 1), 1),
            "short");
}

TEST(SeiUnit, TheLastOfOursCountsAndOthersAreLeftAlone) {
  GstDeepfakeUuid other = kGstDeepfakePayloadUuid;
  other[15] ^= 1;
  const auto joined = [](const std::vector<std::vector<guint8>>& parts) {
    std::vector<guint8> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  const auto first = gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, "first", 0);
  const auto second = gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, "second", 0);
  const auto foreign = gst_deepfake_sei_write(kSeiHeader, other, "foreign", 0);
  EXPECT_EQ(found_in(joined({first, second, foreign}), 0), "second");
  EXPECT_EQ(found_in(foreign, 0), std::nullopt);
  EXPECT_EQ(found_in({}, 0), std::nullopt);
  // Behind others in the same unit, such as pic_timing, which only the stream's parameters explain.
  auto behind = second;
  const std::vector<guint8> others = {1, 1, 4, 6, 1, 0x84};
  behind.insert(behind.begin() + 5, others.begin(), others.end());
  EXPECT_EQ(found_in(behind, 0), "second");
  // Of one that was damaged before its text nothing older is taken instead.
  auto damaged = second;
  damaged[6] = 3;
  EXPECT_EQ(found_in(joined({first, damaged}), 0), "");
}

}  // namespace
