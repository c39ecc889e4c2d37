// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element and the ways pictures lie in memory: formats, strides, turns, fields, colours.

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "detect_harness.h"
#include "gstdeepfakemeta.h"
#include "support/test_model.h"

namespace {

namespace test = dfd::test;
using test::make_frame;

class FormatsTest : public test::HarnessTest {
 protected:
  // The newest score of the whole picture once this buffer has passed; -1: none yet.
  double score_after(GstBuffer* buffer) {
    EXPECT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
    GstBuffer* out = gst_harness_pull(harness_);
    const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(out);
    const double score = meta->n_faces == 0 ? -1 : meta->faces[0].score;
    gst_buffer_unref(out);
    return score;
  }

  void end() { gst_harness_teardown(std::exchange(harness_, nullptr)); }
};

TEST_F(FormatsTest, EveryFormatAndOddSizePasses) {
  for (const char* format :
       {"I420", "YV12", "NV12",  "RGB",       "BGR",       "RGBx",      "BGRx", "xRGB", "xBGR",
        "RGBA", "BGRA", "ARGB",  "ABGR",      "NV21",      "UYVY",      "YUY2", "YVYU", "NV16",
        "Y42B", "Y444", "GRAY8", "I420_10LE", "I422_10LE", "P010_10LE", "v210"}) {
    for (const char* size :
         {"width=1,height=1", "width=3,height=5", "width=161,height=91", "width=2000,height=2"}) {
      start("overlay=boxes+labels inference-region=full-frame",
            "format=" + std::string(format) + "," + size + ",framerate=25/1");
      for (int i = 0; i < 12; ++i) {
        ASSERT_EQ(push(i), GST_FLOW_OK) << format << " " << size;
      }
      EXPECT_EQ(gst_harness_buffers_received(harness_), 12U);
      GstBuffer* last = nullptr;
      while (GstBuffer* next = gst_harness_try_pull(harness_)) {
        if (last != nullptr) gst_buffer_unref(last);
        last = next;
      }
      ASSERT_NE(last, nullptr);
      EXPECT_EQ(gst_buffer_get_size(last), GST_VIDEO_INFO_SIZE(&info_)) << format << " " << size;
      const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(last);
      EXPECT_EQ(meta->frame_width, static_cast<guint>(GST_VIDEO_INFO_WIDTH(&info_)));
      EXPECT_EQ(meta->frame_height, static_cast<guint>(GST_VIDEO_INFO_HEIGHT(&info_)));
      // 0.44 s at ten samples a second, and the window's length of them.
      ASSERT_EQ(meta->n_faces, 1U) << format << " " << size;
      // A picture of one pixel may be black, which is no sample.
      if (GST_VIDEO_INFO_WIDTH(&info_) > 1) {
        EXPECT_EQ(meta->faces[0].samples, 5U) << format << " " << size;
        EXPECT_EQ(meta->faces[0].windows, 2U) << format << " " << size;
      }
      gst_buffer_unref(last);
      gst_harness_teardown(std::exchange(harness_, nullptr));
    }
  }
}

// An RGB frame of 100 x 60 that differs from pixel to pixel, with such rows and so much before
// them; what is between the rows is noise. slope: how far a row's pattern is from the next one's.
GstBuffer* padded_frame(int number, gsize first, gint stride, int slope) {
  constexpr gint kRow = 300;
  std::string bytes(first + static_cast<gsize>(stride) * 60, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i * 31 + i);
  for (gint y = 0; y < 60; ++y) {
    for (gint x = 0; x < kRow; ++x) {
      bytes[first + static_cast<gsize>(y * stride + x)] =
          static_cast<char>((x * 3 + y * slope + number * 7) % 251);
    }
  }
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  gsize offsets[GST_VIDEO_MAX_PLANES] = {first, 0, 0, 0};
  gint strides[GST_VIDEO_MAX_PLANES] = {stride, 0, 0, 0};
  gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB, 100, 60,
                                 1, offsets, strides);
  GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(number) * 100 * GST_MSECOND;
  return buffer;
}

