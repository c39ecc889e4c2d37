// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One TOML table, read key by key. What nobody asked for is an error in the end, so that a mistyped
// key never goes unnoticed. Every error is a ConfigError with its place.

#pragma once

#include <toml++/toml.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"

namespace dfd::monitor {

class TableReader {
 public:
  // `table` outlives it. `name` is what the file calls it: "monitor", "stream.alarm".
  TableReader(const toml::table& table, std::string name, std::string file);

  bool has(const std::string& key) const { return table_->contains(key); }

  // Nothing where the key is not there.
  std::optional<std::string> text(const std::string& key);
  std::optional<bool> flag(const std::string& key);
  std::optional<double> number(const std::string& key, double least, double most);
  std::optional<std::vector<std::string>> texts(const std::string& key);
  std::optional<TableReader> table(const std::string& key);

  // Of [[key]]; empty where there is none.
  std::vector<TableReader> tables(const std::string& key);

  // All keys that are left, with their values as GStreamer writes them: true, 0.5, text.
  std::vector<DetectProperty> properties();

  // Throws where a key was not asked for.
  void finish() const;

  // Of the key's value, or of the table where the key is not there.
  Position position(const std::string& key) const;
  Position position() const;
  const std::string& file() const { return file_; }
  [[noreturn]] void fail(const std::string& key, const std::string& what) const;

 private:
  const toml::node* take(const std::string& key);

  const toml::table* table_;
  std::string name_;
  std::string file_;
  std::set<std::string> taken_;
};

}  // namespace dfd::monitor
