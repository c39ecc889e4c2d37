// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pictures of an alarm: which are kept, and what is drawn on them.

#include <gst/gst.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "evidence/best_picture.h"
#include "evidence/face_pictures.h"
#include "evidence/heatmap.h"
#include "findings/judged_picture.h"
#include "gstdeepfakemeta.h"
#include "monitor/program.h"

namespace {

using dfd::monitor::BestPicture;
using dfd::monitor::FacePictures;
using dfd::monitor::heatmap_jpeg;
using dfd::monitor::judged_in;
using dfd::monitor::PictureMaker;
using dfd::monitor::Sample;
using dfd::monitor::test::comes_true;

// A grey picture with two faces; the second one's map is at its upper left where there is one.
Sample judged_picture(bool explained) {
  constexpr int kWidth = 320;
  constexpr int kHeight = 180;
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, kWidth * kHeight * 3 / 2, nullptr);
  gst_buffer_memset(buffer, 0, 128, kWidth * kHeight * 3 / 2);
  std::array<float, 4> map = {1, 0, 0, 0};
  std::array<GstDeepfakeFace, 2> faces = {};
  for (GstDeepfakeFace& face : faces) {
    face.x = 100;
    face.y = 40;
    face.width = face.height = 100;
    face.reason = "none";
    face.probability = 0.2;
  }
  faces[0].track_id = 1;
  faces[1].track_id = 2;
  faces[1].probability = 0.9;
  if (explained) {
    faces[1].heatmap = map.data();
    faces[1].heatmap_columns = faces[1].heatmap_rows = 2;
    faces[1].heatmap_width = faces[1].heatmap_height = 1;
  }
  gst_buffer_add_deepfake_meta(buffer, "ch1", "0123456789ab", kWidth, kHeight, faces.data(), 2);
  GstCaps* caps =
      gst_caps_from_string("video/x-raw,format=I420,width=320,height=180,framerate=25/1");
  GstSample* sample = gst_sample_new(buffer, caps, nullptr, nullptr);
  gst_caps_unref(caps);
  gst_buffer_unref(buffer);
  return Sample(sample);
}

TEST(Heatmap, IsDrawnOverItsFace) {
  gst_init(nullptr, nullptr);
  const Sample explained = judged_picture(true);
  const Sample plain = judged_picture(false);
  const std::string drawn = heatmap_jpeg(explained.get());
  EXPECT_EQ(drawn.substr(0, 2), "\xff\xd8");
  EXPECT_NE(drawn, heatmap_jpeg(plain.get()));
}

TEST(Heatmap, SaysThatAPictureCannotBeDrawnOn) {
  gst_init(nullptr, nullptr);
  GstCaps* caps = gst_caps_new_empty_simple("application/octet-stream");
  GstBuffer* buffer = gst_buffer_new();
  const Sample odd(gst_sample_new(buffer, caps, nullptr, nullptr));
  gst_buffer_unref(buffer);
  gst_caps_unref(caps);
  EXPECT_THROW(heatmap_jpeg(odd.get()), std::runtime_error);
}

