// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/autoencoder_training.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

constexpr AutoencoderKind kNearest{Upsampling::kNearest, 4};

std::vector<cv::Mat> pictures() { return {test::face_picture(48), test::face_picture(64)}; }

AutoencoderTraining training(std::int64_t steps) {
  AutoencoderTraining training;
  training.steps = steps;
  training.batch = 4;
  training.side = 32;
  return training;
}

bool equal(const TensorMap& a, const TensorMap& b) {
  return a.size() == b.size() && std::all_of(a.begin(), a.end(), [&](const auto& item) {
           return item.second.equal(b.at(item.first));
         });
}

class EveryAutoencodersTraining : public testing::TestWithParam<AutoencoderKind> {};

TEST_P(EveryAutoencodersTraining, LearnsToGivePicturesBack) {
  std::vector<double> losses;
  train_autoencoder(GetParam(), pictures(), training(60), [&](std::int64_t step, double loss) {
    losses.push_back(loss);
    EXPECT_EQ(step, static_cast<std::int64_t>(losses.size()));
  });
  ASSERT_EQ(losses.size(), GetParam().adversarial ? 180U : 60U);
  const double first = std::accumulate(losses.begin(), losses.begin() + 5, 0.0);
  const double last = std::accumulate(losses.end() - 5, losses.end(), 0.0);
  EXPECT_LT(last, 0.85 * first);
}

// Its critic begins by chance, too.
TEST_P(EveryAutoencodersTraining, EqualSeedsGiveEqualWeights) {
  AutoencoderTraining of = training(3);
  const TensorMap first = train_autoencoder(GetParam(), pictures(), of, {}).weights();
  EXPECT_TRUE(equal(first, train_autoencoder(GetParam(), pictures(), of, {}).weights()));
  of.seed = 2;
  EXPECT_FALSE(equal(first, train_autoencoder(GetParam(), pictures(), of, {}).weights()));
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryAutoencodersTraining, testing::ValuesIn(kAutoencoderKinds),
                         [](const auto& about) {
                           std::string name = to_string(about.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(AutoencoderTraining, WhatCannotBeTrainedOnIsRefused) {
  const auto refused = [](const std::vector<cv::Mat>& given, const AutoencoderTraining& options) {
    EXPECT_THROW(train_autoencoder(kNearest, given, options, {}), Error);
  };
  refused({}, training(1));
  refused({test::face_picture(24)}, training(1));
  refused({cv::Mat(48, 48, CV_8UC1)}, training(1));
  refused(pictures(), training(0));
  AutoencoderTraining odd = training(1);
  odd.side = 20;
  refused(pictures(), odd);
  AutoencoderTraining fast = training(1);
  fast.learning_rate = 2;
  refused(pictures(), fast);
}

}  // namespace
}  // namespace dfd
