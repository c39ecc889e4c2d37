// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/clip_plan.h"

#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "detector/error.h"

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

}  // namespace
}  // namespace dfd
