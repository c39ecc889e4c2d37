// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A reader of deepfakeklvenc's packets, written from the table in docs/sidecars.md alone and
// sharing nothing with the writer. What does not follow the table throws.

#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dfd::test {

class KlvBytes {
 public:
  explicit KlvBytes(std::string bytes) : bytes_(std::move(bytes)) {}

  bool at_end() const { return next_ == bytes_.size(); }
  std::string take(std::size_t count) {
    if (count > bytes_.size() - next_) throw std::runtime_error("cut short");
    next_ += count;
    return bytes_.substr(next_ - count, count);
  }
  std::uint64_t take_unsigned(std::size_t count) {
    std::uint64_t value = 0;
    for (const char c : take(count)) value = value * 256 + static_cast<unsigned char>(c);
    return value;
  }
  std::size_t take_length() {
    const std::uint64_t first = take_unsigned(1);
    return first < 0x80 ? first : take_unsigned(first - 0x80);
  }
  std::uint64_t take_tag() {
    std::uint64_t tag = 0;
    while (true) {
      const std::uint64_t byte = take_unsigned(1);
      tag = tag * 128 + byte % 128;
      if (byte < 128) return tag;
    }
  }

 private:
  std::string bytes_;
  std::size_t next_ = 0;
};

// Items of a local set by their tags. A tag that is there twice throws.
class KlvSet {
 public:
  explicit KlvSet(const std::string& value) {
    KlvBytes bytes(value);
    while (!bytes.at_end()) {
      const std::uint64_t tag = bytes.take_tag();
      const std::size_t length = bytes.take_length();
      if (!items_.emplace(tag, bytes.take(length)).second) throw std::runtime_error("twice");
    }
  }

  bool has(std::uint64_t tag) const { return items_.count(tag) > 0; }
  const std::string& text(std::uint64_t tag) const { return items_.at(tag); }
  std::uint64_t number(std::uint64_t tag) const {
    const std::string& value = items_.at(tag);
    return KlvBytes(value).take_unsigned(value.size());
  }
  float part(std::uint64_t tag) const {
    const std::string& value = items_.at(tag);
    if (value.size() != 4) throw std::runtime_error("a float of another size");
    const auto bits = static_cast<std::uint32_t>(KlvBytes(value).take_unsigned(4));
    float result = 0;
    std::memcpy(&result, &bits, sizeof(result));
    return result;
  }

 private:
  std::map<std::uint64_t, std::string> items_;
};

struct KlvPacket {
  explicit KlvPacket(const std::string& packet) : KlvPacket(split(packet)) {}

  std::string key;
  KlvSet set;
  std::vector<KlvSet> faces;

 private:
  explicit KlvPacket(std::pair<std::string, std::string> parts)
      : key(std::move(parts.first)), set(parts.second) {
    if (!set.has(12)) return;
    KlvBytes series(set.text(12));
    while (!series.at_end()) {
      const std::size_t length = series.take_length();
      faces.emplace_back(series.take(length));
    }
  }
  static std::pair<std::string, std::string> split(const std::string& packet) {
    KlvBytes bytes(packet);
    std::string key = bytes.take(16);
    const std::size_t length = bytes.take_length();
    std::string value = bytes.take(length);
    if (!bytes.at_end()) throw std::runtime_error("bytes after the set");
    return {key, value};
  }
};

}  // namespace dfd::test
