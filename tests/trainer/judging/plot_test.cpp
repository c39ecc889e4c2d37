// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/plot.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace dfd {
namespace {

std::size_t count(const std::string& text, const std::string& of) {
  std::size_t found = 0;
  for (std::size_t at = text.find(of); at != std::string::npos; at = text.find(of, at + 1)) ++found;
  return found;
}

TEST(Axis, TicksAreRound) {
  const Axis axis = axis_over("x", {0.57, 0.91});
  EXPECT_DOUBLE_EQ(axis.low, 0.5);
  EXPECT_DOUBLE_EQ(axis.high, 1.0);
  ASSERT_EQ(axis.ticks.size(), 6U);
  EXPECT_EQ(axis.ticks[1].second, "0.6");
  EXPECT_EQ(axis_over("x", {-3, 47}).ticks[0].second, "-10");
  EXPECT_EQ(axis_over("x", {-1, 1}).ticks[2].second, "0.0");
}

TEST(Axis, OddValuesMakeNoOddAxis) {
  const double infinite = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& values : {std::vector<double>{},
                                            {5},
                                            {0, 0},
                                            {std::nan(""), 2},
                                            {infinite, -infinite},
                                            {1e308, -1e308},
                                            {1, std::nextafter(1, 2)},
                                            {1e-300, 2e-300},
                                            {-7, -7}}) {
    const Axis axis = axis_over("x", values);
    EXPECT_LT(axis.low, axis.high);
    EXPECT_GE(axis.ticks.size(), 2U);
    EXPECT_LE(axis.ticks.size(), 12U);
  }
}

TEST(Plots, WhatIsNoNumberIsAGap) {
  Plot plot("p", "t", "d", unit_axis("x"), unit_axis("y"));
  plot.line({{0, 0}, {0.5, 0.5}, {0.6, std::nan("")}, {0.7, 0.7}, {1, 1}}, "s0", "", true);
  const std::string html = plot.html();
  EXPECT_EQ(html.find("nan"), std::string::npos);
  const std::size_t line = html.find("class=\"line s0\"");
  EXPECT_EQ(count(html.substr(line, html.find("/>", line) - line), "M"), 2U);
  EXPECT_EQ(count(html, "<circle"), 4U);
}

TEST(Plots, SayWhatTheyShow) {
  Plot plot("p", "<title>", "\"words\"", unit_axis("<x>"), unit_axis("y"));
  plot.line({{0, 0}, {1, 1}}, "s1", "<line>");
  plot.bar({0, 0}, {0.5, 0.5}, "real", "<tip>");
  const std::string html = plot.html();
  EXPECT_NE(html.find("role=\"img\" aria-labelledby=\"p-title p-desc\""), std::string::npos);
  EXPECT_NE(html.find("<title id=\"p-title\">&lt;title&gt;</title>"), std::string::npos);
  EXPECT_NE(html.find("<desc id=\"p-desc\">&quot;words&quot;</desc>"), std::string::npos);
  EXPECT_NE(html.find("&lt;line&gt;"), std::string::npos);
  EXPECT_NE(html.find("&lt;tip&gt;"), std::string::npos);
  EXPECT_NE(html.find("&lt;x&gt;"), std::string::npos);
}

}  // namespace
}  // namespace dfd
