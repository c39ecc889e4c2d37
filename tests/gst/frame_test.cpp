// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Our colours beside videoconvert's on the same frame.

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#ifdef HAVE_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/picture.h"
#include "gstdeepfakeframe.h"
#include "gstdeepfakemarks.h"

namespace dfd {
namespace {

// The first buffer that a launch line gives to its appsink "sink".
GstSample* first_sample(const std::string& line, const char* name) {
  GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), name);
  GstSample* sample = gst_app_sink_pull_sample(GST_APP_SINK(sink));
  gst_object_unref(sink);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
  return sample;
}

// videoconvert's 8-bit matrix rounds down twice and lies up to two levels low, so it is asked for
// 16 bits a channel.
cv::Mat deep_picture_of(GstSample* sample) {
  GstVideoInfo info;
  gst_video_info_from_caps(&info, gst_sample_get_caps(sample));
  GstVideoFrame frame;
  gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ);
  const cv::Mat argb(GST_VIDEO_FRAME_HEIGHT(&frame), GST_VIDEO_FRAME_WIDTH(&frame), CV_16UC4,
                     GST_VIDEO_FRAME_PLANE_DATA(&frame, 0),
                     static_cast<std::size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0)));
  cv::Mat rgb(argb.size(), CV_16UC3);
  cv::mixChannels(std::vector<cv::Mat>{argb}, std::vector<cv::Mat>{rgb}, {1, 0, 2, 1, 3, 2});
  rgb.convertTo(rgb, CV_32F, 1 / 257.0);
  gst_video_frame_unmap(&frame);
  return rgb;
}

cv::Mat picture_of(GstSample* sample) {
  GstVideoInfo info;
  gst_video_info_from_caps(&info, gst_sample_get_caps(sample));
  const auto frame = gst_deepfake_map_frame(gst_sample_get_buffer(sample), info, Timestamp(0));
  return rgb_region(frame->view, {0, 0, frame->view.width, frame->view.height});
}

// A picture with gradients and edges, made as RGB; the same YUV buffer goes both ways.
void expect_videoconverts_colors(const std::string& yuv) {
  const std::string line =
      "videotestsrc num-buffers=1 pattern=smpte ! video/x-raw,format=RGB ! "
      "videoconvert chroma-mode=full ! " +
      yuv + " ! tee name=t  t. ! queue ! ";
  GstSample* ours =
      first_sample(line + "appsink name=ours t. ! queue ! fakesink async=false", "ours");
  GstSample* theirs =
      first_sample(line +
                       "videoconvert chroma-mode=full dither=none ! video/x-raw,format=ARGB64 ! "
                       "appsink name=theirs t. ! queue ! fakesink async=false",
                   "theirs");
  ASSERT_NE(ours, nullptr) << yuv;
  ASSERT_NE(theirs, nullptr) << yuv;
  cv::Mat difference;
  cv::Mat exact;
  picture_of(ours).convertTo(exact, CV_32F);
  cv::absdiff(exact, deep_picture_of(theirs), difference);
  const cv::Scalar mean = cv::mean(difference);
  EXPECT_LT((mean[0] + mean[1] + mean[2]) / 3, 1) << yuv;
  gst_sample_unref(ours);
  gst_sample_unref(theirs);
}

TEST(MapFrame, ColoursEqualVideoconverts) {
  for (const char* format : {"I420", "NV12", "YV12"}) {
    for (const char* size : {"width=320,height=180", "width=321,height=181"}) {
      for (const char* colorimetry : {"bt601", "bt709", "1:4:0:0", "1:3:0:0"}) {
        for (const char* site : {"mpeg2", "jpeg"}) {
          expect_videoconverts_colors(std::string("video/x-raw,format=") + format + "," + size +
                                      ",colorimetry=(string)" + colorimetry +
                                      ",chroma-site=(string)" + site);
        }
      }
    }
  }
}

