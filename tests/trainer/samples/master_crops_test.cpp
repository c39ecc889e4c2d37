// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/master_crops.h"

#include <gtest/gtest.h>

#include "detector/error.h"

namespace dfd {
namespace {

TEST(MasterRule, StretchedCropsHaveNone) {
  SamplingRule box;
  box.input.size = 128;
  EXPECT_THROW(master_rule(box), Error);
}

TEST(MasterRule, ANetworksCropIsItsMiddle) {
  SamplingRule network;
  network.input.size = 32;
  network.input.crop = CropRule::kSquare;
  network.input.margin = 1.3;
  const SamplingRule rule = master_rule(network);
  const AugmentOptions options = augment_options(rule);
  EXPECT_EQ(options.size, 32);
  EXPECT_EQ(options.margin, 1.3);
  EXPECT_GT(options.master_margin, 1.3 * 1.4);
  EXPECT_EQ(rule.master->size, 64);
  SamplingRule larger = rule;
  larger.master->size = 65;
  EXPECT_NE(key_of(larger), key_of(rule));
}

}  // namespace
}  // namespace dfd
