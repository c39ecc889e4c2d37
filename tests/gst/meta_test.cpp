// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What becomes of the result meta on its way through GStreamer's elements.

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gstdeepfakemeta.h"
#include "gstdeepfakeserialize.h"
#include "marked_video.h"

namespace {

namespace test = dfd::test;

// The newest buffer that comes out of "... ! <between> ! appsink" for marked 320x240 frames.
class Travel {
 public:
  explicit Travel(const std::string& between) {
    GError* error = nullptr;
    const std::string line =
        "videotestsrc num-buffers=12 ! video/x-raw,format=I420,width=320,height=240,framerate=30/1 "
        "! identity name=marker ! " +
        between + " ! appsink name=sink sync=false max-buffers=100";
    pipeline_ = gst_parse_launch(line.c_str(), &error);
    EXPECT_EQ(error, nullptr) << error->message;
    marks_.faces = {{test::make_face(3, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9)}};
    cells_[9] = 0.5F;
    test::set_heatmap(marks_.faces[0][0], 8, 8, cells_.data());
    test::mark_pad(pipeline_, "marker", marks_);
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline_), "sink");
    while (GstSample* sample = gst_app_sink_try_pull_sample(GST_APP_SINK(sink), 20 * GST_SECOND)) {
      if (sample_ != nullptr) gst_sample_unref(sample_);
      sample_ = sample;
      ++frames;
    }
    gst_object_unref(sink);
  }
  ~Travel() {
    if (sample_ != nullptr) gst_sample_unref(sample_);
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(pipeline_);
  }
  Travel(const Travel&) = delete;
  Travel& operator=(const Travel&) = delete;

  GstBuffer* buffer() const {
    return sample_ == nullptr ? nullptr : gst_sample_get_buffer(sample_);
  }
  const GstDeepfakeMeta* meta() const {
    return buffer() == nullptr ? nullptr : gst_buffer_get_deepfake_meta(buffer());
  }

  int frames = 0;

 private:
  GstElement* pipeline_ = nullptr;
  GstSample* sample_ = nullptr;
  std::array<gfloat, 64> cells_{};
  test::Marks marks_;
};

struct Place {
  bool known = false;
  double x = 0, y = 0, width = 0, height = 0;
};

Place place_of(const Travel& travel) {
  Place place;
  place.known = gst_deepfake_meta_locate_face(travel.meta(), travel.buffer(), 0, &place.x, &place.y,
                                              &place.width, &place.height) != FALSE;
  return place;
}

void expect_verdict(const Travel& travel, const std::string& way) {
  const GstDeepfakeMeta* meta = travel.meta();
  ASSERT_NE(meta, nullptr) << way;
  EXPECT_EQ(meta->verdict, GST_DEEPFAKE_VERDICT_MANIPULATED) << way;
  EXPECT_STREQ(meta->stream_id, "camera") << way;
  EXPECT_STREQ(meta->model_id, "0123456789ab") << way;
  ASSERT_EQ(meta->n_faces, 1U) << way;
  EXPECT_EQ(meta->faces[0].track_id, 3U) << way;
  ASSERT_NE(meta->faces[0].heatmap, nullptr) << way;
  EXPECT_EQ(meta->faces[0].heatmap_columns, 8U) << way;
  EXPECT_EQ(meta->faces[0].heatmap[9], 0.5F) << way;
  EXPECT_GT(travel.frames, 5) << way;
}

void expect_place(const Travel& travel, const std::string& way, double scale_x, double scale_y) {
  const Place place = place_of(travel);
  ASSERT_TRUE(place.known) << way;
  EXPECT_DOUBLE_EQ(place.x, 40 * scale_x) << way;
  EXPECT_DOUBLE_EQ(place.y, 60 * scale_y) << way;
  EXPECT_DOUBLE_EQ(place.width, 80 * scale_x) << way;
  EXPECT_DOUBLE_EQ(place.height, 80 * scale_y) << way;
}