TEST(MapFrame, ColoursOfOtherLayoutsEqualVideoconvertsToo) {
  for (const char* format : {"NV21", "UYVY", "YUY2", "YVYU", "NV16", "Y42B", "Y444", "I420_10LE",
                             "I422_10LE", "P010_10LE", "v210"}) {
    for (const char* size : {"width=320,height=180", "width=321,height=181"}) {
      expect_videoconverts_colors(std::string("video/x-raw,format=") + format + "," + size +
                                  ",colorimetry=(string)bt709,chroma-site=(string)mpeg2");
    }
  }
  expect_videoconverts_colors("video/x-raw,format=GRAY8,width=321,height=181");
}

// What is said of a frame of these caps, all of whose bytes are 100.
std::optional<Frame> frame_of(const std::string& caps_text, guint buffer_flags = 0) {
  GstCaps* caps = gst_caps_from_string(caps_text.c_str());
  GstVideoInfo info;
  EXPECT_TRUE(gst_video_info_from_caps(&info, caps)) << caps_text;
  gst_caps_unref(caps);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
  gst_buffer_memset(buffer, 0, 100, GST_VIDEO_INFO_SIZE(&info));
  GST_BUFFER_FLAG_SET(buffer, buffer_flags);
  auto frame = gst_deepfake_map_frame(buffer, info, Timestamp(0));
  gst_buffer_unref(buffer);
  return frame;
}

TEST(MapFrame, AFormatThatNobodyListsIsNoFrame) {
  EXPECT_TRUE(frame_of("video/x-raw,format=NV16,width=16,height=16,framerate=1/1"));
  for (const char* format : {"Y41B", "AYUV", "GRAY16_LE", "RGB16", "NV12_64Z32"}) {
    EXPECT_FALSE(
        frame_of(std::string("video/x-raw,width=64,height=64,framerate=1/1,format=") + format))
        << format;
  }
}

TEST(MapFrame, TellsFieldsAndHighDynamicRange) {
  const std::string caps = "video/x-raw,format=P010_10LE,width=16,height=16,framerate=25/1";
  EXPECT_FALSE(frame_of(caps)->view.interlaced);
  EXPECT_TRUE(frame_of(caps + ",interlace-mode=interleaved")->view.interlaced);
  EXPECT_FALSE(frame_of(caps + ",interlace-mode=mixed")->view.interlaced);
  EXPECT_TRUE(
      frame_of(caps + ",interlace-mode=mixed", GST_VIDEO_BUFFER_FLAG_INTERLACED)->view.interlaced);
  EXPECT_EQ(frame_of(caps)->view.color.transfer, Transfer::kSdr);
  EXPECT_EQ(frame_of(caps + ",colorimetry=bt2100-pq")->view.color.transfer, Transfer::kPq);
  EXPECT_EQ(frame_of(caps + ",colorimetry=bt2100-hlg")->view.color.transfer, Transfer::kHlg);
}

TEST(UnknownColors, AreThoseThatNoDisplayTakes) {
  const auto words_of = [](const char* colorimetry) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 16, 16);
    EXPECT_TRUE(gst_video_colorimetry_from_string(&info.colorimetry, colorimetry));
    return gst_deepfake_unknown_colors(info);
  };
  for (const char* known : {"bt601", "bt709", "bt2020", "bt2100-pq", "1:3:5:1", "2:0:0:0"}) {
    EXPECT_EQ(words_of(known), "") << known;
  }
  EXPECT_EQ(words_of("1:3:9:1"), "transfer function 9");  // Logarithmic.
  EXPECT_EQ(words_of("1:1:5:1"), "matrix 1");             // R'G'B', in a format of Y'CbCr.
}

TEST(OrientationOf, HasAllOfGStreamers) {
  std::set<Orientation> found;
  for (int method = GST_VIDEO_ORIENTATION_IDENTITY; method <= GST_VIDEO_ORIENTATION_UR_LL;
       ++method) {
    found.insert(gst_deepfake_orientation_of(static_cast<GstVideoOrientationMethod>(method)));
  }
  EXPECT_EQ(found.size(), 8U);
  // As videoflip turns: what was at the top is at the right.
  EXPECT_EQ(gst_deepfake_orientation_of(GST_VIDEO_ORIENTATION_90R), Orientation::kRotate90);
  EXPECT_EQ(gst_deepfake_orientation_of(GST_VIDEO_ORIENTATION_AUTO), Orientation::kIdentity);
}

