// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What names stand for while a straight line is made out of an archive's text.

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "import/unpickler.h"
#include "traced/graph.h"

namespace dfd::torchscript {

struct Thing;

// A tensor of the archive that no node has read yet.
struct StoredTensor {
  const pickle::TensorRef* ref = nullptr;
  bool constant = false;
  std::string name;
};

struct NamedObject {
  const pickle::Object* object = nullptr;
  std::string path;  // From the network: "layer1.0."
};

struct FunctionName {
  std::string name;
};

// What only a run would tell; nothing may hang on it.
struct Unknown {
  std::string what;
};

// Shared, as Python's lists are: whoever appends to one changes it for all that name it.
using List = std::shared_ptr<std::vector<Thing>>;

struct Thing {
  std::variant<traced::Argument, StoredTensor, NamedObject, FunctionName, Unknown, List> is;
};

inline Thing literal(traced::Value value) { return {traced::Argument::of(std::move(value))}; }

inline Thing list_of(std::vector<Thing> items) {
  return {std::make_shared<std::vector<Thing>>(std::move(items))};
}

// Of a literal; nullptr: it is none.
inline const traced::Value* literal_of(const Thing& thing) {
  const auto* argument = std::get_if<traced::Argument>(&thing.is);
  const bool found = argument != nullptr && argument->form == traced::Argument::Form::kLiteral;
  return found ? &argument->literal : nullptr;
}

inline bool is_none(const Thing& thing) {
  const traced::Value* const value = literal_of(thing);
  return value != nullptr && std::holds_alternative<std::monostate>(*value);
}

}  // namespace dfd::torchscript
