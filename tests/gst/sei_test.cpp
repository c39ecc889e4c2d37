// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Verdicts that travel inside H.264: through containers and decoders, and what becomes of streams
// that carry none, or damaged ones.

#include <gst/gst.h>
#include <gst/video/video-sei.h>
#include <gst/video/video.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gstdeepfakepayload.h"
#include "gstdeepfakesei.h"
#include "marked_video.h"
#include "sei_clips.h"

namespace {

namespace test = dfd::test;
using test::buffer_of;
using test::Container;
using test::count_in_output;
using test::expect_clip;
using test::Frame;
using test::good_text;
using test::Harness;
using test::kFrames;
using test::marks_of_a_clip;
using test::play;
using test::write_file;

// The header of an SEI unit in H.264.
const std::vector<guint8> kSeiHeader = {6};

std::string write_clip(const std::string& name, const std::string& tail,
                       const std::string& between = "identity",
                       const std::string& encoder = "bframes=2") {
  return test::write_marked(
      name, "x264enc speed-preset=ultrafast key-int-max=10 " + encoder + " ! " + tail, between);
}

constexpr Container kContainers[] = {
    {"parsed.mp4", "deepfakeseiinsert ! h264parse ! mp4mux", "qtdemux ! h264parse"},
    {"avc.mp4", "video/x-h264,stream-format=avc ! deepfakeseiinsert ! mp4mux", "qtdemux"},
    {"sei.ts", "deepfakeseiinsert ! h264parse ! mpegtsmux", "tsdemux ! queue ! h264parse"},
    {"sei.flv", "deepfakeseiinsert ! h264parse ! flvmux", "flvdemux ! queue ! h264parse"},
};

TEST(Sei, TravelsThroughContainersToTheFramesOfADecoder) {
  for (const Container& container : kContainers) {
    const std::string source =
        "filesrc location=" + write_clip(container.name, container.write) + " ! " + container.read;
    expect_clip(play(source + " ! deepfakeseiextract ! h264parse ! avdec_h264"),
                std::string("before the decoder, ") + container.name);
    expect_clip(play(source + " ! h264parse ! avdec_h264 ! deepfakeseiextract"),
                std::string("behind the decoder, ") + container.name);
  }
}

TEST(Sei, TravelsOverRtp) {
  const std::string path = write_clip("rtp.mp4", kContainers[0].write);
  expect_clip(play("filesrc location=" + path +
                   " ! qtdemux ! rtph264pay ! rtph264depay ! h264parse ! deepfakeseiextract ! "
                   "avdec_h264"),
              "RTP");
}

TEST(Sei, IsCarriedOverToAnotherEncoding) {
  const std::string path = write_clip("first.mp4", kContainers[0].write);
  const std::string again = write_file(
      "again.mp4", "filesrc location=" + path +
                       " ! qtdemux ! deepfakeseiextract ! avdec_h264 ! videoscale ! "
                       "video/x-raw,width=640,height=480 ! x264enc speed-preset=ultrafast ! "
                       "deepfakeseiinsert ! h264parse ! mp4mux");
  expect_clip(play("filesrc location=" + again + " ! qtdemux ! deepfakeseiextract ! avdec_h264"),
              "encoded anew", 2);
}

TEST(Sei, ItsBoxesFollowAPictureThatWasScaledBefore) {
  const std::string path = write_clip("scaled.mp4", "deepfakeseiinsert ! h264parse ! mp4mux",
                                      "videoscale ! video/x-raw,width=160,height=120");
  expect_clip(play("filesrc location=" + path + " ! qtdemux ! deepfakeseiextract ! avdec_h264"),
              "scaled", 0.5);
  expect_clip(play("filesrc location=" + path +
                   " ! qtdemux ! deepfakeseiextract ! avdec_h264 ! videoscale ! "
                   "video/x-raw,width=640,height=480"),
              "and scaled again", 2);
}

TEST(Sei, OfACroppedPictureKeepsTheVerdictWithoutAPlace) {
  const std::string path =
      write_clip("cropped.mp4", "deepfakeseiinsert ! h264parse ! mp4mux", "videocrop left=20");
  const auto frames =
      play("filesrc location=" + path + " ! qtdemux ! deepfakeseiextract ! avdec_h264");
  ASSERT_EQ(frames.size(), static_cast<std::size_t>(kFrames));
  for (const Frame& frame : frames) {
    EXPECT_TRUE(frame.marked);
    EXPECT_FALSE(frame.placed);
    EXPECT_GE(frame.verdict, GST_DEEPFAKE_VERDICT_SUSPICIOUS);
  }
}

TEST(Sei, OtherProgramsSeeItToo) {
  const std::string show = "ffprobe -v quiet -select_streams v -show_frames ";
  const std::string type = "side_data_type=H.26[45] User Data Unregistered SEI message";
  for (const Container& container : kContainers) {
    const std::string path = write_clip(container.name, container.write);
    EXPECT_GE(count_in_output(show + path, type), kFrames)
        << container.name << ": is ffprobe there?";
  }
  const std::string plain = write_clip("plain.mp4", "h264parse ! mp4mux");
  EXPECT_LT(count_in_output(show + plain, type), kFrames) << "the encoder's own";
}

TEST(Sei, LeavesStreamsWithoutResultsAsTheyAre) {
  const std::string source =
      "filesrc location=" + write_clip("plain.mp4", "h264parse ! mp4mux") + " ! qtdemux";
  const auto before = play(source);
  const auto after = play(source + " ! deepfakeseiinsert ! deepfakeseiextract");
  ASSERT_EQ(before.size(), static_cast<std::size_t>(kFrames));
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    EXPECT_EQ(before[i].bytes, after[i].bytes) << i;
    EXPECT_FALSE(after[i].marked);
  }
}