TEST(OrientationOf, IsWhatVideoflipDoes) {
  for (int method = GST_VIDEO_ORIENTATION_IDENTITY; method <= GST_VIDEO_ORIENTATION_UR_LL;
       ++method) {
    const std::string line =
        "videotestsrc num-buffers=1 pattern=smpte ! video/x-raw,format=RGB,width=64,height=48 ! "
        "tee name=t  t. ! queue ! ";
    GstSample* plain =
        first_sample(line + "appsink name=one t. ! queue ! fakesink async=false", "one");
    GstSample* turned = first_sample(line + "videoflip video-direction=" + std::to_string(method) +
                                         " ! appsink name=one t. ! queue ! fakesink async=false",
                                     "one");
    const cv::Mat ours =
        to_upright(picture_of(plain),
                   gst_deepfake_orientation_of(static_cast<GstVideoOrientationMethod>(method)));
    const cv::Mat theirs = picture_of(turned);
    ASSERT_EQ(ours.size(), theirs.size()) << method;
    EXPECT_EQ(cv::norm(ours, theirs, cv::NORM_INF), 0) << method;
    gst_sample_unref(plain);
    gst_sample_unref(turned);
  }
}

#ifdef HAVE_ANALYTICS
TEST(MarkedFaces, AreAnalyticsObjectsOfThatType) {
  GstBuffer* buffer = gst_buffer_new();
  GstAnalyticsRelationMeta* relations = gst_buffer_add_analytics_relation_meta(buffer);
  GstAnalyticsODMtd object;
  gst_analytics_relation_meta_add_od_mtd(relations, g_quark_from_static_string("car"), 1, 2, 3, 4,
                                         0.5F, &object);
  gst_analytics_relation_meta_add_od_mtd(relations, g_quark_from_static_string("face"), 10, 20, 30,
                                         40, 0.75F, &object);
  const auto faces = gst_deepfake_marked_faces(buffer);
  ASSERT_EQ(faces.size(), 1U);
  EXPECT_EQ(faces[0].box.x, 10);
  EXPECT_EQ(faces[0].box.height, 40);
  EXPECT_EQ(faces[0].confidence, 0.75F);
  gst_buffer_unref(buffer);
}
#endif

TEST(MarkedFaces, AreTheRegionsOfThatType) {
  GstBuffer* buffer = gst_buffer_new();
  EXPECT_TRUE(gst_deepfake_marked_faces(buffer).empty());
  gst_buffer_add_video_region_of_interest_meta(buffer, "person", 0, 0, 100, 200);
  gst_buffer_add_video_region_of_interest_meta(buffer, "face", 10, 20, 30, 40);
  gst_buffer_add_video_region_of_interest_meta(buffer, "face", 5, 5, 0, 40);  // Nothing of it.
  GstVideoRegionOfInterestMeta* sure =
      gst_buffer_add_video_region_of_interest_meta(buffer, "face", 50, 60, 70, 80);
  gst_video_region_of_interest_meta_add_param(
      sure, gst_structure_new("detection", "confidence", G_TYPE_DOUBLE, 0.75, nullptr));
  GstVideoRegionOfInterestMeta* odd =
      gst_buffer_add_video_region_of_interest_meta(buffer, "face", 1, 2, 3, 4);
  gst_video_region_of_interest_meta_add_param(
      odd, gst_structure_new("detection", "confidence", G_TYPE_DOUBLE, 7.0, nullptr));
  const auto faces = gst_deepfake_marked_faces(buffer);
  ASSERT_EQ(faces.size(), 3U);
  EXPECT_EQ(faces[0].box.x, 10);
  EXPECT_EQ(faces[0].box.height, 40);
  EXPECT_EQ(faces[0].confidence, 1);
  EXPECT_EQ(faces[1].confidence, 0.75F);
  EXPECT_EQ(faces[2].confidence, 1);
  gst_buffer_unref(buffer);
}

}  // namespace
}  // namespace dfd
