// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/text.h"

#include <string>

#include <gtest/gtest.h>

namespace dfd {
namespace {

TEST(Utf8, LeavesUtf8AsItIs) {
  for (const char* text : {"", "clip.mp4", "caf\xC3\xA9 \"x\"\\\n", "\xF0\x9F\x8E\xAC"}) {
    EXPECT_EQ(utf8(text), text);
  }
}

TEST(Utf8, ReplacesWhatIsNone) {
  EXPECT_EQ(utf8("caf\xE9.mp4"), "caf\xEF\xBF\xBD.mp4");
  EXPECT_EQ(utf8("\xFF\xC3"), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Hexadecimal, HasTwoDigitsAByte) { EXPECT_EQ(hexadecimal("a\x0F\xE9"), "610fe9"); }

}  // namespace
}  // namespace dfd
