// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/autoencoder.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "trainer/samples/face_picture.h"

namespace dfd {
namespace {

constexpr AutoencoderKind kNearest{Upsampling::kNearest, 4};

class EveryAutoencoder : public testing::TestWithParam<AutoencoderKind> {};

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
  EXPECT_EQ(to_string(AutoencoderKind{Upsampling::kNearest, 8, true}), "nearest-8-adversarial");
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

TEST(Autoencoder, WhatIsNoPictureIsRefused) {
  EXPECT_THROW(Autoencoder(kNearest, 1).reconstruct(cv::Mat()), Error);
  EXPECT_THROW(Autoencoder(kNearest, 1).reconstruct(cv::Mat(8, 8, CV_32FC3)), Error);
}

TEST(Autoencoder, AnAdversarialOnesCodeIsAQuarter) {
  const auto channels = [](const AutoencoderKind& kind) {
    return Autoencoder(kind, 1).weights().at("encoder.code.weight").size(0);
  };
  EXPECT_EQ(channels({Upsampling::kNearest, 8}), 64);
  EXPECT_EQ(channels({Upsampling::kNearest, 8, true}), 16);
}

}  // namespace
}  // namespace dfd
