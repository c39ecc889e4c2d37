// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/autoencoder.h"

#include <algorithm>
#include <numeric>
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

class EveryAutoencoder : public testing::TestWithParam<AutoencoderKind> {};

TEST_P(EveryAutoencoder, LearnsToGivePicturesBack) {
  std::vector<double> losses;
  train_autoencoder(GetParam(), pictures(), training(60), [&](std::int64_t step, double loss) {
    losses.push_back(loss);
    EXPECT_EQ(step, static_cast<std::int64_t>(losses.size()));
  });
  ASSERT_EQ(losses.size(), 60U);
  const double first = std::accumulate(losses.begin(), losses.begin() + 5, 0.0);
  const double last = std::accumulate(losses.end() - 5, losses.end(), 0.0);
  EXPECT_LT(last, 0.85 * first);
}

TEST_P(EveryAutoencoder, EqualSeedsGiveEqualWeights) {
  AutoencoderTraining of = training(3);
  const TensorMap first = train_autoencoder(GetParam(), pictures(), of, {}).weights();
  EXPECT_TRUE(equal(first, train_autoencoder(GetParam(), pictures(), of, {}).weights()));
  of.seed = 2;
  EXPECT_FALSE(equal(first, train_autoencoder(GetParam(), pictures(), of, {}).weights()));
}

TEST_P(EveryAutoencoder, PicturesOfAnySizeComeBackAsLarge) {
  const Autoencoder autoencoder(GetParam(), 1);
  for (const cv::Size& size :
       {cv::Size(64, 64), cv::Size(41, 37), cv::Size(5, 3), cv::Size(1, 1)}) {
    const cv::Mat picture(size, CV_8UC3, cv::Scalar(20, 120, 220));
    const cv::Mat made = autoencoder.reconstruct(picture);
    EXPECT_EQ(made.size(), size);
    EXPECT_EQ(made.type(), CV_8UC3);
  }
  const at::Tensor batch = at::full({2, 3, 16, 32}, 0.5);
  EXPECT_EQ(autoencoder.forward(batch).sizes(), batch.sizes());
}

// Zeros beyond the edge would be seen as a frame around every fake.
TEST_P(EveryAutoencoder, EdgesOfAFlatPictureAreAsItsMiddle) {
  const Autoencoder autoencoder(GetParam(), 1);
  const int period = GetParam().factor;  // Of a decoder's pattern.
  const int side = 8 * period;
  const cv::Mat made =
      autoencoder.reconstruct(cv::Mat(side, side, CV_8UC3, cv::Scalar(90, 120, 150)));
  const cv::Rect first(0, 0, period, period);
  EXPECT_LE(test::largest_difference(made(first), made(first + cv::Point(side / 2, side / 2))), 1);
}

TEST_P(EveryAutoencoder, APartOfAPictureIsAPicture) {
  const Autoencoder autoencoder(GetParam(), 1);
  const cv::Mat whole = test::face_picture(48);
  const cv::Mat part = whole({7, 5, 24, 24});
  EXPECT_EQ(test::largest_difference(autoencoder.reconstruct(part),
                                     autoencoder.reconstruct(part.clone())),
            0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryAutoencoder, testing::ValuesIn(kAutoencoderKinds),
                         [](const auto& about) {
                           std::string name = to_string(about.param);
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Autoencoder, KindsHaveNamesOfTheirOwn) {
  EXPECT_EQ(to_string(kNearest), "nearest-4");
  EXPECT_EQ(to_string(AutoencoderKind{Upsampling::kTransposed, 8}), "transposed-8");
  EXPECT_EQ(to_string(AutoencoderKind{Upsampling::kPixelShuffle, 4}), "shuffle-4");
}

TEST(Autoencoder, OthersWeightsAreRefused) {
  const TensorMap weights = Autoencoder(kNearest, 1).weights();
  EXPECT_NO_THROW(Autoencoder(kNearest, weights));
  EXPECT_THROW(Autoencoder({Upsampling::kNearest, 8}, weights), Error);
  EXPECT_THROW(Autoencoder({Upsampling::kPixelShuffle, 4}, weights), Error);
  TensorMap one_less = weights;
  one_less.erase(one_less.begin());
  EXPECT_THROW(Autoencoder(kNearest, one_less), Error);
  TensorMap doubles = weights;
  doubles.begin()->second = doubles.begin()->second.to(at::kDouble);
  EXPECT_THROW(Autoencoder(kNearest, doubles), Error);
  EXPECT_THROW(Autoencoder({Upsampling::kNearest, 2}, 1), Error);
}

TEST(Autoencoder, WhatCannotBeTrainedOnIsRefused) {
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
  EXPECT_THROW(Autoencoder(kNearest, 1).reconstruct(cv::Mat()), Error);
  EXPECT_THROW(Autoencoder(kNearest, 1).reconstruct(cv::Mat(8, 8, CV_32FC3)), Error);
}

}  // namespace
}  // namespace dfd
