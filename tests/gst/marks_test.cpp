// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Verdicts in the layouts that other people's elements read.

#include <gst/video/video.h>

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "gstdeepfakemarks.h"

#ifdef HAVE_ANALYTICS
#include <gst/analytics/analytics.h>
#include <gst/app/gstappsink.h>
#endif

namespace {

dfd::FaceReport face_of(dfd::TrackId track, dfd::RectF box, double probability) {
  dfd::FaceReport face;
  face.track = track;
  face.box = box;
  face.detection_confidence = 0.875F;
  face.probability = probability;
  face.verdict = probability > 0.5 ? dfd::Verdict::kManipulated : dfd::Verdict::kAuthentic;
  face.reason = dfd::Reason::kNone;
  return face;
}

class Marks : public testing::Test {
 protected:
  void SetUp() override {
    report_.frame_width = 320;
    report_.frame_height = 240;
    report_.faces = {face_of(3, {40, 60, 80, 80}, 0.9), face_of(4, {200, 60, 80, 80}, 0.2)};
    buffer_ = gst_buffer_new();
  }
  void TearDown() override { gst_buffer_unref(buffer_); }

  std::vector<GstVideoRegionOfInterestMeta*> regions() {
    std::vector<GstVideoRegionOfInterestMeta*> found;
    gpointer state = nullptr;
    while (GstMeta* meta = gst_buffer_iterate_meta_filtered(
               buffer_, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
      found.push_back(reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta));
    }
    return found;
  }

  dfd::StreamReport report_;
  GstBuffer* buffer_ = nullptr;
  GstDeepfakeMarks marks_;
};

std::string text_in(GstVideoRegionOfInterestMeta* region, const char* param, const char* field) {
  GstStructure* structure = gst_video_region_of_interest_meta_get_param(region, param);
  const gchar* text = structure == nullptr ? nullptr : gst_structure_get_string(structure, field);
  return text == nullptr ? "" : text;
}

double number_in(GstVideoRegionOfInterestMeta* region, const char* param, const char* field) {
  GstStructure* structure = gst_video_region_of_interest_meta_get_param(region, param);
  double number = -1;
  if (structure != nullptr) gst_structure_get_double(structure, field, &number);
  return number;
}

TEST_F(Marks, RegionsAreLaidOutAsDlStreamerReadsThem) {
  GstDeepfakeMarks::add_regions(buffer_, report_);
  const auto found = regions();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_STREQ(g_quark_to_string(found[0]->roi_type), "face");
  EXPECT_EQ(found[0]->id, 3);
  EXPECT_EQ(found[0]->x, 40U);
  EXPECT_EQ(found[0]->h, 80U);
  EXPECT_EQ(text_in(found[0], "detection", "label"), "face");
  EXPECT_EQ(number_in(found[0], "detection", "confidence"), 0.875);
  EXPECT_EQ(text_in(found[0], "manipulation", "label"), "manipulated");
  EXPECT_EQ(number_in(found[0], "manipulation", "confidence"), 0.9);
  EXPECT_EQ(text_in(found[1], "manipulation", "label"), "authentic");
}

TEST_F(Marks, NumbersThatAreNotThereAreLeftOut) {
  report_.faces[0].probability.reset();
  GstDeepfakeMarks::add_regions(buffer_, report_);
  EXPECT_EQ(number_in(regions()[0], "manipulation", "confidence"), -1);
}

TEST_F(Marks, TellKindsOfEvidenceWhereTheyAreKnown) {
  report_.faces[0].evidence = dfd::Evidence::kSeam;
  report_.faces[0].indicators = {0.875, 0.25};
  GstDeepfakeMarks::add_regions(buffer_, report_);
  const auto found = regions();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(text_in(found[0], "deepfake", "evidence"), "seam");
  EXPECT_EQ(number_in(found[0], "deepfake", "seam-probability"), 0.875);
  EXPECT_EQ(number_in(found[0], "deepfake", "generated-probability"), 0.25);
  EXPECT_EQ(text_in(found[1], "deepfake", "evidence"), "");
  EXPECT_EQ(number_in(found[1], "deepfake", "seam-probability"), -1);
}

TEST_F(Marks, ARegionThatIsThereGetsTheVerdictAndNoTwin) {
  gst_buffer_add_video_region_of_interest_meta(buffer_, "face", 44, 58, 80, 80);
  gst_buffer_add_video_region_of_interest_meta(buffer_, "car", 40, 60, 80, 80);
  GstDeepfakeMarks::add_regions(buffer_, report_);
  const auto found = regions();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(text_in(found[0], "deepfake", "verdict"), "manipulated");
  EXPECT_EQ(text_in(found[1], "deepfake", "verdict"), "");
  EXPECT_EQ(found[2]->id, 4);
}

TEST_F(Marks, AFaceThatLeftThePictureHasNoRegionAndOneAtItsEdgeAPart) {
  report_.faces[0].box = {-200, 10, 80, 80};
  report_.faces[1].box = {300, -10, 80, 80};
  GstDeepfakeMarks::add_regions(buffer_, report_);
  const auto found = regions();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0]->x, 300U);
  EXPECT_EQ(found[0]->w, 20U);
  EXPECT_EQ(found[0]->h, 70U);
}

