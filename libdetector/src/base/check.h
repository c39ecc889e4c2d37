// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Checks that throw with values in the message.

#pragma once

#include <sstream>

#include "detector/error.h"

// The caller's fault: throws dfd::Error(code, message). message is a << chain.
#define DFD_REQUIRE(condition, code, message)       \
  do {                                              \
    if (!(condition)) {                             \
      std::ostringstream dfd_text;                  \
      dfd_text << message; /* NOLINT: a << chain */ \
      throw ::dfd::Error(code, dfd_text.str());     \
    }                                               \
  } while (false)

// The file's fault.
#define DFD_INTACT(condition, message) \
  DFD_REQUIRE(condition, ::dfd::ErrorCode::kCorruptModel, message)

// Our fault: throws kInternal. A media server must not be aborted for it.
#define DFD_CHECK(condition)                          \
  DFD_REQUIRE(condition, ::dfd::ErrorCode::kInternal, \
              "check failed: " #condition " (" << __func__ << "); please report it")
