// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/operator_calls.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/check.h"

namespace dfd::torchscript {
namespace {

using traced::Argument;
using traced::Kind;
using traced::Value;
using traced::Wanted;

bool is_number(const Value& value) {
  return std::holds_alternative<bool>(value) || std::holds_alternative<std::int64_t>(value) ||
         std::holds_alternative<double>(value);
}

double number_of(const Value& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1 : 0;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::get<double>(value);
}

// Comparisons of constants; none: it is something else.
std::optional<bool> compared(const std::string& name, const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) {
    const double x = number_of(a);
    const double y = number_of(b);
    if (name == "eq") return x == y;
    if (name == "ne") return x != y;
    if (name == "lt") return x < y;
    if (name == "le") return x <= y;
    if (name == "gt") return x > y;
    if (name == "ge") return x >= y;
  }
  const auto* one = std::get_if<std::string>(&a);
  const auto* other = std::get_if<std::string>(&b);
  if (one == nullptr || other == nullptr) return std::nullopt;
  if (name == "eq") return *one == *other;
  if (name == "ne") return *one != *other;
  return std::nullopt;
}

std::optional<bool> truth_of(const Thing& thing) {
  const Value* const value = literal_of(thing);
  const auto* truth = value == nullptr ? nullptr : std::get_if<bool>(value);
  return truth == nullptr ? std::nullopt : std::optional(*truth);
}

bool is_unknown(const Thing& thing) { return std::holds_alternative<Unknown>(thing.is); }

// A literal's own value, or a list's of literals; none: it hangs on the input.
std::optional<Value> constant_value(const Argument& argument) {
  if (argument.form == Argument::Form::kLiteral) return argument.literal;
  if (argument.form != Argument::Form::kList) return std::nullopt;
  traced::Ints ints;
  for (const Argument& item : argument.items) {
    const auto* whole = std::get_if<std::int64_t>(&item.literal);
    if (item.form != Argument::Form::kLiteral || whole == nullptr) return std::nullopt;
    ints.push_back(*whole);
  }
  return ints;
}

}  // namespace

// --- What is known without a run.

std::optional<Thing> OperatorCalls::constant(const std::string& name,
                                             const std::vector<Thing>& arguments) {
  const std::size_t count = arguments.size();
  // Sizes are numbers here all along.
  if (name == "NumToTensor" && count == 1) return arguments[0];
  if (name == "format" || name == "warn") return Thing{Unknown{"a text of torch." + name}};
  if (name == "device" || name == "layout") return literal({});
  if (name == "is_grad_enabled" || name == "is_autocast_enabled" || name == "is_nested" ||
      name == "requires_grad") {
    return literal(false);  // As it is where networks serve.
  }
  if ((name == "__is__" || name == "__isnot__") && count == 2) {
    const bool one = is_none(arguments[0]);
    if (is_unknown(arguments[0]) || is_unknown(arguments[1])) return std::nullopt;
    if (!one && !is_none(arguments[1])) return std::nullopt;
    return literal((one && is_none(arguments[1])) == (name == "__is__"));
  }
  if (name == "__not__" && count == 1) {
    const std::optional<bool> truth = truth_of(arguments[0]);
    return truth ? std::optional(literal(!*truth)) : std::nullopt;
  }
  const auto* list = count > 0 ? std::get_if<List>(&arguments[0].is) : nullptr;
  if (list != nullptr && name == "len" && count == 1) {
    return literal(static_cast<std::int64_t>((*list)->size()));
  }
  if (list != nullptr && name == "copy" && count == 1) return list_of(**list);
  if (list != nullptr && name == "append" && count == 2) {
    DFD_INTACT((*list)->size() < traced::kMostItems, "a list of more than " << traced::kMostItems);
    (*list)->push_back(arguments[1]);
    return arguments[0];
  }
  if (count != 2) return std::nullopt;
  const Value* const a = literal_of(arguments[0]);
  const Value* const b = literal_of(arguments[1]);
  if (a == nullptr || b == nullptr) return std::nullopt;
  const std::optional<bool> truth = compared(name, *a, *b);
  return truth ? std::optional(literal(*truth)) : std::nullopt;
}

