// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Folders of data sets made of tiny files: nothing that scans looks inside.

#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "data/manifest.h"
#include "detector/error.h"
#include "support/test_model.h"

namespace dfd::test {

namespace fs = std::filesystem;

inline void put_file(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

// Each file holds its name.
inline void put_files(const fs::path& folder, const std::vector<std::string>& files) {
  for (const std::string& file : files) put_file(folder / file, file);
}

inline std::map<std::string, Clip> by_file(const Manifest& manifest) {
  std::map<std::string, Clip> clips;
  for (const Clip& clip : manifest.clips) clips[clip.file] = clip;
  return clips;
}

// The text of the error that something throws; empty: none.
inline std::string error_of(const std::function<void()>& something) {
  try {
    something();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

#define EXPECT_TELLS(text, part) \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << "told: " << (text)

}  // namespace dfd::test