// Codes pictures as texts: how often that was done, and the grey of the first dot.
class Coder {
 public:
  std::string code(GstSample* sample, const std::string& name) {
    guint8 grey = 0;
    gst_buffer_extract(gst_sample_get_buffer(sample), 0, &grey, 1);
    const std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
    changed_.notify_all();
    return name + " " + std::to_string(grey);
  }
  void wait_for(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

class AlarmPictures : public testing::Test {
 protected:
  AlarmPictures() { gst_init(nullptr, nullptr); }

  Coder coder_;
  std::string face_ = "face";
  std::shared_ptr<PictureMaker> maker_ = std::make_shared<PictureMaker>();
  std::shared_ptr<BestPicture> best_ = std::make_shared<BestPicture>(
      maker_, BestPicture::Codes{[this](GstSample* sample) { return coder_.code(sample, "plain"); },
                                 [this](GstSample* sample) { return coder_.code(sample, "drawn"); },
                                 [this](GstSample* /*sample*/) { return face_; }});
};

TEST_F(AlarmPictures, TheBestIsTheMostProbableOneWhoeverAsks) {
  const Sample sample = judged_picture(false);
  const auto take = [&](double probability, int number) {
    BestPicture::Claim claim = best_->claim({false, probability});
    // While one is on its way nobody else may.
    EXPECT_EQ(best_->claim({true, 1}), nullptr);
    best_->take(sample.get(), {false, probability}, {}, claim);
    claim.reset();
    coder_.wait_for(number);
  };
  take(-1, 1);
  // It is kept a moment after it was coded.
  ASSERT_TRUE(comes_true([&] { return best_->claim({false, 0.5}) != nullptr; }));
  take(0.5, 2);
  ASSERT_TRUE(comes_true([&] { return best_->claim({false, 0.6}) != nullptr; }));
  EXPECT_EQ(best_->claim({false, 0.5}), nullptr);
  const auto pictures = best_->give();
  EXPECT_EQ(pictures.plain.jpeg, "plain 128");
  EXPECT_EQ(pictures.plain.probability, 0.5);
  EXPECT_EQ(pictures.face.jpeg, "face");
  EXPECT_EQ(pictures.face.probability, 0.5);
  EXPECT_TRUE(pictures.drawn.jpeg.empty());
  EXPECT_TRUE(best_->give().plain.jpeg.empty());
  maker_.reset();
  best_->take(sample.get(), {false, 0.7}, {}, best_->claim({false, 0.7}));
  EXPECT_TRUE(best_->give().plain.jpeg.empty());
}

TEST_F(AlarmPictures, WhatIsExplainedIsWorthMoreAndDrawnOn) {
  const Sample sample = judged_picture(true);
  best_->take(sample.get(), {true, 0.6}, {}, best_->claim({true, 0.6}));
  coder_.wait_for(2);
  ASSERT_TRUE(comes_true([&] { return best_->claim({true, 0.7}) != nullptr; }));
  EXPECT_EQ(best_->claim({false, 0.9}), nullptr);
  const auto pictures = best_->give();
  EXPECT_EQ(pictures.plain.jpeg, "plain 128");
  EXPECT_EQ(pictures.drawn.jpeg, "drawn 128");
  EXPECT_EQ(pictures.drawn.probability, 0.6);
}

TEST_F(AlarmPictures, AFaceIsOfItsPictureOrThereIsNone) {
  const Sample sample = judged_picture(false);
  const auto take = [&](double probability, int number) {
    best_->take(sample.get(), {false, probability}, {}, best_->claim({false, probability}));
    coder_.wait_for(number);
    ASSERT_TRUE(comes_true([&] { return best_->claim({false, 1}) != nullptr; }));
  };
  take(-1, 1);
  EXPECT_TRUE(best_->give().face.jpeg.empty());
  take(0.5, 2);
  face_.clear();
  take(0.6, 3);
  const auto pictures = best_->give();
  EXPECT_EQ(pictures.plain.probability, 0.6);
  EXPECT_TRUE(pictures.face.jpeg.empty());
}

// A live stream whose pictures are as grey as their number, each 40 ms after the one before.
class FacesOfAStream : public AlarmPictures {
 protected:
  static constexpr GstClockTime kFrame = 40 * GST_MSECOND;

  FacesOfAStream() { faces_.want(best_, true); }

  // The picture with this number leaves the element with the result of that of number `judged`; a
  // `map` of 0 is none.
  void pass(std::uint8_t number, int judged, double probability, float map = 0,
            std::uint64_t connection = 1) {
    Sample sample = judged_picture(false);
    GstBuffer* buffer = gst_buffer_copy_deep(gst_sample_get_buffer(sample.get()));
    gst_buffer_memset(buffer, 0, number, gst_buffer_get_size(buffer));
    std::array<float, 4> cells = {map, 0, 0, 0};
    GstDeepfakeFace face = {};
    face.track_id = 1;
    face.x = face.y = 10;
    face.width = face.height = 100;
    face.reason = "none";
    face.probability = probability;
    if (map > 0) {
      face.heatmap = cells.data();
      face.heatmap_columns = face.heatmap_rows = 2;
      face.heatmap_width = face.heatmap_height = 1;
    }
    GstDeepfakeMeta* meta =
        gst_buffer_add_deepfake_meta(buffer, "ch1", "0123456789ab", 320, 180, &face, 1);
    meta->verdict = GST_DEEPFAKE_VERDICT_MANIPULATED;
    meta->probability = probability;
    meta->running_time = GstClockTime(judged) * kFrame;
    faces_.take(connection, gst_sample_get_caps(sample.get()), buffer, number * kFrame);
    gst_buffer_unref(buffer);
  }

  // What was coded last.
  BestPicture::Pictures given(int coded) {
    coder_.wait_for(coded);
    EXPECT_TRUE(comes_true([&] { return best_->claim({true, 2}) != nullptr; }));
    return best_->give();
  }

  FacePictures faces_;
};

TEST_F(FacesOfAStream, ThePictureIsTheOneThatWasJudged) {
  for (std::uint8_t number = 0; number < 5; ++number) pass(number, 0, 0);
  ASSERT_EQ(given(1).plain.jpeg, "plain 0");
  pass(5, 2, 0.9);
  // The scene has changed meanwhile.
  pass(6, 2, 0.9);
  const auto pictures = given(2);
  EXPECT_EQ(pictures.plain.jpeg, "plain 2");
  EXPECT_EQ(pictures.plain.probability, 0.9);
}

TEST_F(FacesOfAStream, AMapIsOfThePictureWithWhoseResultItIsNew) {
  pass(0, 0, 0.5);
  ASSERT_EQ(given(1).plain.jpeg, "plain 0");
  pass(1, 0, 0.5);
  pass(2, 1, 0.8, 0.3F);
  const auto explained = given(3);
  EXPECT_EQ(explained.plain.jpeg, "plain 1");
  EXPECT_EQ(explained.drawn.jpeg, "drawn 1");
  // The same map is still there; it is not of that picture.
  pass(3, 2, 0.95, 0.3F);
  pass(4, 3, 0.9, 0.4F);
  const auto next = given(5);
  EXPECT_EQ(next.plain.jpeg, "plain 3");
  EXPECT_EQ(next.drawn.jpeg, "drawn 3");
}

TEST_F(FacesOfAStream, WhatIsNotThereAnyMoreIsNoPicture) {
  pass(0, 0, 0.5);
  ASSERT_EQ(given(1).plain.jpeg, "plain 0");
  // A second later.
  pass(30, 1, 0.9);
  // Of another connection.
  pass(31, 30, 0.9, 0, 2);
  pass(32, 31, 0.6, 0, 2);
  EXPECT_EQ(given(2).plain.jpeg, "plain 31");
  // And of the one before.
  pass(33, 33, 0.9, 0, 1);
  faces_.want(nullptr, true);
  pass(34, 34, 0.9, 0, 2);
  EXPECT_TRUE(best_->give().plain.jpeg.empty());
}

TEST(JudgedIn, HasTheMapOfTheLikeliestFace) {
  gst_init(nullptr, nullptr);
  const Sample explained = judged_picture(true);
  GstBuffer* buffer = gst_sample_get_buffer(explained.get());
  // Nobody knows of when that is.
  EXPECT_FALSE(judged_in(buffer));
  gst_buffer_get_deepfake_meta(buffer)->running_time = 1;
  const auto judged = judged_in(buffer);
  ASSERT_TRUE(judged && judged->map);
  EXPECT_EQ(judged->map->probability, 0.9);
  EXPECT_FALSE(judged->probability);
  GstBuffer* bare = gst_buffer_new();
  EXPECT_FALSE(judged_in(bare));
  gst_buffer_unref(bare);
}

}  // namespace