TEST(DeepfakeMeta, OutlivesConversionCopiesAndCodecsWithItsBoxes) {
  for (const std::string way :
       {"identity", "videoconvert ! video/x-raw,format=RGB",
        "videorate ! video/x-raw,framerate=15/1", "tee ! queue", "videobalance saturation=0.5",
        "x264enc speed-preset=ultrafast tune=zerolatency ! h264parse ! avdec_h264",
        "jpegenc ! jpegdec"}) {
    const Travel travel(way);
    expect_verdict(travel, way);
    if (travel.meta() != nullptr) expect_place(travel, way, 1, 1);
  }
}

TEST(DeepfakeMeta, ItsBoxesFollowAScaledPicture) {
  const std::string way = "videoscale ! video/x-raw,width=640,height=120";
  const Travel travel(way);
  expect_verdict(travel, way);
  expect_place(travel, way, 2, 0.5);
}

TEST(DeepfakeMeta, ItsBoxesFollowTwoScalings) {
  const std::string way =
      "videoscale ! video/x-raw,width=640,height=480 ! videoconvert ! videoscale ! "
      "video/x-raw,width=160,height=120";
  const Travel travel(way);
  expect_verdict(travel, way);
  expect_place(travel, way, 0.5, 0.5);
}

TEST(DeepfakeMeta, SaysThatACutPictureHasLostItsBoxes) {
  for (const std::string way :
       {"videocrop left=20 ! videoconvert",
        // With borders at both sides.
        "videoscale ! video/x-raw,width=640,height=240,pixel-aspect-ratio=1/1", "videobox left=20",
        "videoflip video-direction=90r", "videoflip video-direction=horiz"}) {
    const Travel travel(way);
    expect_verdict(travel, way);
    if (travel.meta() == nullptr) continue;
    EXPECT_FALSE(place_of(travel).known) << way;
  }
}

TEST(DeepfakeMeta, IsLostWhereAnotherPictureIsMade) {
  for (const std::string way : {"compositor", "interlace ! deinterlace"}) {
    const Travel travel(way);
    EXPECT_GT(travel.frames, 0) << way;
    EXPECT_EQ(travel.meta(), nullptr) << way;
  }
}