TEST_F(FormatsTest, PaddedStridesAreRead) {
  const auto score_with = [&](gsize first, gint stride, int slope) {
    start("inference-region=full-frame", "format=RGB,width=100,height=60,framerate=10/1");
    double score = -1;
    for (int i = 0; i < test::kTestWindow; ++i) {
      score = score_after(padded_frame(i, first, stride, slope));
    }
    end();
    return score;
  };
  const double tight = score_with(0, 300, 5);
  EXPECT_GT(tight, 0);
  EXPECT_EQ(score_with(64, 400, 5), tight);
  EXPECT_NE(score_with(0, 300, 8), tight) << "rows a pixel off, as a stride misread has them";
}

// A picture: what stands in row y and column x, three bytes.
using Pixels = std::function<void(int x, int y, guint8* rgb)>;

// An RGB frame without padding: widths are multiples of 4.
GstBuffer* draw(int number, int width, int height, const Pixels& pixels) {
  std::vector<guint8> bytes(static_cast<std::size_t>(width * height * 3));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) pixels(x, y, bytes.data() + (y * width + x) * 3);
  }
  GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
  GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(number) * 100 * GST_MSECOND;
  return buffer;
}

// A slope that looks another in every turn; another with each number, so that nothing is frozen.
Pixels slope(int number) {
  return [number](int x, int y, guint8* rgb) {
    rgb[0] = static_cast<guint8>(x * 2 + number * 5);
    rgb[1] = static_cast<guint8>(y * 4);
    rgb[2] = static_cast<guint8>(x + y);
  };
}

constexpr const char* kLying = "format=RGB,width=60,height=40,framerate=10/1";
constexpr const char* kStanding = "format=RGB,width=40,height=60,framerate=10/1";

class OrientationTest : public FormatsTest {
 protected:
  // The last score of a window of lying frames of a picture whose upright form is the slope, 40
  // wide and 60 high, turned to the left.
  double score_lying() {
    double score = -1;
    for (int i = 0; i < test::kTestWindow; ++i, ++number_) {
      const Pixels upright = slope(i);
      score = score_after(draw(number_, 60, 40, [&](int x, int y, guint8* rgb) {
        upright(39 - y, x, rgb);  // What is left when upright is at the bottom when lying.
      }));
    }
    return score;
  }

  double score_standing() {
    start("inference-region=full-frame", kStanding);
    double score = -1;
    for (int i = 0; i < test::kTestWindow; ++i) score = score_after(draw(i, 40, 60, slope(i)));
    end();
    return score;
  }

  void push_tags(GstTagList* tags) {
    ASSERT_TRUE(gst_harness_push_event(harness_, gst_event_new_tag(tags)));
  }

  int number_ = 0;
};

TEST_F(OrientationTest, FollowsTagsByDefault) {
  const double standing = score_standing();
  start("inference-region=full-frame", kLying);
  EXPECT_NE(score_lying(), standing);
  push_tags(gst_tag_list_new(GST_TAG_IMAGE_ORIENTATION, "rotate-90", nullptr));
  EXPECT_EQ(score_lying(), standing);
  push_tags(gst_tag_list_new(GST_TAG_TITLE, "another tag", nullptr));
  EXPECT_EQ(score_lying(), standing) << "tags that say nothing of it change nothing";
  push_tags(gst_tag_list_new(GST_TAG_IMAGE_ORIENTATION, "rotate-0", nullptr));
  EXPECT_NE(score_lying(), standing);
}

TEST_F(OrientationTest, IsForgottenWithTheStream) {
  const double standing = score_standing();
  start("inference-region=full-frame", kLying);
  push_tags(gst_tag_list_new(GST_TAG_IMAGE_ORIENTATION, "rotate-90", nullptr));
  ASSERT_EQ(score_lying(), standing);
  ASSERT_TRUE(gst_harness_push_event(harness_, gst_event_new_stream_start("another")));
  set_caps(kLying);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  ASSERT_TRUE(gst_harness_push_event(harness_, gst_event_new_segment(&segment)));
  EXPECT_NE(score_lying(), standing);
}

