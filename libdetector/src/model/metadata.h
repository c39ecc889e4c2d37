// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Typed values out of a model file's metadata, which are all text.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "detector/config.h"

namespace dfd {

using Metadata = std::map<std::string, std::string>;

// Reads one file's metadata, or the part of it whose keys had a prefix; file and whole key stand in
// every complaint. Borrows the metadata. All throw Error(kCorruptModel) for what is missing, no
// value of the type, or out of range.
class MetadataReader {
 public:
  MetadataReader(std::string path, const Metadata& metadata, std::string prefix = "")
      : path_(std::move(path)), metadata_(metadata), prefix_(std::move(prefix)) {}

  const std::string& text(const std::string& key) const;
  std::string optional_text(const std::string& key) const;  // Empty: it is not there.
  // Throws Error(kUnsupportedModel) for another text.
  void known(const std::string& key, const std::string& expected) const;
  std::int64_t integer(const std::string& key, std::int64_t lowest, std::int64_t highest) const;
  double number(const std::string& key, double lowest, double highest) const;
  std::array<double, 3> triple(const std::string& key, double lowest, double highest) const;
  Rate rate(const std::string& key) const;
  Metadata with_prefix(const std::string& prefix) const;  // Keys without it.

  const std::string& path() const { return path_; }

 private:
  template <typename Number>
  Number parse(const std::string& key, const std::string& text, Number lowest,
               Number highest) const;

  std::string path_;
  const Metadata& metadata_;
  std::string prefix_;
};

// The shortest text that reads back as the same number, whatever the locale.
std::string print(double value);
std::string print(const std::array<double, 3>& values);

}  // namespace dfd
