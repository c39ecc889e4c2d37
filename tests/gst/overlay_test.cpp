// SPDX-License-Identifier: LGPL-2.1-or-later
//
// deepfakeoverlay: what it draws, where, and what it leaves alone.

#include <gst/app/gstappsink.h>
#include <gst/check/gstharness.h>
#include <gst/gst.h>
#include <gst/video/video.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "marked_video.h"

namespace {

namespace test = dfd::test;

// One grey RGB frame that went through deepfakeoverlay in some format.
class Drawn {
 public:
  Drawn(const std::string& overlay, int width, int height, std::vector<GstDeepfakeFace> faces,
        const std::string& format = "I420", const std::string& before = "identity")
      : width_(width) {
    const std::string size = "width=" + std::to_string(width) + ",height=" + std::to_string(height);
    const std::string line =
        "videotestsrc num-buffers=1 pattern=solid-color foreground-color=0xFF808080 ! "
        "video/x-raw," +
        size + ",format=" + format + " ! identity name=marker ! " + before +
        " ! deepfakeoverlay overlay=" + overlay +
        " ! videoconvert dither=none ! video/x-raw,format=RGB ! appsink name=sink sync=false";
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(line.c_str(), &error);
    EXPECT_EQ(error, nullptr) << error->message;
    test::Marks marks{static_cast<guint>(width), static_cast<guint>(height), {std::move(faces)}, 0};
    test::mark_pad(pipeline, "marker", marks);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    sample_ = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND);
    gst_object_unref(sink);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(pipeline);
    EXPECT_NE(sample_, nullptr);
    if (sample_ == nullptr) return;
    GstVideoInfo info;
    gst_video_info_from_caps(&info, gst_sample_get_caps(sample_));
    width_ = GST_VIDEO_INFO_WIDTH(&info);
    height_ = GST_VIDEO_INFO_HEIGHT(&info);
    gst_video_frame_map(&frame_, &info, gst_sample_get_buffer(sample_), GST_MAP_READ);
  }
  ~Drawn() {
    if (sample_ == nullptr) return;
    gst_video_frame_unmap(&frame_);
    gst_sample_unref(sample_);
  }
  Drawn(const Drawn&) = delete;
  Drawn& operator=(const Drawn&) = delete;

  const guint8* pixel(int x, int y) const {
    return static_cast<const guint8*>(GST_VIDEO_FRAME_PLANE_DATA(&frame_, 0)) +
           y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame_, 0) + 3 * x;
  }
  bool touched(int x, int y) const {
    constexpr int kRounding = 12;  // Of the colour conversions.
    const guint8* rgb = pixel(x, y);
    return std::abs(rgb[0] - 128) > kRounding || std::abs(rgb[1] - 128) > kRounding ||
           std::abs(rgb[2] - 128) > kRounding;
  }
  int touched_in(int x, int y, int width, int height) const {
    int count = 0;
    for (int j = std::max(0, y); j < std::min(height_, y + height); ++j) {
      for (int i = std::max(0, x); i < std::min(width_, x + width); ++i) count += touched(i, j);
    }
    return count;
  }
  int touched_at_all() const { return touched_in(0, 0, width_, height_); }

 private:
  int width_ = 0;
  int height_ = 0;
  GstSample* sample_ = nullptr;
  GstVideoFrame frame_{};
};

GstDeepfakeFace face_at(float x, float y, float size,
                        GstDeepfakeVerdict verdict = GST_DEEPFAKE_VERDICT_MANIPULATED) {
  return test::make_face(3, x, y, size, verdict, 0.9);
}

TEST(DeepfakeOverlay, LeavesEveryPixelWhenNothingIsAskedFor) {
  EXPECT_EQ(Drawn("0", 640, 360, {face_at(200, 100, 120)}).touched_at_all(), 0);
}

