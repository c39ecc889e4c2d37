// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/card.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "judging/summary.h"

namespace dfd {
namespace {

ClipScore clip(const std::string& name, bool fake, double logit) {
  ClipScore score;
  score.file = name;
  score.fake = fake;
  score.generator = fake ? "swap" : "";
  score.logit = logit;
  score.probability = 1 / (1 + std::exp(-logit));
  return score;
}

TEST(Card, HoldsTheSummarysOwnFigures) {
  SummaryOptions options;
  options.model_id = "0123";
  options.manifest_digest = "abcd";
  options.bootstrap.draws = 20;
  auto result = summarize(
      {clip("a", false, -1), clip("b", false, 1), clip("c", true, 0), clip("d", true, 2)}, options);
  result["summary"]["side"] = "test list";
  const auto card = card_of(result);
  EXPECT_EQ(card["model"], "0123");
  EXPECT_EQ(card["manifest_digest"], "abcd");
  EXPECT_EQ(card["side"], "test list");
  EXPECT_EQ(card["overall"], result["summary"]["overall"]);
  EXPECT_EQ(card["overall"]["auc"]["value"], 0.75);
  ASSERT_EQ(card["by_generator"].size(), 1U);
  EXPECT_EQ(card["by_generator"][0]["generator"], "swap");
  EXPECT_EQ(card["by_generator"][0]["auc"]["value"], 0.75);
  EXPECT_FALSE(card["remarks"].empty());
  EXPECT_TRUE(card["warning"].is_null());
}

TEST(Card, OfSomethingElseIsAnError) { EXPECT_ANY_THROW(card_of({{"epoch", 1}})); }

}  // namespace
}  // namespace dfd
