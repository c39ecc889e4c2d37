// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model/metadata.h"

#include <charconv>
#include <system_error>
#include <vector>

#include "base/check.h"

namespace dfd {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

}  // namespace

const std::string& MetadataReader::text(const std::string& key) const {
  const auto found = metadata_.find(key);
  DFD_REQUIRE(found != metadata_.end(), ErrorCode::kCorruptModel,
              path_ << ": metadata \"" << prefix_ << key << "\" is missing");
  return found->second;
}

std::string MetadataReader::optional_text(const std::string& key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? "" : found->second;
}

void MetadataReader::known(const std::string& key, const std::string& expected) const {
  DFD_REQUIRE(text(key) == expected, ErrorCode::kUnsupportedModel,
              path_ << ": " << prefix_ << key << " \"" << text(key) << "\", this version knows \""
                    << expected << "\"");
}

std::int64_t MetadataReader::integer(const std::string& key, std::int64_t lowest,
                                     std::int64_t highest) const {
  return parse(key, text(key), lowest, highest);
}

double MetadataReader::number(const std::string& key, double lowest, double highest) const {
  return parse(key, text(key), lowest, highest);
}

std::array<double, 3> MetadataReader::triple(const std::string& key, double lowest,
                                             double highest) const {
  const std::vector<std::string> parts = split(text(key), ',');
  DFD_REQUIRE(parts.size() == 3, ErrorCode::kCorruptModel,
              path_ << ": metadata \"" << prefix_ << key << "\": three numbers expected, found \""
                    << text(key) << "\"");
  std::array<double, 3> values{};
  for (std::size_t i = 0; i < 3; ++i) values[i] = parse(key, parts[i], lowest, highest);
  return values;
}

Rate MetadataReader::rate(const std::string& key) const {
  const std::vector<std::string> parts = split(text(key), '/');
  DFD_REQUIRE(parts.size() == 2, ErrorCode::kCorruptModel,
              path_ << ": metadata \"" << prefix_ << key
                    << "\": a fraction such as 5/1 expected, found \"" << text(key) << "\"");
  constexpr int kMost = 1000000;
  return {parse(key, parts[0], 1, kMost), parse(key, parts[1], 1, kMost)};
}

Metadata MetadataReader::with_prefix(const std::string& prefix) const {
  Metadata found;
  for (const auto& [key, value] : metadata_) {
    if (key.rfind(prefix, 0) == 0) found[key.substr(prefix.size())] = value;
  }
  return found;
}

template <typename Number>
Number MetadataReader::parse(const std::string& key, const std::string& text, Number lowest,
                             Number highest) const {
  Number value{};
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  DFD_REQUIRE(result.ec == std::errc() && result.ptr == end, ErrorCode::kCorruptModel,
              path_ << ": metadata \"" << prefix_ << key << "\": a number expected, found \""
                    << text << "\"");
  DFD_REQUIRE(value >= lowest && value <= highest, ErrorCode::kCorruptModel,
              path_ << ": metadata \"" << prefix_ << key << "\": " << text << " is outside ["
                    << lowest << ", " << highest << "]");
  return value;
}

std::string print(double value) {
  std::array<char, 40> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

std::string print(const std::array<double, 3>& values) {
  return print(values[0]) + "," + print(values[1]) + "," + print(values[2]);
}

}  // namespace dfd