TEST(DeepfakeOverlay, DrawsABoxAroundTheFaceAndNotOnIt) {
  for (const char* format : {"I420", "NV12", "RGB", "BGRx"}) {
    const Drawn drawn("boxes", 640, 360, {face_at(200, 100, 120)}, format);
    EXPECT_GT(drawn.touched_in(190, 90, 140, 10), 100) << format;
    EXPECT_GT(drawn.touched_in(320, 100, 10, 120), 100) << format;
    // Chroma of two neighbours is one in 4:2:0, so the line's colour reaches one pixel further.
    EXPECT_EQ(drawn.touched_in(202, 102, 116, 116), 0) << format;
  }
}

TEST(DeepfakeOverlay, LabelsLieBesideFacesAndInTheFrame) {
  // At each edge and corner there is only one side left.
  for (const int x : {0, 260, 520}) {
    for (const int y : {0, 120, 240}) {
      const Drawn drawn("labels", 640, 360, {face_at(float(x), float(y), 120)});
      EXPECT_GT(drawn.touched_at_all(), 500) << x << ' ' << y;
      EXPECT_EQ(drawn.touched_in(x + 2, y + 2, 116, 116), 0) << x << ' ' << y;
    }
  }
}

// The plate grows with its text.
TEST(DeepfakeOverlay, LabelsOfAlarmsNameTheKindOfEvidence) {
  const auto label = [](GstDeepfakeVerdict verdict, GstDeepfakeEvidence evidence) {
    GstDeepfakeFace face = face_at(200, 100, 120, verdict);
    test::set_evidence(face, evidence, 0.93, 0.93);
    return Drawn("labels", 640, 360, {face}).touched_at_all();
  };
  const int plain = label(GST_DEEPFAKE_VERDICT_MANIPULATED, GST_DEEPFAKE_EVIDENCE_NONE);
  const int seam = label(GST_DEEPFAKE_VERDICT_MANIPULATED, GST_DEEPFAKE_EVIDENCE_SEAM);
  EXPECT_GT(seam, plain * 5 / 4);
  EXPECT_GT(label(GST_DEEPFAKE_VERDICT_MANIPULATED, GST_DEEPFAKE_EVIDENCE_GENERATED), seam);
  EXPECT_EQ(label(GST_DEEPFAKE_VERDICT_AUTHENTIC, GST_DEEPFAKE_EVIDENCE_SEAM),
            label(GST_DEEPFAKE_VERDICT_AUTHENTIC, GST_DEEPFAKE_EVIDENCE_NONE));
}

TEST(DeepfakeOverlay, LabelsOfNeighboursDoNotLieOnEachOther) {
  std::vector<GstDeepfakeFace> faces;
  int apart = 0;
  for (int i = 0; i < 3; ++i) {
    faces.push_back(test::make_face(static_cast<guint64>(i + 1), 100.F + 130.F * float(i), 140, 100,
                                    GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9));
    apart += Drawn("labels", 640, 360, {faces.back()}).touched_at_all();
  }
  const int together = Drawn("labels", 640, 360, faces).touched_at_all();
  EXPECT_NEAR(together, apart, apart / 50);
}

TEST(DeepfakeOverlay, TheBannerMakesRoomForAFaceAtTheTop) {
  const Drawn below("banner", 640, 360, {face_at(200, 150, 120)});
  EXPECT_GT(below.touched_in(0, 0, 640, 12), 3000);
  const Drawn above("banner", 640, 360, {face_at(200, 0, 120)});
  EXPECT_EQ(above.touched_in(0, 0, 640, 120), 0);
  EXPECT_GT(above.touched_in(0, 348, 640, 12), 3000);
}

TEST(DeepfakeOverlay, SaysUndecidedWithoutAnyFace) {
  EXPECT_GT(Drawn("banner", 640, 360, {}).touched_at_all(), 3000);
  EXPECT_EQ(Drawn("boxes+labels", 640, 360, {}).touched_at_all(), 0);
}

