// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element on files of the shared test data.

#include <cctype>
#include <string>

#include <gtest/gtest.h>

#include "detector/geometry.h"
#include "pipelines.h"
#include "support/test_model.h"

namespace {

namespace test = dfd::test;
using test::element;
using test::Outcome;
using test::play;

// --- Files that are damaged or strange. Frames that must come out, and how it ends.

struct Hostile {
  const char* file;
  int least_frames;
  bool eos;
  const char* reason;  // Of the last message; null: whatever.
};

class HostileTest : public testing::TestWithParam<Hostile> {};

TEST_P(HostileTest, EndsInAVerdictOrAClearError) {
  const auto path = test::shared_data(std::string("hostile/") + GetParam().file);
  if (path.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
  const std::string line = "filesrc location=" + path.string() + " ! decodebin ! videoconvert ! " +
                           element() + " ! fakesink";
  Outcome outcome;
  // Where no demuxer takes the file, decodebin 1.22 now and then swallows the demuxer's error (it
  // filters errors of elements it is just connecting), with or without our element. Try again then.
  const bool readable = GetParam().least_frames > 0;
  for (int attempt = 0; attempt < 5 && !outcome.eos && outcome.text.empty(); ++attempt) {
    play(line, outcome, readable ? 60 * GST_SECOND : 4 * GST_SECOND);
    if (readable) break;
  }
  EXPECT_GE(outcome.frames, GetParam().least_frames);
  EXPECT_EQ(outcome.eos, GetParam().eos) << outcome.text;
  EXPECT_EQ(outcome.text.empty(), outcome.eos);
  EXPECT_NE(outcome.last_verdict(), "authentic");
  if (GetParam().reason != nullptr) {
    EXPECT_EQ(outcome.last_reason(), GetParam().reason);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, HostileTest,
    testing::Values(
        Hostile{"all_black.mp4", 50, true, "black"},
        Hostile{"anamorphic_sar_4_3.mp4", 60, true, nullptr},
        Hostile{"audio_only.mp4", 0, false, nullptr},
        Hostile{"decord_corrupted.mp4", 1, true, nullptr},
        Hostile{"gap_1500ms.mp4", 44, true, nullptr}, Hostile{"interlaced.mp4", 13, true, nullptr},
        Hostile{"odd_1x1.mkv", 10, true, nullptr}, Hostile{"odd_3x5.mkv", 10, true, nullptr},
        Hostile{"odd_641x361_faces_444.mp4", 30, true, nullptr},
        // decodebin makes a second pad for the second half, which a plain launch
        // line does not link: the demuxer ends with an error, here as without us.
        Hostile{"resolution_change_midstream.ts", 20, false, nullptr},
        Hostile{"rotated_meta_90.mp4", 60, true, nullptr},
        Hostile{"single_frame.mp4", 1, true, nullptr}, Hostile{"still_1x1.png", 1, true, nullptr},
        Hostile{"tenbit_h264.mp4", 30, true, nullptr},
        Hostile{"text_renamed.mp4", 0, false, nullptr}, Hostile{"truncated.ts", 15, true, nullptr},
        Hostile{"truncated_40_bytes.mp4", 0, false, nullptr},
        Hostile{"truncated_no_moov.mp4", 0, false, nullptr},
        Hostile{"vfr_irregular.mp4", 50, true, nullptr},
        Hostile{"wide_still_20000x20.png", 1, true, nullptr},
        Hostile{"zero_byte.mp4", 0, false, nullptr}),
    [](const testing::TestParamInfo<Hostile>& tried) {
      std::string name = tried.param.file;
      for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return name;
    });

TEST(RealClip, IsJudgedInBothRegions) {
  const auto path = test::shared_data("real/may_real_5s.mp4");
  if (path.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
  const std::string start = "filesrc location=" + path.string() + " ! decodebin ! videoconvert ! ";
  for (const bool faces : {true, false}) {
    Outcome outcome;
    const auto region = faces ? dfd::Region::kFaces : dfd::Region::kFullFrame;
    play(start + "deepfakedetect name=d inference-region=" + (faces ? "faces" : "full-frame") +
             " model-file=" + test::shared_model(region) + " ! fakesink",
         outcome);
    EXPECT_TRUE(outcome.eos) << outcome.text;
    EXPECT_EQ(outcome.frames, 125);
    ASSERT_FALSE(outcome.messages.empty());
    EXPECT_TRUE(gst_structure_has_field(outcome.messages.back(), "probability"));
  }
}

// Where the first face of the last message is; empty without one.
dfd::RectF last_box(const Outcome& outcome) {
  if (outcome.messages.empty()) return {};
  const GValue* faces = gst_structure_get_value(outcome.messages.back(), "faces");
  if (faces == nullptr || gst_value_list_get_size(faces) == 0) return {};
  const GstStructure* face = gst_value_get_structure(gst_value_list_get_value(faces, 0));
  const auto field = [&](const char* name) {
    double value = 0;
    gst_structure_get_double(face, name, &value);
    return static_cast<float>(value);
  };
  return {field("x"), field("y"), field("width"), field("height")};
}

// A phone on its side: the pixels are turned, and a tag says how to turn them back.
TEST(TurnedClip, IsJudgedAsTheUprightOneIsAndItsBoxesLieInItsOwnPixels) {
  const auto path = test::shared_data("real/may_real_5s.mp4");
  if (path.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
  const std::string start = "filesrc location=" + path.string() + " ! decodebin ! videoconvert ! ";
  const std::string turned = start + "videoflip video-direction=90r ! ";
  Outcome upright;
  play(start + element() + " ! fakesink", upright);
  Outcome heeded;
  play(turned + "taginject tags=image-orientation=rotate-270 ! " + element() + " ! fakesink",
       heeded);
  Outcome unheeded;
  play(turned + element() + " ! fakesink", unheeded);

  const dfd::RectF box = last_box(upright);
  ASSERT_GT(box.width * box.height, 0);
  constexpr float kHeight = 512;  // Of the clip.
  const dfd::RectF expected{kHeight - box.y - box.height, box.x, box.height, box.width};
  EXPECT_GT(iou(last_box(heeded), expected), 0.9);
  EXPECT_EQ(heeded.last_verdict(), upright.last_verdict());
  // The cascade knows upright faces only.
  EXPECT_EQ(last_box(unheeded).width, 0);
  EXPECT_EQ(unheeded.last_reason(), "no-face");
}

// A detector that comes with the element's property, and boxes by MTCNN's convention.
TEST(RealClip, HasTheSameFaceByYunet) {
  const auto path = test::shared_data("real/may_real_5s.mp4");
  const auto yunet = test::shared_data("yunet/yunet_s_640_640.onnx");
  if (path.empty() || yunet.empty()) GTEST_SKIP() << "no shared test data; set DEEPFAKE_TEST_DATA";
  const std::string start = "filesrc location=" + path.string() + " ! decodebin ! videoconvert ! ";
  Outcome cascade;
  play(start + element() + " ! fakesink", cascade);
  Outcome outcome;
  play(start + element("face-model-file=" + yunet.string()) + " ! fakesink", outcome);
  EXPECT_TRUE(outcome.eos) << outcome.text;
  EXPECT_EQ(outcome.frames, 125);
  ASSERT_FALSE(outcome.messages.empty());
  EXPECT_TRUE(gst_structure_has_field(outcome.messages.back(), "probability"));
  EXPECT_GT(iou(last_box(outcome), last_box(cascade)), 0.6);
}

}  // namespace