TEST(Sei, LeavesThePicturesAsTheyAre) {
  const std::string source =
      "filesrc location=" + write_clip("plain.mp4", "h264parse ! mp4mux") + " ! qtdemux ";
  test::Marks marks = marks_of_a_clip();
  const auto before = play(source + " ! avdec_h264");
  const auto after =
      play(source + " ! identity name=marker ! deepfakeseiinsert ! avdec_h264", &marks);
  ASSERT_EQ(before.size(), static_cast<std::size_t>(kFrames));
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i].bytes, after[i].bytes) << i;
}

// Frames of a clip without B-frames that have become longer.
std::set<int> frames_with_messages(const std::string& properties) {
  const std::string source =
      "filesrc location=" +
      write_clip("forward.mp4", "h264parse ! mp4mux", "identity", "bframes=0") + " ! qtdemux";
  test::Marks marks = marks_of_a_clip();
  const auto before = play(source);
  const auto after =
      play(source + " ! identity name=marker ! deepfakeseiinsert " + properties, &marks);
  std::set<int> found;
  for (std::size_t i = 0; i < before.size() && i < after.size(); ++i) {
    if (after[i].bytes.size() > before[i].bytes.size()) found.insert(static_cast<int>(i));
  }
  return found;
}

TEST(Sei, ComesAtMostOnceAnIntervalButAtKeyframesAndChanges) {
  EXPECT_EQ(frames_with_messages("").size(), static_cast<std::size_t>(kFrames));
  EXPECT_EQ(frames_with_messages("interval=3600000000000"), (std::set<int>{0, 10, 15, 20}));
  // Three frames take 100 ms.
  EXPECT_EQ(frames_with_messages("interval=95000000"),
            (std::set<int>{0, 3, 6, 9, 10, 13, 15, 18, 20, 23, 26, 29}));
}

// --- One buffer at a time

constexpr const char* kByteStream =
    "video/x-h264,stream-format=byte-stream,alignment=au,width=320,height=240";
constexpr const char* kAvc =
    "video/x-h264,stream-format=avc,alignment=au,width=320,height=240,"
    "codec_data=(buffer)01640014ff";

std::vector<guint8> unit_with(const std::string& text) {
  std::vector<guint8> bytes = gst_deepfake_sei_write(kSeiHeader, kGstDeepfakePayloadUuid, text, 0);
  const std::vector<guint8> slice = {0, 0, 1, 0x65, 0x88, 0x84, 0x00, 0x10};
  bytes.insert(bytes.end(), slice.begin(), slice.end());
  return bytes;
}

TEST(Sei, OfAStrangerIsCountedAndNotBelievedWhenDamaged) {
  Harness extract("deepfakeseiextract", kByteStream);
  const std::string text = good_text();
  EXPECT_TRUE(extract.pass(buffer_of(unit_with(text))).marked);
  EXPECT_EQ(extract.damaged(), 0U);
  EXPECT_FALSE(extract.pass(buffer_of(unit_with(text.substr(0, 80)))).marked);
  EXPECT_EQ(extract.damaged(), 1U);
  const Frame frame = extract.pass(buffer_of(unit_with(text)));
  EXPECT_EQ(frame.verdict, GST_DEEPFAKE_VERDICT_MANIPULATED);
  EXPECT_NEAR(frame.width, 80, 0.05) << "a quarter of 320";
  EXPECT_EQ(extract.damaged(), 1U);
}