TEST(DeepfakeOverlay, FollowsAScaledPicture) {
  const Drawn drawn("boxes", 640, 360, {face_at(200, 100, 120)}, "I420",
                    "videoscale ! video/x-raw,width=1280,height=720");
  EXPECT_GT(drawn.touched_in(380, 185, 280, 15), 200);
  EXPECT_EQ(drawn.touched_in(402, 202, 236, 236), 0);
}

TEST(DeepfakeOverlay, OfACutPictureItTellsTheVerdictAlone) {
  const Drawn drawn("boxes+labels", 640, 360, {face_at(200, 100, 120)}, "I420",
                    "videocrop left=64");
  EXPECT_GT(drawn.touched_in(0, 0, 576, 12), 3000);
  EXPECT_EQ(drawn.touched_in(0, 60, 576, 300), 0);
}

TEST(DeepfakeOverlay, TheHeatmapLiesWhereItsCropWas) {
  GstDeepfakeFace face = face_at(200, 100, 128);
  std::array<gfloat, 64> cells{};
  cells[0] = 1;  // The cell of 16x16 pixels at the top left.
  test::set_heatmap(face, 8, 8, cells.data());
  const Drawn drawn("heatmap", 640, 360, {face});
  EXPECT_EQ(drawn.touched_in(200, 100, 16, 16), 256);
  EXPECT_EQ(drawn.touched_in(240, 140, 88, 88), 0);
  EXPECT_EQ(drawn.touched_in(0, 0, 640, 98), 0);
}

TEST(DeepfakeOverlay, AFaceAtTheEdgeIsDrawnInPart) {
  for (const float place : {-60.F, 300.F}) {
    EXPECT_GT(Drawn("boxes", 640, 360, {face_at(place, place, 120)}).touched_at_all(), 100);
  }
}

TEST(DeepfakeOverlay, PlacesThatAreNoneDoNoHarm) {
  for (const float place : {-5000.F, 5000.F, 1e30F, -1e30F}) {
    const Drawn drawn("boxes+heatmap", 640, 360, {face_at(place, place, 120)});
    EXPECT_EQ(drawn.touched_at_all(), 0) << place;
  }
  // Where a face is nowhere, the banner speaks.
  for (const float place : {NAN, INFINITY, -INFINITY}) {
    const Drawn drawn("boxes+labels+heatmap", 640, 360, {face_at(place, 10, 120)});
    EXPECT_GT(drawn.touched_in(0, 0, 640, 12), 3000) << place;
    EXPECT_EQ(drawn.touched_in(0, 60, 640, 300), 0) << place;
  }
  Drawn("boxes+labels+heatmap", 640, 360, {face_at(-1e30F, -1e30F, 1e32F)});
}

// --- Attached instead of blended