// The row's own arithmetic, over numbers alone.
std::optional<Thing> OperatorCalls::fold(const traced::Operator& row,
                                         const std::vector<Argument>& arguments) {
  const bool number =
      row.result == Kind::kInt || row.result == Kind::kFloat || row.result == Kind::kBool;
  if (!number) return std::nullopt;
  std::vector<Value> values;
  for (const Argument& argument : arguments) {
    std::optional<Value> value = constant_value(argument);
    if (!value) return std::nullopt;
    values.push_back(std::move(*value));
  }
  for (std::size_t i = values.size(); i < row.parameters.size(); ++i) {
    values.push_back(row.parameters[i].fallback);
  }
  return literal(row.call(values, at::kCPU));
}

// --- From things to arguments.

std::string OperatorCalls::free_name(const std::string& wanted) const {
  std::string name = wanted;
  for (char& c : name) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!allowed) c = '_';
  }
  // Room for a model file's prefix below what its reader allows.
  constexpr std::size_t kLongest = 200;
  if (name.size() > kLongest) name = "weight";
  std::string found = name;
  for (int i = 2; weights_.count(found) > 0; ++i) found = name + "-" + std::to_string(i);
  return found;
}

Argument OperatorCalls::weight(const StoredTensor& stored) {
  std::string key = (stored.constant ? "constants/" : "data/") + stored.ref->storage.key;
  key += " " + std::to_string(stored.ref->offset);
  for (const std::int64_t size : stored.ref->shape) key += " " + std::to_string(size);
  for (const std::int64_t step : stored.ref->stride) key += "/" + std::to_string(step);
  const auto known = places_.find(key);
  if (known != places_.end()) return Argument::weight(known->second);
  const at::Tensor tensor = archive_.tensor(*stored.ref, stored.constant).contiguous();
  const std::string name = free_name(stored.name);
  const std::size_t place = graph_.add_weight({name, tensor.scalar_type(), tensor.sizes().vec()});
  weights_[name] = tensor;
  places_[key] = place;
  return Argument::weight(place);
}

// numbers: a tensor of one number without dimensions is that number, as PyTorch promotes it.
std::optional<Argument> OperatorCalls::fit_tensor(Wanted wanted, const StoredTensor& stored,
                                                  bool numbers) {
  if (wanted == Wanted::kTensor) {
    if (numbers && stored.ref->shape.empty()) return std::nullopt;
    return weight(stored);
  }
  if (!numbers || !stored.ref->shape.empty()) return std::nullopt;
  const at::Tensor tensor = archive_.tensor(*stored.ref, stored.constant);
  Value value = tensor.is_floating_point()          ? Value(tensor.item<double>())
                : tensor.scalar_type() == at::kBool ? Value(tensor.item<bool>())
                                                    : Value(tensor.item<std::int64_t>());
  if (!traced::accepts({"", wanted, false, false, {}}, traced::kind_of(value))) return std::nullopt;
  return Argument::of(std::move(value));
}

std::optional<Argument> OperatorCalls::fit_list(Wanted wanted, const List& list, bool numbers) {
  traced::Parameter item;
  if (wanted == Wanted::kInts) {
    item.wanted = Wanted::kInt;
  } else if (wanted == Wanted::kFloats) {
    item.wanted = Wanted::kFloat;
  } else if (wanted != Wanted::kTensors || list->empty()) {
    return std::nullopt;
  }
  item.optional = wanted == Wanted::kTensors;
  std::vector<Argument> items;
  for (const Thing& thing : *list) {
    std::optional<Argument> argument = fit(item, thing, numbers && wanted != Wanted::kTensors);
    if (!argument) return std::nullopt;
    items.push_back(std::move(*argument));
  }
  return Argument::list(std::move(items));
}

std::optional<Argument> OperatorCalls::fit(const traced::Parameter& parameter, const Thing& thing,
                                           bool numbers) {
  if (parameter.wanted == Wanted::kNothing) return Argument::of({});
  if (const auto* stored = std::get_if<StoredTensor>(&thing.is)) {
    return fit_tensor(parameter.wanted, *stored, numbers);
  }
  if (const auto* list = std::get_if<List>(&thing.is)) {
    return fit_list(parameter.wanted, *list, numbers);
  }
  const auto* argument = std::get_if<Argument>(&thing.is);
  if (argument == nullptr) return std::nullopt;
  const auto* type = std::get_if<std::int64_t>(&argument->literal);
  if (parameter.wanted == Wanted::kType && type != nullptr) {
    DFD_INTACT(*type >= 0 && *type < static_cast<int>(at::ScalarType::NumOptions),
               "type " << *type << " of tensors is not allowed");
    return Argument::of(traced::name_of(static_cast<at::ScalarType>(*type)));
  }
  if (!traced::accepts(parameter, graph_.kind_of(*argument))) return std::nullopt;
  return *argument;
}

