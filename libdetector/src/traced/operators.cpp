// SPDX-License-Identifier: LGPL-2.1-or-later

#include "traced/operators.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <sstream>
#include <utility>

#include "base/check.h"
#include "traced/rows.h"

namespace dfd::traced {
namespace {

constexpr std::array<std::pair<const char*, at::ScalarType>, 9> kTypes{{{"float32", at::kFloat},
                                                                        {"float64", at::kDouble},
                                                                        {"float16", at::kHalf},
                                                                        {"bfloat16", at::kBFloat16},
                                                                        {"int64", at::kLong},
                                                                        {"int32", at::kInt},
                                                                        {"int8", at::kChar},
                                                                        {"uint8", at::kByte},
                                                                        {"bool", at::kBool}}};

// A default as Rows::add() has them.
Value literal(const std::string& text) {
  if (text == "none") return {};
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "[]") return Ints();
  if (text.front() == '"') return text.substr(1, text.size() - 2);
  if (text.find_first_of(".e") == std::string::npos) {
    std::int64_t whole = 0;
    std::from_chars(text.data(), text.data() + text.size(), whole);
    return whole;
  }
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<Operator> make_rows() {
  Rows rows;
  add_layers(rows);
  add_activations(rows);
  add_shapes(rows);
  add_elementwise(rows);
  add_numbers(rows);
  return rows.take();
}

}  // namespace

void Rows::add_row(const std::string& name, const std::string& parameters, Memory memory,
                   Kind result, const std::vector<std::pair<Wanted, bool>>& types) {
  Operator row;
  row.name = name;
  row.result = result;
  const bool writes = name.back() == '_' && name.front() != '_';  // Not "__and__".
  row.memory = writes ? Memory::kWritten : memory;
  std::istringstream words(parameters);
  for (std::string word; words >> word;) {
    DFD_CHECK(row.parameters.size() < types.size());
    const auto& [wanted, optional] = types[row.parameters.size()];
    const std::size_t equals = word.find('=');
    Parameter parameter{word.substr(0, equals), wanted, optional, equals != std::string::npos, {}};
    if (parameter.defaulted) parameter.fallback = literal(word.substr(equals + 1));
    row.parameters.push_back(std::move(parameter));
  }
  DFD_CHECK(row.parameters.size() == types.size());
  rows_.push_back(std::move(row));
}

Kind kind_of(const Value& value) { return static_cast<Kind>(value.index()); }

const char* to_string(Kind kind) noexcept {
  constexpr std::array<const char*, 9> kNames{"none",   "a tensor",       "a list of tensors",
                                              "a bool", "an int",         "a float",
                                              "a text", "a list of ints", "a list of floats"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool accepts(const Parameter& parameter, Kind kind) {
  if (kind == Kind::kNone) return parameter.optional || parameter.wanted == Wanted::kNothing;
  switch (parameter.wanted) {
    case Wanted::kTensor:
      return kind == Kind::kTensor;
    case Wanted::kTensors:
      return kind == Kind::kTensors;
    case Wanted::kBool:
      return kind == Kind::kBool;
    case Wanted::kInt:
      return kind == Kind::kInt;
    case Wanted::kFloat:
      return kind == Kind::kFloat || kind == Kind::kInt;
    case Wanted::kText:
    case Wanted::kType:
      return kind == Kind::kText;
    case Wanted::kInts:
      return kind == Kind::kInts || kind == Kind::kInt;
    case Wanted::kFloats:
      return kind == Kind::kFloats || kind == Kind::kInts;
    case Wanted::kNumber:
      return kind == Kind::kInt || kind == Kind::kFloat || kind == Kind::kBool;
    case Wanted::kNothing:
      return false;
  }
  return false;
}

at::ScalarType type_named(const std::string& name) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const auto& type) { return name == type.first; });
  DFD_INTACT(found != kTypes.end(), "\"" << name << "\" is no type of tensors that is allowed");
  return found->second;
}

std::string name_of(at::ScalarType type) {
  const auto* found = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const auto& known) { return type == known.second; });
  DFD_INTACT(found != kTypes.end(), "tensors of type " << type << " are not allowed");
  return found->first;
}

const std::vector<Operator>& all_operators() {
  // Never destroyed: networks may run while the process ends.
  static const auto* const kRows = new std::vector<Operator>(make_rows());
  return *kRows;
}

const std::vector<const Operator*>& operators_named(const std::string& name) {
  static const auto* const kByName = [] {
    auto* const by_name = new std::map<std::string, std::vector<const Operator*>>();
    for (const Operator& row : all_operators()) (*by_name)[row.name].push_back(&row);
    return by_name;
  }();
  static const std::vector<const Operator*> kNone;
  const auto found = kByName->find(name);
  return found == kByName->end() ? kNone : found->second;
}

}  // namespace dfd::traced
