// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/synthesize.h"

#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "data/video.h"
#include "detector/error.h"
#include "face/face_finder.h"

namespace dfd {
namespace {

SynthesisOptions options(int clips) {
  SynthesisOptions made;
  made.clips = clips;
  return made;
}

TEST(PlanClips, HoldsOutPeopleAndOneKind) {
  std::map<std::string, int> trained;
  std::map<std::string, int> tested;
  std::set<int> train_people;
  std::set<int> test_people;
  std::set<std::string> names;
  for (const ClipPlan& plan : plan_clips(options(80))) {
    EXPECT_TRUE(names.insert(plan.file).second) << plan.file;
    (plan.test ? test_people : train_people).insert(plan.person);
    if (plan.forgery != Forgery::kNone) ++(plan.test ? tested : trained)[to_string(plan.forgery)];
  }
  EXPECT_EQ(names.size(), 80U);
  EXPECT_EQ(trained.size(), 3U);
  EXPECT_EQ(trained.count("rescale"), 0U);
  EXPECT_EQ(tested.size(), 4U);
  for (const int person : test_people) EXPECT_EQ(train_people.count(person), 0U);
}

TEST(PlanClips, HalfOfTheRealClipsArePastedBack) {
  int real = 0;
  int pasted = 0;
  for (const ClipPlan& plan : plan_clips(options(80))) {
    real += plan.forgery == Forgery::kNone ? 1 : 0;
    pasted += plan.pasted_back ? 1 : 0;
  }
  EXPECT_NEAR(pasted, real / 2.0, 1);
}

TEST(PlanClips, RefusesTooFew) { EXPECT_THROW(plan_clips(options(7)), Error); }

TEST(DrawClip, IsDeterministicAndForgeriesDiffer) {
  const auto plans = plan_clips(options(40));
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
  for (const ClipPlan& plan : plan_clips(options(40))) {
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
