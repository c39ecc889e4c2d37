// SPDX-License-Identifier: LGPL-2.1-or-later

#include "traced/graph.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "model/safetensors.h"

namespace dfd::traced {
namespace {

bool is_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace

std::size_t Graph::add_weight(Weight weight) {
  DFD_INTACT(weights_.size() < kMaxTensors, "more than " << kMaxTensors << " weights");
  DFD_INTACT(is_name(weight.name) && weight.name.size() <= kMaxNameBytes,
             "\"" << weight.name << "\" is no name of a weight");
  DFD_INTACT(weight.shape.size() <= kMaxDimensions,
             "weight \"" << weight.name << "\" of " << weight.shape.size() << " dimensions");
  for (const std::int64_t size : weight.shape) {
    DFD_INTACT(size >= 0, "weight \"" << weight.name << "\" of size " << size);
  }
  name_of(weight.type);
  weights_.push_back(std::move(weight));
  return weights_.size() - 1;
}

Kind Graph::kind_of(const Argument& argument) const {
  switch (argument.form) {
    case Argument::Form::kLiteral:
      return traced::kind_of(argument.literal);
    case Argument::Form::kValue:
      DFD_INTACT(argument.place < values_.size(),
                 "v" << argument.place << " is used before it is defined");
      return values_[argument.place].kind;
    case Argument::Form::kWeight:
      DFD_CHECK(argument.place < weights_.size());
      return Kind::kTensor;
    case Argument::Form::kList:
      break;
  }
  DFD_INTACT(argument.items.size() <= kMostItems,
             "a list of " << argument.items.size() << ", at most " << kMostItems << " are allowed");
  std::size_t ints = 0;
  std::size_t floats = 0;
  std::size_t tensors = 0;
  for (const Argument& item : argument.items) {
    DFD_INTACT(item.form != Argument::Form::kList, "a list in a list");
    const Kind kind = kind_of(item);
    ints += static_cast<std::size_t>(kind == Kind::kInt);
    floats += static_cast<std::size_t>(kind == Kind::kFloat);
    // Of several indices some may be none: all along that dimension.
    tensors += static_cast<std::size_t>(kind == Kind::kTensor || kind == Kind::kNone);
  }
  const std::size_t all = argument.items.size();
  DFD_INTACT(tensors == all || ints + floats == all, "a list of things of several kinds");
  if (ints == all) return Kind::kInts;
  return tensors == all ? Kind::kTensors : Kind::kFloats;
}

bool Graph::lent(const Argument& argument) const {
  if (argument.form == Argument::Form::kWeight) return true;
  if (argument.form == Argument::Form::kValue) return values_[argument.place].lent;
  return std::any_of(argument.items.begin(), argument.items.end(),
                     [&](const Argument& item) { return lent(item); });
}

const Operator* Graph::find(const std::string& name, const std::vector<Argument>& arguments) const {
  std::vector<Kind> kinds;
  for (const Argument& argument : arguments) kinds.push_back(kind_of(argument));
  for (const Operator* const row : operators_named(name)) {
    const std::vector<Parameter>& parameters = row->parameters;
    if (kinds.size() > parameters.size()) continue;
    if (kinds.size() < parameters.size() && !parameters[kinds.size()].defaulted) continue;
    const bool all =
        std::equal(kinds.begin(), kinds.end(), parameters.begin(),
                   [](Kind kind, const Parameter& parameter) { return accepts(parameter, kind); });
    if (all) return row;
  }
  return nullptr;
}

std::string Graph::complaint(const std::string& name,
                             const std::vector<Argument>& arguments) const {
  std::string text = "operator \"" + name + "\" does not take";
  for (const Argument& argument : arguments) {
    text += std::string(text.back() == 'e' ? " " : ", ") + traced::to_string(kind_of(argument));
  }
  return text + (arguments.empty() ? " no arguments" : "");
}

Argument Graph::add(const std::string& name, std::vector<Argument> arguments) {
  DFD_REQUIRE(!operators_named(name).empty(), ErrorCode::kUnsupportedModel,
              "operator \"" << name << "\" is not one of those that are allowed");
  DFD_INTACT(nodes_.size() < kMostNodes, "more than " << kMostNodes << " nodes");
  const Operator* const row = find(name, arguments);
  DFD_REQUIRE(row != nullptr, ErrorCode::kUnsupportedModel, complaint(name, arguments));
  const std::size_t given = arguments.size();
  for (std::size_t i = 0; i < row->parameters.size(); ++i) {
    const Parameter& parameter = row->parameters[i];
    if (i >= given) arguments.push_back(Argument::of(parameter.fallback));
    if (parameter.wanted != Wanted::kType || kind_of(arguments[i]) == Kind::kNone) continue;
    type_named(std::get<std::string>(arguments[i].literal));
  }
  About about{row->result, false};
  if (row->memory != Memory::kOwn) {
    about.lent = std::any_of(arguments.begin(), arguments.end(),
                             [&](const Argument& argument) { return lent(argument); });
  }
  if (row->memory == Memory::kWritten) {
    about.lent = lent(arguments[0]);
    DFD_REQUIRE(!about.lent, ErrorCode::kUnsupportedModel,
                "operator \"" << name << "\" writes into the input or into a weight");
  }
  nodes_.push_back({row, std::move(arguments), given});
  values_.push_back(about);
  return Argument::value(nodes_.size());
}

void Graph::set_result(const Argument& value) {
  DFD_REQUIRE(value.form == Argument::Form::kValue && kind_of(value) == Kind::kTensor,
              ErrorCode::kUnsupportedModel,
              "the network returns " << traced::to_string(kind_of(value)) << ", a tensor expected");
  result_ = value.place;
}

}  // namespace dfd::traced
