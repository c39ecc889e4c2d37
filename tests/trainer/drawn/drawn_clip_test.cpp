// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/drawn_clip.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "data/picture.h"
#include "face/face_finder.h"

namespace dfd {
namespace {

std::vector<ClipPlan> forty_clips() {
  SynthesisOptions options;
  options.clips = 40;
  return plan_clips(options);
}

TEST(DrawClip, IsDeterministicAndForgeriesDiffer) {
  const auto plans = forty_clips();
  const auto first_frame = [](const ClipPlan& plan) {
    cv::Mat first;
    draw_clip(plan, 0.04,
              [&](const cv::Mat& picture, const FrameTruth&) { first = picture.clone(); });
    return first;
  };
  const ClipPlan& fake = plans.back();
  EXPECT_EQ(cv::norm(first_frame(fake), first_frame(fake), cv::NORM_INF), 0);
  ClipPlan same_but_real = fake;
  same_but_real.forgery = Forgery::kNone;
  EXPECT_GT(cv::norm(first_frame(fake), first_frame(same_but_real), cv::NORM_INF), 20);
}

TEST(DrawClip, TheCascadeFindsTheFacesWhereTheyAre) {
  const auto detector = make_cascade_detector();
  int faces = 0;
  int found = 0;
  double overlap = 0;
  for (const ClipPlan& plan : forty_clips()) {
    draw_clip(plan, 0.04, [&](const cv::Mat& picture, const FrameTruth& truth) {
      ++faces;
      double best = 0;
      for (const FaceDetection& face :
           detect_reduced(*detector, frame_of(picture).view, FinderConfig().min_face_size)) {
        best = std::max(best, double{iou(face.box, truth.box)});
      }
      if (best < 0.5) return;
      ++found;
      overlap += best;
    });
  }
  EXPECT_GE(found, faces * 9 / 10);
  EXPECT_GT(overlap / found, 0.75);
}

}  // namespace
}  // namespace dfd