TEST_F(Marks, TheWholePictureIsNoRegionOfIt) {
  report_.faces = {face_of(0, {0, 0, 320, 240}, 0.9)};
  GstDeepfakeMarks::add_regions(buffer_, report_);
  EXPECT_TRUE(regions().empty());
}

TEST_F(Marks, WhatIsWrittenCanBeReadAsMarkedFaces) {
  GstDeepfakeMarks::add_regions(buffer_, report_);
  const auto faces = gst_deepfake_marked_faces(buffer_);
  ASSERT_EQ(faces.size(), 2U);
  EXPECT_EQ(faces[1].box.x, 200);
  EXPECT_EQ(faces[1].confidence, 0.875F);
}

#ifdef HAVE_ANALYTICS
class Analytics : public Marks {
 protected:
  GstAnalyticsRelationMeta* relations() { return gst_buffer_get_analytics_relation_meta(buffer_); }

  guint count(GstAnalyticsMtdType type) {
    guint found = 0;
    gpointer state = nullptr;
    GstAnalyticsMtd mtd;
    while (gst_analytics_relation_meta_iterate(relations(), &state, type, &mtd) != FALSE) ++found;
    return found;
  }

  // Of the first object of type "face" and what is related to it.
  bool related(GstAnalyticsMtdType type, GstAnalyticsMtd* other) {
    gpointer state = nullptr;
    GstAnalyticsMtd object;
    if (gst_analytics_relation_meta_iterate(
            relations(), &state, gst_analytics_od_mtd_get_mtd_type(), &object) == FALSE) {
      return false;
    }
    return gst_analytics_relation_meta_get_direct_related(relations(), object.id,
                                                          GST_ANALYTICS_REL_TYPE_RELATE_TO, type,
                                                          nullptr, other) != FALSE;
  }

  // Track and when it was first seen, of the tracking of the first face; zeros without one.
  std::pair<guint64, GstClockTime> first_tracking() {
    GstAnalyticsMtd mtd;
    guint64 track = 0;
    GstClockTime first = 0;
    GstClockTime last = 0;
    gboolean lost = TRUE;
    if (related(gst_analytics_tracking_mtd_get_mtd_type(), &mtd)) {
      gst_analytics_tracking_mtd_get_info(reinterpret_cast<GstAnalyticsTrackingMtd*>(&mtd), &track,
                                          &first, &last, &lost);
    }
    return {track, first};
  }
};

TEST_F(Analytics, EachFaceIsAnObjectWithClassesAndATracking) {
  GST_BUFFER_PTS(buffer_) = 7 * GST_SECOND;
  marks_.add_analytics(buffer_, report_);
  ASSERT_NE(relations(), nullptr);
  EXPECT_EQ(count(gst_analytics_od_mtd_get_mtd_type()), 2U);
  EXPECT_EQ(count(gst_analytics_cls_mtd_get_mtd_type()), 2U);
  GstAnalyticsMtd mtd;
  ASSERT_TRUE(related(gst_analytics_cls_mtd_get_mtd_type(), &mtd));
  auto* classes = reinterpret_cast<GstAnalyticsClsMtd*>(&mtd);
  EXPECT_EQ(gst_analytics_cls_mtd_get_length(classes), 2U);
  EXPECT_STREQ(g_quark_to_string(gst_analytics_cls_mtd_get_quark(classes, 0)), "manipulated");
  EXPECT_FLOAT_EQ(gst_analytics_cls_mtd_get_level(classes, 0), 0.9F);
  EXPECT_STREQ(g_quark_to_string(gst_analytics_cls_mtd_get_quark(classes, 1)), "authentic");
  EXPECT_FLOAT_EQ(gst_analytics_cls_mtd_get_level(classes, 1), 0.1F);
  EXPECT_EQ(first_tracking(), std::make_pair(guint64{3}, GstClockTime{7 * GST_SECOND}));
}