// A sink that may or may not draw overlays itself, behind deepfakeoverlay.
class Sink {
 public:
  explicit Sink(bool draws, const char* sink_caps = nullptr) : draws_(draws) {
    harness_ = gst_harness_new("deepfakeoverlay");
    gst_pad_add_probe(harness_->sinkpad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer, this,
                      nullptr);
    if (sink_caps != nullptr) gst_harness_set_sink_caps_str(harness_, sink_caps);
    gst_harness_set_src_caps_str(harness_,
                                 "video/x-raw,format=I420,width=320,height=240,framerate=30/1");
  }
  ~Sink() { gst_harness_teardown(harness_); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  GstElement* element() const { return harness_->element; }

  GstBuffer* push_unmarked() { return gst_harness_push_and_pull(harness_, make_frame()); }

  GstBuffer* push(GstVideoOverlayComposition* upstream = nullptr) {
    GstBuffer* in = make_frame();
    test::mark(in, 320, 240, {face_at(100, 100, 80)});
    if (upstream != nullptr) gst_buffer_add_video_overlay_composition_meta(in, upstream);
    return gst_harness_push_and_pull(harness_, in);
  }

  // What upstream is told about frames that downstream would cut.
  bool lets_upstream_cut() {
    cuts_ = true;
    GstCaps* caps = gst_pad_get_current_caps(harness_->srcpad);
    GstQuery* query = gst_query_new_allocation(caps, FALSE);
    EXPECT_TRUE(gst_pad_peer_query(harness_->srcpad, query));
    const bool lets =
        gst_query_find_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, nullptr) != FALSE;
    gst_query_unref(query);
    gst_caps_unref(caps);
    return lets;
  }
  static GstBuffer* make_frame() {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_I420, 320, 240);
    GstBuffer* in = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
    gst_buffer_memset(in, 0, 128, GST_VIDEO_INFO_SIZE(&info));
    return in;
  }
  bool caps_have_feature() const {
    GstCaps* caps = gst_pad_get_current_caps(harness_->sinkpad);
    const bool found =
        gst_caps_features_contains(gst_caps_get_features(caps, 0),
                                   GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION) != FALSE;
    gst_caps_unref(caps);
    return found;
  }
  static bool is_grey(GstBuffer* buffer) {
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_READ);
    bool grey = true;
    for (gsize i = 0; i < map.size && grey; ++i) grey = map.data[i] == 128;
    gst_buffer_unmap(buffer, &map);
    return grey;
  }

  void now_draws(bool draws) {
    draws_ = draws;
    gst_harness_push_upstream_event(harness_, gst_event_new_reconfigure());
  }

 private:
  static GstPadProbeReturn answer(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
    const auto* self = static_cast<const Sink*>(data);
    GstQuery* query = GST_PAD_PROBE_INFO_QUERY(info);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) return GST_PAD_PROBE_OK;
    if (self->draws_) {
      gst_query_add_allocation_meta(query, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE, nullptr);
    }
    if (self->cuts_) gst_query_add_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, nullptr);
    return GST_PAD_PROBE_HANDLED;
  }

  bool draws_;
  bool cuts_ = false;
  GstHarness* harness_ = nullptr;
};

TEST(DeepfakeOverlay, AttachesTheDrawingWhereTheSinkDraws) {
  Sink sink(true);
  GstBuffer* out = sink.push();
  ASSERT_NE(out, nullptr);
  EXPECT_TRUE(sink.caps_have_feature());
  EXPECT_TRUE(Sink::is_grey(out));
  const GstVideoOverlayCompositionMeta* meta = gst_buffer_get_video_overlay_composition_meta(out);
  ASSERT_NE(meta, nullptr);
  EXPECT_EQ(gst_video_overlay_composition_n_rectangles(meta->overlay),
            6U);  // Four sides, banner, label.
  gst_buffer_unref(out);
}

TEST(DeepfakeOverlay, AddsToADrawingThatIsThere) {
  Sink sink(true);
  GstBuffer* pixels = gst_buffer_new_allocate(nullptr, 16, nullptr);
  gst_buffer_add_video_meta(pixels, GST_VIDEO_FRAME_FLAG_NONE,
                            GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, 2, 2);
  GstVideoOverlayRectangle* theirs =
      gst_video_overlay_rectangle_new_raw(pixels, 0, 0, 2, 2, GST_VIDEO_OVERLAY_FORMAT_FLAG_NONE);
  GstVideoOverlayComposition* upstream = gst_video_overlay_composition_new(theirs);
  GstBuffer* out = sink.push(upstream);
  ASSERT_NE(out, nullptr);
  EXPECT_EQ(gst_buffer_get_n_meta(out, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE), 1U);
  const GstVideoOverlayCompositionMeta* meta = gst_buffer_get_video_overlay_composition_meta(out);
  EXPECT_EQ(gst_video_overlay_composition_n_rectangles(meta->overlay), 7U);
  EXPECT_EQ(gst_video_overlay_composition_n_rectangles(upstream), 1U);
  gst_buffer_unref(out);
  gst_video_overlay_composition_unref(upstream);
  gst_video_overlay_rectangle_unref(theirs);
  gst_buffer_unref(pixels);
}

