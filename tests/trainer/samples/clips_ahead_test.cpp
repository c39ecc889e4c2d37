// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/clips_ahead.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/check.h"

namespace dfd {
namespace {

std::vector<Clip> clips(int count) {
  std::vector<Clip> made(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) made[static_cast<std::size_t>(i)].path = std::to_string(i);
  return made;
}

TEST(ClipsAhead, GivesAllInTheirOrder) {
  ClipsAhead<std::string> source(
      clips(100), [](const Clip& clip) { return clip.path; }, nullptr);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(source.next(), std::to_string(i));
}

TEST(ClipsAhead, SaysWhichCannotBeReadInTheirOrder) {
  std::vector<std::string> said;
  ClipsAhead<int> source(
      clips(30),
      [](const Clip& clip) {
        DFD_REQUIRE(std::stoi(clip.path) % 3 != 0, ErrorCode::kIo, clip.path << ": broken");
        return 1;
      },
      [&](const std::string& line) { said.push_back(line); });
  for (int i = 0; i < 30; ++i) EXPECT_EQ(source.next().has_value(), i % 3 != 0) << i;
  ASSERT_EQ(said.size(), 10U);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(said[static_cast<std::size_t>(i)],
              std::to_string(3 * i) + ": broken; this clip is left out");
  }
}

TEST(ClipsAhead, WhatIsNotTheClipsFaultEndsIt) {
  ClipsAhead<int> source(
      clips(30),
      [](const Clip& clip) -> int {
        throw Error(ErrorCode::kCorruptModel, clip.path + ": no face model");
      },
      [](const std::string&) {});
  EXPECT_THROW(source.next(), Error);
}

TEST(ClipsAhead, OfNoClipsIsDoneAtOnce) {
  const ClipsAhead<int> source(
      {}, [](const Clip&) { return 1; }, nullptr);
}

}  // namespace
}  // namespace dfd