std::optional<std::vector<Argument>> OperatorCalls::fit(const traced::Operator& row,
                                                        const std::vector<Thing>& arguments,
                                                        const std::vector<std::string>& keywords,
                                                        bool numbers) {
  const std::vector<traced::Parameter>& parameters = row.parameters;
  if (arguments.size() > parameters.size()) return std::nullopt;
  const std::size_t in_order = arguments.size() - keywords.size();
  std::vector<const Thing*> given(parameters.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::size_t place = i;
    if (i >= in_order) {
      const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& known) {
        return known.name == keywords[i - in_order];
      });
      if (found == parameters.end()) return std::nullopt;
      place = static_cast<std::size_t>(found - parameters.begin());
    }
    if (given[place] != nullptr) return std::nullopt;
    given[place] = &arguments[i];
  }
  while (!given.empty() && given.back() == nullptr && parameters[given.size() - 1].defaulted) {
    given.pop_back();
  }
  std::vector<Argument> fitted;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] == nullptr && !parameters[i].defaulted) return std::nullopt;
    std::optional<Argument> argument = given[i] == nullptr ? Argument::of(parameters[i].fallback)
                                                           : fit(parameters[i], *given[i], numbers);
    if (!argument) return std::nullopt;
    fitted.push_back(std::move(*argument));
  }
  return fitted;
}

std::string OperatorCalls::complaint(const std::string& name,
                                     const std::vector<Thing>& arguments) const {
  std::string text = "operator \"" + name + "\" is not supported with";
  for (const Thing& thing : arguments) {
    text += arguments.data() == &thing ? " " : ", ";
    if (const auto* argument = std::get_if<Argument>(&thing.is)) {
      text += traced::to_string(graph_.kind_of(*argument));
    } else if (const auto* unknown = std::get_if<Unknown>(&thing.is)) {
      text += unknown->what;
    } else if (std::holds_alternative<StoredTensor>(thing.is)) {
      text += "a weight";
    } else {
      text += std::holds_alternative<List>(thing.is) ? "a list" : "an object";
    }
  }
  return text;
}

Thing OperatorCalls::call(const std::string& name, const std::vector<Thing>& arguments,
                          const std::vector<std::string>& keywords) {
  if (std::optional<Thing> known = constant(name, arguments)) return *known;
  const auto& rows = traced::operators_named(name);
  const bool hangs = std::any_of(arguments.begin(), arguments.end(), is_unknown);
  const auto numeric = {"eq",     "ne",        "lt",      "le",
                        "gt",     "ge",        "__not__", "__contains__",
                        "dim",    "dtype",     "is_cuda", "is_floating_point",
                        "__is__", "__isnot__", "__and__", "__or__"};
  const bool asks = std::find(numeric.begin(), numeric.end(), name) != numeric.end();
  if (!hangs) {
    for (const bool numbers : {true, false}) {
      for (const traced::Operator* const row : rows) {
        std::optional<std::vector<Argument>> fitted = fit(*row, arguments, keywords, numbers);
        if (!fitted) continue;
        if (std::optional<Thing> folded = fold(*row, *fitted)) return *folded;
        const Argument made = graph_.add(name, std::move(*fitted));
        DFD_CHECK(graph_.nodes().back().operation == row);
        return {made};
      }
    }
  }
  // A question to the input, or a text about it: fine, as long as nothing hangs on the answer.
  if (asks || (hangs && name == "add")) return {Unknown{"what torch." + name + " gives"}};
  DFD_REQUIRE(!rows.empty(), ErrorCode::kUnsupportedModel,
              "operator \"" << name << "\" is not one of those that are allowed");
  throw Error(ErrorCode::kUnsupportedModel, complaint(name, arguments));
}

Thing OperatorCalls::item(const Thing& things, const Thing& place) {
  const Value* const value = literal_of(place);
  const auto* list = std::get_if<List>(&things.is);
  if (list == nullptr || value == nullptr) return call("item", {things, place}, {});
  const auto* whole = std::get_if<std::int64_t>(value);
  const auto count = static_cast<std::int64_t>((*list)->size());
  DFD_INTACT(whole != nullptr && *whole >= -count && *whole < count,
             "an item that a list of " << count << " does not have");
  return (**list)[static_cast<std::size_t>(*whole < 0 ? *whole + count : *whole)];
}

}  // namespace dfd::torchscript
