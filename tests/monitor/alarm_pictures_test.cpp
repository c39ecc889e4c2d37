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
#include "evidence/heatmap.h"
#include "findings/explanation.h"
#include "gstdeepfakemeta.h"
#include "monitor/program.h"

namespace {

using dfd::monitor::BestPicture;
using dfd::monitor::explained_probability;
using dfd::monitor::heatmap_jpeg;
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

TEST(Heatmap, IsOfTheFaceThatIsExplained) {
  gst_init(nullptr, nullptr);
  EXPECT_EQ(explained_probability(gst_sample_get_buffer(judged_picture(true).get())), 0.9);
  EXPECT_FALSE(explained_probability(gst_sample_get_buffer(judged_picture(false).get())));
  GstBuffer* bare = gst_buffer_new();
  EXPECT_FALSE(explained_probability(bare));
  gst_buffer_unref(bare);
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

TEST(BestPicture, IsTheMostProbableOneWhoeverAsks) {
  gst_init(nullptr, nullptr);
  auto maker = std::make_shared<PictureMaker>();
  std::mutex mutex;
  std::condition_variable changed;
  int coded = 0;
  const auto code = [&](GstSample*) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++coded;
    changed.notify_all();
    return "picture " + std::to_string(coded);
  };
  const auto best = std::make_shared<BestPicture>(maker, code);
  const Sample sample = judged_picture(false);
  const auto take = [&](double probability, int number) {
    BestPicture::Claim claim = best->claim(probability);
    // While one is on its way nobody else may.
    EXPECT_EQ(best->claim(1), nullptr);
    best->take(sample.get(), probability, claim);
    claim.reset();
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return coded == number; });
  };
  take(-1, 1);
  // It is kept a moment after it was coded.
  ASSERT_TRUE(comes_true([&] { return best->claim(0.5) != nullptr; }));
  take(0.5, 2);
  ASSERT_TRUE(comes_true([&] { return best->claim(0.6) != nullptr; }));
  EXPECT_EQ(best->claim(0.5), nullptr);
  const auto picture = best->give();
  EXPECT_EQ(picture.jpeg, "picture 2");
  EXPECT_EQ(picture.probability, 0.5);
  EXPECT_TRUE(best->give().jpeg.empty());
  maker.reset();
  best->take(sample.get(), 0.7, best->claim(0.7));
  EXPECT_TRUE(best->give().jpeg.empty());
}

}  // namespace
