// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every verdict and every reason through every writer of results.

#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "encoder_harness.h"
#include "gstdeepfakepayload.h"
#include "gstdeepfakeserialize.h"
#include "gstdeepfakewords.h"
#include "klv_reader.h"

namespace {

namespace test = dfd::test;
using Json = nlohmann::json;

constexpr GstDeepfakeVerdict kVerdicts[] = {
    GST_DEEPFAKE_VERDICT_AUTHENTIC, GST_DEEPFAKE_VERDICT_UNDECIDED, GST_DEEPFAKE_VERDICT_SUSPICIOUS,
    GST_DEEPFAKE_VERDICT_MANIPULATED};

// Of every pair, one face of it. The stream has the same.
void for_all(const std::function<void(const GstDeepfakeFace&, const std::string& verdict)>& check) {
  int pairs = 0;
  for (const GstDeepfakeVerdict verdict : kVerdicts) {
    for (const gchar* const* reason = gst_deepfake_reason_get_names(); *reason != nullptr;
         ++reason) {
      GstDeepfakeFace face = test::make_face(3, 40, 60, 80, verdict, 0.25);
      face.reason = *reason;
      SCOPED_TRACE(std::string(gst_deepfake_verdict_get_name(verdict)) + " " + *reason);
      check(face, gst_deepfake_verdict_get_name(verdict));
      ++pairs;
    }
  }
  EXPECT_GE(pairs, 64);
}

std::string written_by(const char* element, const GstDeepfakeFace& face) {
  test::EncoderHarness encoder(element);
  EXPECT_EQ(encoder.push(5, {face}), GST_FLOW_OK);
  encoder.send(gst_event_new_eos());
  return encoder.take_text();
}

// A meta on a buffer of its own.
class Marked {
 public:
  explicit Marked(const GstDeepfakeFace& face) { test::mark(buffer_, 320, 240, {face}); }
  ~Marked() { gst_buffer_unref(buffer_); }
  Marked(const Marked&) = delete;
  Marked& operator=(const Marked&) = delete;

  GstBuffer* buffer() const { return buffer_; }
  const GstDeepfakeMeta* meta() const { return gst_buffer_get_deepfake_meta(buffer_); }

 private:
  GstBuffer* buffer_ = gst_buffer_new();
};

void expect_same(const GstDeepfakeMeta* found, const GstDeepfakeFace& face) {
  ASSERT_NE(found, nullptr);
  ASSERT_EQ(found->n_faces, 1U);
  EXPECT_EQ(found->verdict, face.verdict);
  EXPECT_STREQ(found->reason, face.reason);
  EXPECT_EQ(found->faces[0].verdict, face.verdict);
  EXPECT_STREQ(found->faces[0].reason, face.reason);
}

TEST(Writers, JsonLinesTellAll) {
  for_all([](const GstDeepfakeFace& face, const std::string& verdict) {
    const Json line = Json::parse(written_by("deepfakejsonenc", face));
    for (const Json& said : {line["deepfake"], line["objects"][0]["deepfake"]}) {
      EXPECT_EQ(said["verdict"], verdict);
      EXPECT_EQ(said["reason"], face.reason);
    }
  });
}

TEST(Writers, KlvTellsAll) {
  for_all([](const GstDeepfakeFace& face, const std::string& /*verdict*/) {
    const test::KlvPacket packet(written_by("deepfakeklvenc", face));
    EXPECT_EQ(packet.set.number(5), static_cast<guint64>(face.verdict));
    EXPECT_EQ(packet.set.text(6), face.reason);
  });
}

TEST(Writers, WebVttTellsTheVerdictAndWhy) {
  for_all([](const GstDeepfakeFace& face, const std::string& verdict) {
    const std::string text = written_by("deepfakevttenc", face);
    gchar* name = g_ascii_strup(verdict.c_str(), -1);
    EXPECT_NE(text.find(name), std::string::npos) << text;
    g_free(name);
    EXPECT_EQ(text.find(face.reason) != std::string::npos, std::string(face.reason) != "none")
        << text;
  });
}

TEST(Writers, TheTextInTheStreamIsReadBack) {
  for_all([](const GstDeepfakeFace& face, const std::string& /*verdict*/) {
    const Marked marked(face);
    const std::string text = gst_deepfake_payload_write(marked.meta(), marked.buffer());
    GstBuffer* buffer = gst_buffer_new();
    guint64 left_out = 0;
    std::string refusal;
    expect_same(gst_deepfake_payload_read(text, 320, 240, buffer, left_out, refusal), face);
    EXPECT_EQ(refusal, "");
    gst_buffer_unref(buffer);
  });
}

TEST(Writers, TheBytesForAnotherProcessAreReadBack) {
  for_all([](const GstDeepfakeFace& face, const std::string& /*verdict*/) {
    const Marked marked(face);
    GBytes* bytes = gst_deepfake_meta_to_bytes(marked.meta());
    GstBuffer* buffer = gst_buffer_new();
    gsize size = 0;
    const auto* data = static_cast<const guint8*>(g_bytes_get_data(bytes, &size));
    expect_same(gst_deepfake_meta_from_bytes(buffer, GST_DEEPFAKE_SERIALIZED_VERSION, data, size),
                face);
    g_bytes_unref(bytes);
    gst_buffer_unref(buffer);
  });
}

}  // namespace