TEST(DeepfakeMeta, CopiesShareNothing) {
  std::array<gfloat, 2> cells{0.25F, 1};
  auto face = test::make_face(3, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
  test::set_heatmap(face, 2, 1, cells.data());
  GstBuffer* from = gst_buffer_new();
  GstBuffer* to = gst_buffer_new();
  test::mark(to, 64, 64, {});
  const GstDeepfakeMeta* meta = test::mark(from, 320, 240, {face});
  cells[0] = 0;  // The meta has its own.
  ASSERT_NE(gst_deepfake_meta_copy(meta, to, 640, 480), nullptr);
  gst_buffer_unref(from);
  const GstDeepfakeMeta* copy = gst_buffer_get_deepfake_meta(to);
  EXPECT_EQ(gst_buffer_get_n_meta(to, GST_DEEPFAKE_META_API_TYPE), 1U);
  EXPECT_STREQ(copy->stream_id, "camera");
  ASSERT_EQ(copy->n_faces, 1U);
  gsize count = 0;
  const gfloat* found = gst_deepfake_face_get_heatmap(&copy->faces[0], &count);
  ASSERT_EQ(count, 2U);
  EXPECT_EQ(found[0], 0.25F);
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  ASSERT_TRUE(gst_deepfake_meta_locate_face(copy, to, 0, &x, &y, &width, &height));
  EXPECT_EQ(x, 80);
  gst_buffer_unref(to);
}

TEST(DeepfakeMeta, ACopyOnAnotherPictureHasNoPlaces) {
  GstBuffer* from = gst_buffer_new();
  GstBuffer* to = gst_buffer_new();
  test::mark(from, 320, 240, {test::make_face(1, 0, 0, 9, GST_DEEPFAKE_VERDICT_AUTHENTIC, 0.1)});
  const GstDeepfakeMeta* copy =
      gst_deepfake_meta_copy(gst_buffer_get_deepfake_meta(from), to, 0, 0);
  guint width = 0;
  guint height = 0;
  EXPECT_FALSE(gst_deepfake_meta_get_picture_size(copy, to, &width, &height));
  gst_buffer_unref(from);
  gst_buffer_unref(to);
}

TEST(DeepfakeMeta, ACopiedFaceOutlivesItsBuffer) {
  std::array<gfloat, 2> cells{0.25F, 1};
  auto face = test::make_face(3, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
  test::set_heatmap(face, 1, 2, cells.data());
  GstBuffer* buffer = gst_buffer_new();
  GstDeepfakeFace* copy =
      gst_deepfake_face_copy(gst_deepfake_meta_get_face(test::mark(buffer, 320, 240, {face}), 0));
  gst_buffer_unref(buffer);
  EXPECT_EQ(copy->track_id, 3U);
  EXPECT_EQ(copy->heatmap[1], 1);
  gst_deepfake_face_free(copy);
}

TEST(DeepfakeMeta, ThereIsNeverASecondOne) {
  GstBuffer* buffer = gst_buffer_new();
  test::mark(buffer, 320, 240, {});
  test::mark(buffer, 320, 240, {test::make_face(1, 0, 0, 9, GST_DEEPFAKE_VERDICT_AUTHENTIC, 0.1)});
  EXPECT_EQ(gst_buffer_get_n_meta(buffer, GST_DEEPFAKE_META_API_TYPE), 1U);
  EXPECT_EQ(gst_buffer_get_deepfake_meta(buffer)->n_faces, 1U);
  gst_buffer_unref(buffer);
}

TEST(DeepfakeMeta, OfSeveralBuffersInOneTheWorstVerdictCounts) {
  GstBuffer* authentic = gst_buffer_new();
  GstBuffer* manipulated = gst_buffer_new();
  test::mark(authentic, 320, 240,
             {test::make_face(1, 0, 0, 9, GST_DEEPFAKE_VERDICT_AUTHENTIC, 0.1)});
  test::mark(manipulated, 320, 240,
             {test::make_face(1, 0, 0, 9, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9)});
  for (const bool worst_last : {false, true}) {
    GstBuffer* both = gst_buffer_copy(worst_last ? authentic : manipulated);
    gst_buffer_copy_into(both, worst_last ? manipulated : authentic, GST_BUFFER_COPY_META, 0, -1);
    EXPECT_EQ(gst_buffer_get_n_meta(both, GST_DEEPFAKE_META_API_TYPE), 1U);
    EXPECT_EQ(gst_buffer_get_deepfake_meta(both)->verdict, GST_DEEPFAKE_VERDICT_MANIPULATED);
    gst_buffer_unref(both);
  }
  gst_buffer_unref(authentic);
  gst_buffer_unref(manipulated);
}

TEST(DeepfakeMeta, IsOneAfterRtp) {
  const std::string way =
      "x264enc speed-preset=ultrafast tune=zerolatency ! rtph264pay ! rtph264depay ! h264parse ! "
      "avdec_h264";
  const Travel travel(way);
  expect_verdict(travel, way);
  ASSERT_NE(travel.buffer(), nullptr);
  EXPECT_EQ(gst_buffer_get_n_meta(travel.buffer(), GST_DEEPFAKE_META_API_TYPE), 1U);
}

TEST(DeepfakeMeta, AFreshOneNeverReadsAsAuthentic) {
  GstBuffer* buffer = gst_buffer_new();
  const GstDeepfakeMeta* meta =
      gst_buffer_add_deepfake_meta(buffer, nullptr, nullptr, 320, 240, nullptr, 0);
  EXPECT_EQ(meta->verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
  EXPECT_STREQ(meta->reason, "error");
  EXPECT_LT(meta->probability, 0);
  EXPECT_EQ(meta->running_time, GST_CLOCK_TIME_NONE);
  gst_buffer_unref(buffer);
}

TEST(DeepfakeMeta, NamesThatNobodyKnowsAreNoVerdictAndAnError) {
  GstDeepfakeVerdict verdict = GST_DEEPFAKE_VERDICT_AUTHENTIC;
  EXPECT_FALSE(gst_deepfake_verdict_from_name("real", &verdict));
  EXPECT_EQ(verdict, GST_DEEPFAKE_VERDICT_UNDECIDED);
  EXPECT_TRUE(gst_deepfake_verdict_from_name("manipulated", &verdict));
  EXPECT_EQ(verdict, GST_DEEPFAKE_VERDICT_MANIPULATED);
  EXPECT_STREQ(gst_deepfake_reason_from_name("frozen"), "frozen");
  EXPECT_STREQ(gst_deepfake_reason_from_name("bored"), "error");
  EXPECT_STREQ(gst_deepfake_reason_from_name(nullptr), "error");
}

TEST(DeepfakeMeta, KindsOfEvidenceHaveNames) {
  for (const char* name : {"none", "seam", "generated"}) {
    EXPECT_STREQ(gst_deepfake_evidence_get_name(gst_deepfake_evidence_from_name(name)), name);
  }
  EXPECT_EQ(gst_deepfake_evidence_from_name("generated"), GST_DEEPFAKE_EVIDENCE_GENERATED);
  EXPECT_EQ(gst_deepfake_evidence_from_name("rendered"), GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(gst_deepfake_evidence_from_name(nullptr), GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_STREQ(gst_deepfake_evidence_get_name(static_cast<GstDeepfakeEvidence>(9)), "none");
  auto* kinds = static_cast<GEnumClass*>(g_type_class_ref(GST_TYPE_DEEPFAKE_EVIDENCE));
  EXPECT_EQ(g_enum_get_value_by_nick(kinds, "seam")->value, GST_DEEPFAKE_EVIDENCE_SEAM);
  g_type_class_unref(kinds);
}

// What was built before there were kinds leaves zero in their place.
TEST(DeepfakeMeta, ZeroIsNoProbabilityOfAKind) {
  GstBuffer* buffer = gst_buffer_new();
  const GstDeepfakeMeta* meta = test::mark(
      buffer, 320, 240, {test::make_face(1, 0, 0, 9, GST_DEEPFAKE_VERDICT_UNDECIDED, -1)});
  EXPECT_EQ(meta->evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->seam_probability, -1);
  EXPECT_EQ(meta->generated_probability, -1);
  EXPECT_EQ(meta->faces[0].evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->faces[0].seam_probability, -1);
  EXPECT_EQ(meta->faces[0].generated_probability, -1);
  gst_buffer_unref(buffer);
}

TEST(DeepfakeMeta, CopiesHaveTheEvidence) {
  GstBuffer* from = gst_buffer_new();
  auto face = test::make_face(1, 0, 0, 9, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9);
  test::set_evidence(face, GST_DEEPFAKE_EVIDENCE_SEAM, 0.875, 0.25);
  test::mark(from, 320, 240, {face});
  GstBuffer* to = gst_buffer_copy(from);
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(to);
  EXPECT_EQ(meta->evidence, GST_DEEPFAKE_EVIDENCE_SEAM);
  EXPECT_EQ(meta->seam_probability, 0.875);
  EXPECT_EQ(meta->generated_probability, 0.25);
  EXPECT_EQ(meta->faces[0].evidence, GST_DEEPFAKE_EVIDENCE_SEAM);
  EXPECT_EQ(meta->faces[0].seam_probability, 0.875);
  EXPECT_EQ(meta->faces[0].generated_probability, 0.25);
  gst_buffer_unref(to);
  gst_buffer_unref(from);
}

// As they were before there were kinds: programs need not be built anew.
TEST(DeepfakeMeta, ItsStructsKeepTheirSizes) {
  if (sizeof(gpointer) != 8) GTEST_SKIP() << "of 64 bits alone";
  EXPECT_EQ(sizeof(GstDeepfakeFace), 184U);
  EXPECT_EQ(offsetof(GstDeepfakeFace, evidence), 120U);
  EXPECT_EQ(sizeof(GstDeepfakeMeta), 160U);
  EXPECT_EQ(offsetof(GstDeepfakeMeta, evidence), 96U);
}

class Bytes : public testing::Test {
 protected:
  void SetUp() override {
    from_ = gst_buffer_new();
    to_ = gst_buffer_new();
    auto face = test::make_face(7, 1.5F, -2, 30, GST_DEEPFAKE_VERDICT_SUSPICIOUS, 0.7);
    std::array<gfloat, 12> cells{};
    cells[11] = 1;
    test::set_heatmap(face, 4, 3, cells.data());
    face.heatmap_width = 1.25F;
    test::set_evidence(face, GST_DEEPFAKE_EVIDENCE_GENERATED, 0.25, 0.6875);
    test::mark(from_, 1920, 1080,
               {face, test::make_face(8, 0, 0, 9, GST_DEEPFAKE_VERDICT_UNDECIDED, -1)});
    gst_buffer_get_deepfake_meta(from_)->running_time = 90 * GST_SECOND;
    GBytes* bytes = gst_deepfake_meta_to_bytes(gst_buffer_get_deepfake_meta(from_));
    gsize size = 0;
    const auto* data = static_cast<const guint8*>(g_bytes_get_data(bytes, &size));
    bytes_.assign(data, data + size);
    g_bytes_unref(bytes);
  }
  void TearDown() override {
    gst_buffer_unref(from_);
    gst_buffer_unref(to_);
  }
  GstDeepfakeMeta* read(const std::vector<guint8>& bytes) {
    return gst_deepfake_meta_from_bytes(to_, GST_DEEPFAKE_SERIALIZED_VERSION, bytes.data(),
                                        bytes.size());
  }

  GstBuffer* from_ = nullptr;
  GstBuffer* to_ = nullptr;
  std::vector<guint8> bytes_;
};

TEST_F(Bytes, BringTheWholeMetaAcross) {
  const GstDeepfakeMeta* meta = read(bytes_);
  ASSERT_NE(meta, nullptr);
  EXPECT_STREQ(meta->stream_id, "camera");
  EXPECT_EQ(meta->frame_width, 1920U);
  EXPECT_EQ(meta->verdict, GST_DEEPFAKE_VERDICT_SUSPICIOUS);
  EXPECT_EQ(meta->threshold, 0.75);
  ASSERT_EQ(meta->n_faces, 2U);
  EXPECT_EQ(meta->faces[0].y, -2);
  EXPECT_EQ(meta->faces[0].heatmap_width, 1.25F);
  ASSERT_EQ(meta->faces[0].heatmap_columns, 4U);
  ASSERT_EQ(meta->faces[0].heatmap_rows, 3U);
  EXPECT_EQ(meta->faces[0].heatmap[11], 1);
  EXPECT_EQ(meta->faces[1].heatmap, nullptr);
  EXPECT_EQ(meta->running_time, 90 * GST_SECOND);
  EXPECT_EQ(meta->faces[1].probability, -1);
  EXPECT_STREQ(meta->faces[1].reason, "warming-up");
  EXPECT_EQ(meta->evidence, GST_DEEPFAKE_EVIDENCE_GENERATED);
  EXPECT_EQ(meta->seam_probability, 0.25);
  EXPECT_EQ(meta->generated_probability, 0.6875);
  EXPECT_EQ(meta->faces[0].evidence, GST_DEEPFAKE_EVIDENCE_GENERATED);
  EXPECT_EQ(meta->faces[0].seam_probability, 0.25);
  EXPECT_EQ(meta->faces[0].generated_probability, 0.6875);
  EXPECT_EQ(meta->faces[1].evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->faces[1].seam_probability, -1);
}

TEST_F(Bytes, OfTheVersionBeforeAreReadAndTellNoKinds) {
  GVariant* old = g_variant_ref_sink(g_variant_new_parsed(
      "(@ms 'camera', @ms nothing, %u, %u, %u, 'none', 0.75, 0.5, @t 7, "
      "[(@t 3, 1.0, 2.0, 30.0, 40.0, 0.875, 0.75, 0.625, %u, 'none', @t 5, @t 24, false, %u, %u, "
      "@ad [])])",
      320U, 240U, 2U, 2U, 0U, 0U));
  ASSERT_STREQ(g_variant_get_type_string(old), "(msmsuuusddta(tdddddddusttbuuad))");
  const auto* data = static_cast<const guint8*>(g_variant_get_data(old));
  const gsize size = g_variant_get_size(old);
  const GstDeepfakeMeta* meta = gst_deepfake_meta_from_bytes(to_, 2, data, size);
  ASSERT_NE(meta, nullptr);
  EXPECT_STREQ(meta->stream_id, "camera");
  ASSERT_EQ(meta->n_faces, 1U);
  EXPECT_EQ(meta->faces[0].track_id, 3U);
  EXPECT_EQ(meta->faces[0].score, 0.625);
  EXPECT_EQ(meta->evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->seam_probability, -1);
  EXPECT_EQ(meta->faces[0].evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(meta->faces[0].generated_probability, -1);
  for (const guint8 version : {0, 1, 3, 4, 255}) {
    EXPECT_EQ(gst_deepfake_meta_from_bytes(to_, version, data, size), nullptr) << int{version};
  }
  g_variant_unref(old);
}

TEST_F(Bytes, OfThisVersionAreNoneOfAnother) {
  for (const guint8 version : {0, 1, 2, 4, 255}) {
    EXPECT_EQ(gst_deepfake_meta_from_bytes(to_, version, bytes_.data(), bytes_.size()), nullptr)
        << int{version};
  }
}

TEST_F(Bytes, OfAMapWithoutRowsHaveNone) {
  GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(from_);
  meta->faces[0].heatmap_rows = 0;
  GBytes* bytes = gst_deepfake_meta_to_bytes(meta);
  gsize size = 0;
  const auto* data = static_cast<const guint8*>(g_bytes_get_data(bytes, &size));
  const GstDeepfakeMeta* found = read({data, data + size});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->faces[0].heatmap, nullptr);
  g_bytes_unref(bytes);
}

TEST_F(Bytes, AreRefusedWhenTheMapIsNotAsLargeAsTheySay) {
  // Columns and rows stand side by side, little-endian.
  const std::vector<guint8> size{4, 0, 0, 0, 3, 0, 0, 0};
  const auto found = std::search(bytes_.begin(), bytes_.end(), size.begin(), size.end());
  ASSERT_NE(found, bytes_.end());
  for (const std::size_t place : {0, 1, 3, 4, 7}) {
    std::vector<guint8> wrong = bytes_;
    wrong[static_cast<std::size_t>(found - bytes_.begin()) + place] = 255;
    EXPECT_EQ(read(wrong), nullptr) << place;
  }
}

TEST_F(Bytes, SayNothingOfWhereTheFacesLie) {
  // Whether the picture was cut before is in another meta's bytes.
  const GstDeepfakeMeta* meta = read(bytes_);
  EXPECT_FALSE(gst_deepfake_meta_get_picture_size(meta, to_, nullptr, nullptr));
}

TEST_F(Bytes, AreRefusedWithNumbersThatAreNone) {
  const auto refused = [&](const std::function<void(GstDeepfakeMeta&)>& change) {
    GstBuffer* from = gst_buffer_copy(from_);
    change(*gst_buffer_get_deepfake_meta(from));
    GBytes* bytes = gst_deepfake_meta_to_bytes(gst_buffer_get_deepfake_meta(from));
    const bool was =
        gst_deepfake_meta_from_bytes(to_, GST_DEEPFAKE_SERIALIZED_VERSION,
                                     static_cast<const guint8*>(g_bytes_get_data(bytes, nullptr)),
                                     g_bytes_get_size(bytes)) == nullptr;
    g_bytes_unref(bytes);
    gst_buffer_unref(from);
    return was;
  };
  EXPECT_FALSE(refused([](GstDeepfakeMeta&) {}));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.probability = 7; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.threshold = NAN; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.faces[0].score = -0.5; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.faces[0].detection_confidence = -3; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.faces[0].heatmap[5] = NAN; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.faces[0].x = INFINITY; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.seam_probability = 1.5; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.generated_probability = NAN; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.faces[0].seam_probability = -0.5; }));
  EXPECT_TRUE(refused([](GstDeepfakeMeta& meta) { meta.faces[0].heatmap_y = NAN; }));
  EXPECT_TRUE(refused(
      [](GstDeepfakeMeta& meta) { meta.faces[0].verdict = GST_DEEPFAKE_VERDICT_MANIPULATED; }));
  // Names are no reason.
  EXPECT_FALSE(refused([](GstDeepfakeMeta& meta) {
    meta.reason = nullptr;
    g_free(meta.stream_id);
    meta.stream_id = g_strdup("no UTF-8: \xff");
  }));
}

// Kinds may be added: what a newer version says of the verdict is still true.
TEST_F(Bytes, AKindOfEvidenceThatNobodyKnowsIsReadAsNone) {
  GstBuffer* from = gst_buffer_copy(from_);
  GstDeepfakeMeta* newer = gst_buffer_get_deepfake_meta(from);
  newer->evidence = static_cast<GstDeepfakeEvidence>(3);
  newer->faces[0].evidence = static_cast<GstDeepfakeEvidence>(77);
  GBytes* bytes = gst_deepfake_meta_to_bytes(newer);
  const GstDeepfakeMeta* read = gst_deepfake_meta_from_bytes(
      to_, GST_DEEPFAKE_SERIALIZED_VERSION,
      static_cast<const guint8*>(g_bytes_get_data(bytes, nullptr)), g_bytes_get_size(bytes));
  g_bytes_unref(bytes);
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->verdict, newer->verdict);
  EXPECT_EQ(read->evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(read->faces[0].evidence, GST_DEEPFAKE_EVIDENCE_NONE);
  EXPECT_EQ(read->faces[0].seam_probability, -1);
  gst_buffer_unref(from);
}

TEST_F(Bytes, AreRefusedWhenTheyWereCutShort) {
  for (std::size_t length = 0; length < bytes_.size(); ++length) {
    EXPECT_EQ(read({bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(length)}), nullptr)
        << length;
  }
}

TEST_F(Bytes, SurviveDamageWithoutACrash) {
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    std::vector<guint8> damaged = bytes_;
    damaged[i] ^= 0xFF;
    const GstDeepfakeMeta* meta = read(damaged);
    if (meta != nullptr) {
      EXPECT_LE(meta->verdict, GST_DEEPFAKE_VERDICT_MANIPULATED) << i;
    }
  }
}

#if GST_CHECK_VERSION(1, 24, 0)
TEST(DeepfakeMeta, CrossesToAnotherProcess) {
  const std::string path = "/tmp/deepfake-meta-test-" + std::to_string(getpid());
  for (const bool cut : {false, true}) {
    GError* error = nullptr;
    const std::string line =
        "videotestsrc is-live=true ! "
        "video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! identity name=marker ! " +
        std::string(cut ? "videocrop left=20 ! " : "") + "unixfdsink socket-path=" + path;
    GstElement* sender = gst_parse_launch(line.c_str(), &error);
    ASSERT_EQ(error, nullptr) << error->message;
    test::Marks marks;
    marks.faces = {{test::make_face(3, 40, 60, 80, GST_DEEPFAKE_VERDICT_MANIPULATED, 0.9)}};
    test::mark_pad(sender, "marker", marks);
    gst_element_set_state(sender, GST_STATE_PLAYING);
    gst_element_get_state(sender, nullptr, nullptr, 10 * GST_SECOND);
    FILE* reader =
        popen(("timeout 20 gst-launch-1.0 -q unixfdsrc num-buffers=3 socket-path=" + path +
               " ! deepfakejsonenc ! fdsink 2>&1")
                  .c_str(),
              "r");
    ASSERT_NE(reader, nullptr);
    std::string printed;
    char text[4096];
    while (std::fgets(text, sizeof text, reader) != nullptr) printed += text;
    pclose(reader);
    gst_element_set_state(sender, GST_STATE_NULL);
    gst_object_unref(sender);
    EXPECT_NE(printed.find("\"verdict\":\"manipulated\""), std::string::npos) << printed;
    EXPECT_EQ(printed.find("\"x\":40,\"y\":60,\"w\":80") != std::string::npos, !cut) << printed;
  }
}
#endif

// What docs/interoperability.md tells a C programmer, from the build folder.
TEST(DeepfakeMeta, TheDocumentedIncludeIsFoundFromABuildFolder) {
  const std::string program = DFD_TEST_SCRATCH "/include.c";
  std::ofstream(program) << "#include <gst/deepfake/gstdeepfakemeta.h>\n"
                            "const char *type_of (GstBuffer *buffer)\n"
                            "{ return gst_buffer_get_deepfake_meta (buffer)->reason; }\n";
  const std::string command = "PKG_CONFIG_PATH=" DFD_TEST_SCRATCH
                              "/../meson-uninstalled sh -c 'cc -Werror -fsyntax-only " +
                              program + " $(pkg-config --cflags gstreamer-deepfake-1.0)'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