TEST_F(Analytics, ATrackRemembersWhenItWasFirstSeen) {
  GST_BUFFER_PTS(buffer_) = 7 * GST_SECOND;
  marks_.add_analytics(buffer_, report_);
  gst_buffer_unref(buffer_);
  buffer_ = gst_buffer_new();
  GST_BUFFER_PTS(buffer_) = 9 * GST_SECOND;
  marks_.add_analytics(buffer_, report_);
  EXPECT_EQ(first_tracking(), std::make_pair(guint64{3}, GstClockTime{7 * GST_SECOND}));
}

TEST_F(Analytics, AppendsToTheRelationsThatAreThere) {
  GstAnalyticsRelationMeta* theirs = gst_buffer_add_analytics_relation_meta(buffer_);
  GstAnalyticsODMtd face;
  gst_analytics_relation_meta_add_od_mtd(theirs, g_quark_from_string("face"), 44, 58, 80, 80, 0.5F,
                                         &face);
  marks_.add_analytics(buffer_, report_);
  EXPECT_EQ(gst_buffer_get_n_meta(buffer_, GST_ANALYTICS_RELATION_META_API_TYPE), 1U);
  EXPECT_EQ(count(gst_analytics_od_mtd_get_mtd_type()), 2U);
  GstAnalyticsMtd mtd;
  EXPECT_TRUE(related(gst_analytics_cls_mtd_get_mtd_type(), &mtd));
}

TEST_F(Analytics, AFaceWithoutAScoreHasNoClasses) {
  report_.faces[0].probability.reset();
  report_.faces.pop_back();
  marks_.add_analytics(buffer_, report_);
  EXPECT_EQ(count(gst_analytics_od_mtd_get_mtd_type()), 1U);
  EXPECT_EQ(count(gst_analytics_cls_mtd_get_mtd_type()), 0U);
}

struct Marked {
  GstDeepfakeMarks* marks;
  const dfd::StreamReport* report;
};

GstPadProbeReturn mark_passing(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
  auto* marked = static_cast<Marked*>(data);
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  marked->marks->add_analytics(buffer, *marked->report);
  return GST_PAD_PROBE_OK;
}

// Upstream's own overlay, from buffers that we marked to the pixels it drew.
TEST_F(Analytics, UpstreamsOverlayDrawsOurFaces) {
  GError* error = nullptr;
  GstElement* pipeline = gst_parse_launch(
      "videotestsrc num-buffers=1 pattern=solid-color foreground-color=0xFF808080 ! "
      "video/x-raw,format=RGB,width=320,height=240 ! identity name=marker ! "
      "objectdetectionoverlay object-detection-outline-color=0xFF00FF00 draw-labels=false ! "
      "video/x-raw,format=RGB ! appsink name=sink sync=false",
      &error);
  ASSERT_EQ(error, nullptr) << error->message;
  Marked marked{&marks_, &report_};
  GstElement* marker = gst_bin_get_by_name(GST_BIN(pipeline), "marker");
  GstPad* pad = gst_element_get_static_pad(marker, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, mark_passing, &marked, nullptr);
  gst_object_unref(pad);
  gst_object_unref(marker);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, 320, 240);
  GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 10 * GST_SECOND);
  ASSERT_NE(sample, nullptr);
  GstMapInfo map;
  gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ);
  const auto green = [&](int x, int y) {
    const guint8* rgb = map.data + y * GST_VIDEO_INFO_PLANE_STRIDE(&info, 0) + 3 * x;
    return rgb[1] > 200 && rgb[0] < 100 && rgb[2] < 100;
  };
  EXPECT_TRUE(green(80, 60) || green(80, 59));    // Upper edge of the first face.
  EXPECT_TRUE(green(240, 60) || green(240, 59));  // Of the second.
  EXPECT_FALSE(green(80, 100));
  EXPECT_FALSE(green(160, 60));
  gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
  gst_sample_unref(sample);
  gst_object_unref(sink);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}
#endif

}  // namespace
