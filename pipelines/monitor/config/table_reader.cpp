// SPDX-License-Identifier: LGPL-2.1-or-later

#include "table_reader.h"

#include <sstream>
#include <utility>

namespace dfd::monitor {
namespace {

Position position_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

// Without digits that mean nothing: 5, not 5.000000.
std::string text_of(double number) {
  std::ostringstream stream;
  stream.precision(15);
  stream << number;
  return stream.str();
}

}  // namespace

TableReader::TableReader(const toml::table& table, std::string name, std::string file)
    : table_(&table), name_(std::move(name)), file_(std::move(file)) {}

const toml::node* TableReader::take(const std::string& key) {
  taken_.insert(key);
  return table_->get(key);
}

std::optional<std::string> TableReader::text(const std::string& key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string()) fail(key, "must be a text in quotes");
  return node->as_string()->get();
}

std::optional<bool> TableReader::flag(const std::string& key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_boolean()) fail(key, "must be true or false");
  return node->as_boolean()->get();
}

std::optional<double> TableReader::number(const std::string& key, double least, double most) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_number()) fail(key, "must be a number");
  const double value = *node->value<double>();
  // A number that is none passes no comparison.
  if (!(value >= least && value <= most)) {
    fail(key, "must lie between " + text_of(least) + " and " + text_of(most));
  }
  return value;
}

std::optional<std::vector<std::string>> TableReader::texts(const std::string& key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  const toml::array* array = node->as_array();
  std::vector<std::string> result;
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const auto* entry = array->get(i)->as_string()) result.push_back(entry->get());
  }
  if (array == nullptr || result.size() != array->size()) fail(key, "must be a list of texts");
  return result;
}

std::optional<TableReader> TableReader::table(const std::string& key) {
  const toml::node* node = take(key);
  if (node == nullptr) return std::nullopt;
  if (!node->is_table()) fail(key, "must be a table");
  return TableReader(*node->as_table(), name_.empty() ? key : name_ + "." + key, file_);
}

std::vector<TableReader> TableReader::tables(const std::string& key) {
  const toml::node* node = take(key);
  std::vector<TableReader> result;
  if (node == nullptr) return result;
  const toml::array* array = node->as_array();
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const auto* entry = array->get(i)->as_table()) {
      result.emplace_back(*entry, name_.empty() ? key : name_ + "." + key, file_);
    }
  }
  if (array == nullptr || result.size() != array->size()) {
    fail(key, "must be written as [[" + (name_.empty() ? key : name_ + "." + key) + "]]");
  }
  return result;
}

std::vector<DetectProperty> TableReader::properties() {
  std::vector<DetectProperty> result;
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    taken_.insert(name);
    std::string value;
    if (const auto* text = node.as_string()) {
      value = text->get();
    } else if (const auto* flag = node.as_boolean()) {
      value = flag->get() ? "true" : "false";
    } else if (const auto* whole = node.as_integer()) {
      value = std::to_string(whole->get());
    } else if (const auto* part = node.as_floating_point()) {
      value = text_of(part->get());
    } else {
      fail(name, "must be a text, a number, true or false");
    }
    result.push_back({name, std::move(value), file_, position_of(node.source())});
  }
  return result;
}

void TableReader::finish() const {
  for (const auto& [key, node] : *table_) {
    const std::string name(key.str());
    if (taken_.count(name) != 0) continue;
    throw ConfigError(file_, position_of(key.source()),
                      "unknown key \"" + name + "\"" +
                          (name_.empty() ? std::string() : " in " + name_) +
                          "; docs/monitor.md has all");
  }
}

Position TableReader::position(const std::string& key) const {
  const toml::node* node = table_->get(key);
  return node == nullptr ? position() : position_of(node->source());
}

Position TableReader::position() const { return position_of(table_->source()); }

void TableReader::fail(const std::string& key, const std::string& what) const {
  throw ConfigError(file_, position(key), (name_.empty() ? key : name_ + "." + key) + " " + what);
}

}  // namespace dfd::monitor
