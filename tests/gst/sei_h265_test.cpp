// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Verdicts that travel inside H.265, through encoders, containers and decoders.

#include <gst/gst.h>

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "marked_video.h"
#include "sei_clips.h"

namespace {

namespace test = dfd::test;
using test::kFrames;
using Bytes = std::vector<guint8>;

bool is_there(const std::string& element) {
  GstElementFactory* factory = gst_element_factory_find(element.c_str());
  const bool found = factory != nullptr;
  if (found) gst_object_unref(factory);
  return found;
}

class SeiH265Clip : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string element : {"x265enc", "h265parse", "avdec_h265"}) {
      if (!is_there(element)) GTEST_SKIP() << "this GStreamer has no " << element;
    }
  }
  static std::string write_clip(const std::string& name, const std::string& tail) {
    return test::write_marked(
        name, "x265enc speed-preset=ultrafast key-int-max=10 option-string=bframes=2 ! " + tail);
  }
};

constexpr test::Container kContainers[] = {
    {"h265-parsed.mp4", "deepfakeseiinsert ! h265parse ! mp4mux", "qtdemux"},
    {"h265-hvc1.mp4", "h265parse ! video/x-h265,stream-format=hvc1 ! deepfakeseiinsert ! mp4mux",
     "qtdemux"},
    {"h265-hev1.mp4", "h265parse ! video/x-h265,stream-format=hev1 ! deepfakeseiinsert ! mp4mux",
     "qtdemux"},
    {"h265.ts", "deepfakeseiinsert ! h265parse ! mpegtsmux", "tsdemux ! queue ! h265parse"},
    {"h265.mkv", "deepfakeseiinsert ! h265parse ! matroskamux", "matroskademux"},
};

TEST_F(SeiH265Clip, TravelsThroughContainersToTheFramesOfADecoder) {
  for (const test::Container& container : kContainers) {
    const std::string source = "filesrc location=" + write_clip(container.name, container.write) +
                               " ! " + container.read + " ! deepfakeseiextract ! h265parse ! ";
    for (const std::string decoder : {"avdec_h265", "libde265dec"}) {
      if (!is_there(decoder)) continue;
      test::expect_clip(test::play(source + decoder), container.name + (", " + decoder));
    }
  }
}

TEST_F(SeiH265Clip, IsReadBehindTheDecoderWhereTheParserKnowsUserData) {
  guint minor = 0;
  guint rest = 0;
  gst_version(&rest, &minor, &rest, &rest);
  if (minor < 24) GTEST_SKIP() << "h265parse attaches no user data before GStreamer 1.24";
  const std::string path = write_clip(kContainers[0].name, kContainers[0].write);
  test::expect_clip(test::play("filesrc location=" + path +
                               " ! qtdemux ! h265parse ! avdec_h265 ! deepfakeseiextract"),
                    "behind the decoder");
}

TEST_F(SeiH265Clip, TravelsOverRtp) {
  const std::string path = write_clip("h265-rtp.mp4", kContainers[0].write);
  test::expect_clip(
      test::play("filesrc location=" + path +
                 " ! qtdemux ! rtph265pay ! rtph265depay ! h265parse ! deepfakeseiextract ! "
                 "avdec_h265"),
      "RTP");
}

TEST_F(SeiH265Clip, IsCarriedOverFromH264) {
  const std::string first = test::write_marked(
      "before-h265.mp4", "x264enc speed-preset=ultrafast ! deepfakeseiinsert ! h264parse ! mp4mux");
  const std::string again = test::write_file(
      "after-h264.mp4", "filesrc location=" + first +
                            " ! qtdemux ! deepfakeseiextract ! avdec_h264 ! x265enc "
                            "speed-preset=ultrafast ! deepfakeseiinsert ! h265parse ! mp4mux");
  test::expect_clip(
      test::play("filesrc location=" + again + " ! qtdemux ! deepfakeseiextract ! avdec_h265"),
      "encoded anew");
}

TEST_F(SeiH265Clip, OtherProgramsSeeItToo) {
  const std::string show = "ffprobe -v quiet -select_streams v -show_frames ";
  const std::string type = "side_data_type=H.26[45] User Data Unregistered SEI message";
  for (const test::Container& container : kContainers) {
    const std::string path = write_clip(container.name, container.write);
    EXPECT_GE(test::count_in_output(show + path, type), kFrames)
        << container.name << ": is ffprobe there?";
  }
  const std::string plain = write_clip("h265-plain.mp4", "h265parse ! mp4mux");
  EXPECT_LT(test::count_in_output(show + plain, type), kFrames) << "the encoder's own";
}

// What stands in longer and not in shorter, if it is one piece.
Bytes piece_more(const Bytes& shorter, const Bytes& longer) {
  if (longer.size() < shorter.size()) return {};
  const auto start = std::mismatch(shorter.begin(), shorter.end(), longer.begin());
  const auto rest = shorter.end() - start.first;
  if (!std::equal(start.first, shorter.end(), longer.end() - rest)) return {};
  return {start.second, longer.end() - rest};
}

TEST_F(SeiH265Clip, LeavesThePicturesAsTheyAre) {
  const std::string source =
      "filesrc location=" + write_clip("h265-plain.mp4", "h265parse ! mp4mux") + " ! qtdemux ";
  const std::string marking = source + " ! identity name=marker ! deepfakeseiinsert ";
  test::Marks marks = test::marks_of_a_clip();
  const auto before = test::play(source);
  const auto after = test::play(marking, &marks);
  ASSERT_EQ(before.size(), static_cast<std::size_t>(kFrames));
  ASSERT_EQ(after.size(), before.size());
  const Bytes text = {'{', '"', 'v', '"', ':', '1', ','};
  for (std::size_t i = 0; i < before.size(); ++i) {
    const Bytes more = piece_more(before[i].bytes, after[i].bytes);
    EXPECT_NE(std::search(more.begin(), more.end(), text.begin(), text.end()), more.end()) << i;
  }
  marks = test::marks_of_a_clip();
  const auto shown_before = test::play(source + " ! avdec_h265");
  const auto shown_after = test::play(marking + " ! avdec_h265", &marks);
  ASSERT_EQ(shown_before.size(), static_cast<std::size_t>(kFrames));
  ASSERT_EQ(shown_after.size(), shown_before.size());
  for (std::size_t i = 0; i < shown_before.size(); ++i) {
    EXPECT_EQ(shown_before[i].bytes, shown_after[i].bytes) << i;
  }
}

TEST_F(SeiH265Clip, WithoutResultsStaysAsItIs) {
  const std::string source =
      "filesrc location=" + write_clip("h265-plain.mp4", "h265parse ! mp4mux") + " ! qtdemux";
  const auto before = test::play(source);
  const auto after = test::play(source + " ! deepfakeseiinsert ! deepfakeseiextract");
  ASSERT_EQ(before.size(), static_cast<std::size_t>(kFrames));
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].bytes, after[i].bytes) << i;
    EXPECT_FALSE(after[i].marked);
  }
}

}  // namespace