TEST(Sei, IsReadFromTheMetasOfParsersToo) {
  std::string text = good_text();
  auto uuid = kGstDeepfakePayloadUuid;
  for (const char* caps : {"video/x-raw,format=NV12,width=320,height=240",
                           "video/x-raw(memory:Else),format=NV12,width=320,height=240"}) {
    Harness extract("deepfakeseiextract", caps);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 8, nullptr);
    auto foreign = uuid;
    foreign[0] ^= 1;
    for (auto* id : {uuid.data(), foreign.data()}) {
      gst_buffer_add_video_sei_user_data_unregistered_meta(
          buffer, id, reinterpret_cast<guint8*>(text.data()), text.size());
    }
    const Frame frame = extract.pass(buffer);
    EXPECT_TRUE(frame.marked) << caps;
    EXPECT_NEAR(frame.x, 40, 0.05) << caps;
    EXPECT_EQ(extract.damaged(), 0U);
    EXPECT_FALSE(extract.pass(gst_buffer_new_allocate(nullptr, 8, nullptr)).marked);
  }
}

TEST(Sei, DoesNotReplaceAResultOfThisProcess) {
  Harness extract("deepfakeseiextract", kByteStream);
  GstBuffer* buffer = buffer_of(unit_with(good_text()));
  test::mark(buffer, 320, 240, {test::make_face(1, 0, 0, 9, GST_DEEPFAKE_VERDICT_UNDECIDED, -1)});
  EXPECT_EQ(extract.pass(buffer).verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
}

TEST(Sei, GoesBetweenTheHeadersAndThePicture) {
  Harness insert("deepfakeseiinsert", kByteStream);
  const std::vector<guint8> headers = {0, 0, 0, 1, 0x09, 0xF0, 0, 0, 0, 1, 0x68, 0xCE, 0x38, 0x80};
  // A prefix unit, which belongs to the slice behind it.
  const std::vector<guint8> picture = {0, 0, 1, 0x6E, 0x80, 0x10, 0x4F, 0, 0, 1, 0x65, 0x88, 0x84};
  std::vector<guint8> bytes = headers;
  bytes.insert(bytes.end(), picture.begin(), picture.end());
  GstBuffer* buffer = buffer_of(bytes);
  test::mark(buffer, 320, 240, {});
  const Frame frame = insert.pass(buffer);
  ASSERT_GT(frame.bytes.size(), bytes.size() + 100);
  EXPECT_TRUE(std::equal(headers.begin(), headers.end(), frame.bytes.begin()));
  EXPECT_EQ(frame.bytes[headers.size() + 4], 6) << "an SEI unit";
  EXPECT_TRUE(std::equal(picture.rbegin(), picture.rend(), frame.bytes.rbegin()));
  EXPECT_TRUE(frame.marked) << "the meta stays";
}

TEST(Sei, LeavesWhatIsNoPictureAsItIs) {
  for (const char* caps : {kByteStream, kAvc}) {
    Harness insert("deepfakeseiinsert", caps);
    for (const std::vector<guint8>& bytes : {std::vector<guint8>{},
                                             {0},
                                             {0, 0, 1},
                                             {0, 0, 0, 1, 0x67, 0x64},
                                             {0, 0, 0, 9, 0x65, 0x88},
                                             {0xFF, 0xFF, 0xFF, 0xFF, 0x65},
                                             {0, 0, 0, 2, 0x67, 0x64, 0, 0, 0, 99, 0x65, 1}}) {
      GstBuffer* buffer = buffer_of(bytes);
      test::mark(buffer, 320, 240, {});
      EXPECT_EQ(insert.pass(buffer).bytes, bytes) << caps;
    }
  }
}

TEST(Sei, SurvivesAnyBytes) {
  std::mt19937 random(3);
  const std::vector<guint8> good = unit_with(good_text());
  for (const char* caps : {kByteStream, kAvc}) {
    Harness insert("deepfakeseiinsert", caps);
    Harness extract("deepfakeseiextract", caps);
    for (int i = 0; i < 1500; ++i) {
      // Noise; noise of the bytes that mean something; and a good unit with a few bytes of noise.
      std::vector<guint8> bytes(random() % 200);
      const guint8 telling[] = {0, 0, 0, 1, 3, 5, 6, 0x65, 0xFF, 0x80};
      for (guint8& byte : bytes) {
        byte = i % 3 == 0 ? static_cast<guint8>(random()) : telling[random() % sizeof telling];
      }
      if (i % 3 == 2) {
        bytes = good;
        for (int n = 0; n < 3; ++n) bytes[random() % bytes.size()] = static_cast<guint8>(random());
      }
      GstBuffer* buffer = buffer_of(bytes);
      test::mark(buffer, 320, 240, {});
      const Frame inserted = insert.pass(buffer);
      EXPECT_GE(inserted.bytes.size(), bytes.size());
      EXPECT_EQ(extract.pass(buffer_of(bytes)).bytes, bytes);
    }
  }
}

}  // namespace