TEST_F(OrientationTest, APropertyTakesTheTagsPlaceWhilePlaying) {
  const double standing = score_standing();
  start("inference-region=full-frame orientation=90r", kLying);
  EXPECT_EQ(score_lying(), standing);
  push_tags(gst_tag_list_new(GST_TAG_IMAGE_ORIENTATION, "rotate-180", nullptr));
  EXPECT_EQ(score_lying(), standing);
  gst_harness_set(harness_, "deepfakedetect", "orientation", GST_VIDEO_ORIENTATION_IDENTITY,
                  nullptr);
  EXPECT_NE(score_lying(), standing);
}

TEST_F(FormatsTest, OfInterlacedFramesTheTopFieldIsJudged) {
  const auto score_with = [&](const char* mode, const std::function<int(int)>& row) {
    start("inference-region=full-frame", std::string(kLying) + mode);
    double score = -1;
    for (int i = 0; i < test::kTestWindow; ++i) {
      const Pixels picture = slope(i);
      score =
          score_after(draw(i, 60, 40, [&](int x, int y, guint8* rgb) { picture(x, row(y), rgb); }));
    }
    end();
    return score;
  };
  const double doubled = score_with("", [](int y) { return y / 2 * 2; });
  // The bottom field shows something else.
  const auto woven = [](int y) { return y % 2 == 0 ? y : 39 - y; };
  EXPECT_EQ(score_with(",interlace-mode=interleaved", woven), doubled);
  EXPECT_NE(score_with("", woven), doubled);
}

// The texts of the warnings that were posted since the bus was set.
std::vector<std::string> warnings_on(GstBus* bus) {
  std::vector<std::string> texts;
  while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_WARNING)) {
    GError* warning = nullptr;
    gst_message_parse_warning(message, &warning, nullptr);
    texts.emplace_back(warning->message);
    g_error_free(warning);
    gst_message_unref(message);
  }
  return texts;
}

class WarningsTest : public FormatsTest {
 protected:
  WarningsTest() : bus_(gst_bus_new()) {}
  ~WarningsTest() override { gst_object_unref(bus_); }

  // The texts of the warnings that have it in them.
  long warnings_with(const std::string& words) {
    const std::vector<std::string> texts = warnings_on(bus_);
    return std::count_if(texts.begin(), texts.end(), [&](const std::string& text) {
      return text.find(words) != std::string::npos;
    });
  }

  GstBus* bus_;
};

TEST_F(WarningsTest, FieldsInBuffersOfTheirOwnAreRefusedWithAReason) {
  start("", "format=I420,width=320,height=240,framerate=25/1");
  gst_element_set_bus(harness_->element, bus_);
  for (const char* caps :
       {"video/x-raw(format:Interlaced),format=I420,width=320,height=240,framerate=25/1,"
        "interlace-mode=alternate",
        "video/x-raw,format=I420,width=320,height=240,framerate=25/1,interlace-mode=fields"}) {
    GstCaps* parsed = gst_caps_from_string(caps);
    gst_harness_push_event(harness_, gst_event_new_caps(parsed));
    gst_caps_unref(parsed);
    EXPECT_EQ(gst_harness_push(harness_, gst_buffer_new_allocate(nullptr, 115200, nullptr)),
              GST_FLOW_NOT_NEGOTIATED)
        << caps;
    EXPECT_GE(warnings_with("put deinterlace before"), 1) << caps;
  }
}

TEST_F(WarningsTest, ColoursThatAreNotKnownAreToldOnce) {
  start("", "format=I420,width=320,height=240,framerate=25/1");
  gst_element_set_bus(harness_->element, bus_);
  set_caps("format=I420,width=320,height=240,framerate=25/1,colorimetry=(string)1:3:9:1");
  set_caps("format=I420,width=320,height=240,framerate=30/1,colorimetry=(string)1:3:9:1");
  EXPECT_EQ(warnings_with("transfer function 9"), 1);
  set_caps("format=I420,width=320,height=240,framerate=30/1,colorimetry=(string)bt709");
  EXPECT_EQ(push(0), GST_FLOW_OK);
  EXPECT_EQ(warnings_with("colours"), 0);
}

}  // namespace
