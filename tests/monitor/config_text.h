// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Configurations as text, and what is said of those that are wrong.

#pragma once

#include <string>

#include <gtest/gtest.h>

#include "config/config.h"

namespace dfd::monitor::test {

// The least there may be; its four lines come before what is added.
inline const std::string kStream =
    "version = 1\n[[stream]]\nid = \"ch1\"\nuri = \"rtsp://host/a\"\n";

// The error's text; empty where there is none.
inline std::string error_of(const std::string& text) {
  try {
    parse_config(text, "m.toml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// That begins with `begin` and holds `part`.
inline void expect_error(const std::string& text, const std::string& begin,
                         const std::string& part) {
  const std::string error = error_of(text);
  EXPECT_EQ(error.substr(0, begin.size()), begin) << error;
  EXPECT_NE(error.find(part), std::string::npos) << error;
}

}  // namespace dfd::monitor::test
