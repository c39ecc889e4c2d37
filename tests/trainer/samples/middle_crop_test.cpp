// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Training's crop is serving's. Apart from the tests of augmentation, because serving's header
// includes LibTorch.

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "backbone/input.h"
#include "samples/augment.h"
#include "samples/face_mask.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

// A master crop as a frame whose face has its landmarks where they usually are.
cv::Mat served(const cv::Mat& master, const AugmentOptions& options) {
  FrameView view;
  view.width = master.cols;
  view.height = master.rows;
  view.color.full_range = true;
  view.planes[0] = {master.data, static_cast<std::ptrdiff_t>(master.step)};
  InputRule rule;
  rule.size = options.size;
  rule.crop = CropRule::kAligned;
  rule.margin = options.margin;
  const double side = master.cols / options.master_margin;
  return crop_face(view, RectF{}, usual_landmarks(side, master.cols), rule);
}

TEST(MiddleCrop, IsWhatServingCuts) {
  for (const int master : {91, 128, 256, 300}) {
    cv::Mat smooth;
    cv::GaussianBlur(test::face_picture(master), smooth, {}, 1.5);
    for (const int size : {64, 100, 128}) {
      AugmentOptions options;
      options.size = size;
      const cv::Mat crop = middle_crop(smooth, options);
      EXPECT_LE(cv::norm(crop, served(smooth, options), cv::NORM_INF), 2) << master << " " << size;
    }
  }
}

}  // namespace
}  // namespace dfd