TEST(DeepfakeOverlay, BlendsWhereTheSinkDoesNotDraw) {
  Sink sink(false, "video/x-raw,format=I420,width=320,height=240,framerate=30/1");
  GstBuffer* out = sink.push();
  ASSERT_NE(out, nullptr);
  EXPECT_FALSE(sink.caps_have_feature());
  EXPECT_FALSE(Sink::is_grey(out));
  EXPECT_EQ(gst_buffer_get_video_overlay_composition_meta(out), nullptr);
  gst_buffer_unref(out);
}

TEST(DeepfakeOverlay, BlendsForASinkThatTakesAnyCapsAndSaysSoFromTheSecondFrameOn) {
  Sink sink(false);
  for (int i = 0; i < 3; ++i) {
    GstBuffer* out = sink.push();
    ASSERT_NE(out, nullptr);
    EXPECT_FALSE(Sink::is_grey(out)) << i;
    EXPECT_EQ(gst_buffer_get_video_overlay_composition_meta(out), nullptr) << i;
    gst_buffer_unref(out);
  }
  EXPECT_FALSE(sink.caps_have_feature());
}

TEST(DeepfakeOverlay, AsksTheSinkBeforeTheFirstFrameThoughNothingIsToBeDrawnYet) {
  Sink sink(true);
  gst_buffer_unref(sink.push_unmarked());
  GstBuffer* out = sink.push();
  EXPECT_NE(gst_buffer_get_video_overlay_composition_meta(out), nullptr);
  gst_buffer_unref(out);
}

TEST(DeepfakeOverlay, FollowsASinkThatChangesItsMind) {
  Sink sink(false);
  for (const bool draws : {false, true, false, true}) {
    sink.now_draws(draws);
    // The first frame may still go the old way; its pixels tell in any case.
    gst_buffer_unref(sink.push());
    GstBuffer* out = sink.push();
    EXPECT_EQ(gst_buffer_get_video_overlay_composition_meta(out) != nullptr, draws);
    EXPECT_EQ(Sink::is_grey(out), draws);
    EXPECT_EQ(sink.caps_have_feature(), draws);
    gst_buffer_unref(out);
  }
}

TEST(DeepfakeOverlay, CanBeSwitchedOffAndOnWhilePlaying) {
  Sink sink(true);
  for (int i = 0; i < 3; ++i) {
    g_object_set(sink.element(), "overlay", 0, nullptr);
    GstBuffer* out = sink.push();
    EXPECT_EQ(gst_buffer_get_video_overlay_composition_meta(out), nullptr);
    EXPECT_FALSE(sink.caps_have_feature());
    gst_buffer_unref(out);
    gst_util_set_object_arg(G_OBJECT(sink.element()), "overlay", "boxes");
    out = sink.push();
    EXPECT_NE(gst_buffer_get_video_overlay_composition_meta(out), nullptr);
    EXPECT_TRUE(sink.caps_have_feature());
    gst_buffer_unref(out);
  }
}

TEST(DeepfakeOverlay, DrawsOnceWhatStaysTheSame) {
  Sink sink(true);
  GstBuffer* first = sink.push();
  GstBuffer* second = sink.push();
  EXPECT_EQ(gst_buffer_get_video_overlay_composition_meta(first)->overlay,
            gst_buffer_get_video_overlay_composition_meta(second)->overlay);
  gst_buffer_unref(first);
  gst_buffer_unref(second);
}

TEST(DeepfakeOverlay, LeavesNoCuttingOfThePictureToDownstream) {
  Sink sink(true);
  gst_buffer_unref(sink.push());
  EXPECT_FALSE(sink.lets_upstream_cut());
}

}  // namespace
