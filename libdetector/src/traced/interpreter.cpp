// SPDX-License-Identifier: LGPL-2.1-or-later

#include "traced/interpreter.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/translate.h"

namespace dfd::traced {
namespace {

// The values that an argument reads.
void add_read(const Argument& argument, std::vector<std::size_t>& places) {
  if (argument.form == Argument::Form::kValue) places.push_back(argument.place);
  for (const Argument& item : argument.items) add_read(item, places);
}

std::int64_t elements_of(const Value& value) {
  const auto* const tensor = std::get_if<at::Tensor>(&value);
  return tensor == nullptr || !tensor->defined() ? 0 : tensor->numel();
}

// Memory that the values of a run keep, however many of them share it.
class Kept {
 public:
  void add(const Value& value) {
    each(value, [&](const c10::StorageImpl* part) { take(part); });
  }
  void drop(const Value& value) {
    each(value, [&](const c10::StorageImpl* part) {
      const auto found = parts_.find(part);
      if (found == parts_.end() || --found->second.uses > 0) return;
      bytes_ -= found->second.bytes;
      parts_.erase(found);
    });
  }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Part {
    std::size_t uses = 0;
    std::size_t bytes = 0;
  };

  template <typename Function>
  static void each(const Value& value, const Function& function) {
    const auto of = [&](const at::Tensor& tensor) {
      if (tensor.defined()) function(tensor.storage().unsafeGetStorageImpl());
    };
    if (const auto* const one = std::get_if<at::Tensor>(&value)) of(*one);
    if (const auto* const list = std::get_if<Tensors>(&value)) {
      for (const at::Tensor& tensor : *list) of(tensor);
    }
  }

  void take(const c10::StorageImpl* storage) {
    Part& part = parts_[storage];
    if (part.uses++ > 0) return;
    part.bytes = storage->nbytes();
    bytes_ += part.bytes;
  }

  std::unordered_map<const c10::StorageImpl*, Part> parts_;
  std::size_t bytes_ = 0;
};

}  // namespace

Interpreter::Interpreter(Graph graph, Tensors weights, std::size_t most_bytes)
    : graph_(std::move(graph)), weights_(std::move(weights)), most_bytes_(most_bytes) {
  DFD_CHECK(weights_.size() == graph_.weights().size());
  const std::vector<Node>& nodes = graph_.nodes();
  last_read_.resize(nodes.size());
  std::vector<bool> read(nodes.size() + 1);
  read[graph_.result()] = true;
  for (std::size_t i = nodes.size(); i-- > 0;) {
    std::vector<std::size_t> places{i + 1};  // Its own, if nobody reads it.
    for (const Argument& argument : nodes[i].arguments) add_read(argument, places);
    for (const std::size_t place : places) {
      if (!read[place]) last_read_[i].push_back(place);
      read[place] = true;
    }
  }
}

Value Interpreter::evaluate(const Argument& argument, const std::vector<Value>& values) const {
  switch (argument.form) {
    case Argument::Form::kLiteral:
      return argument.literal;
    case Argument::Form::kValue:
      return values[argument.place];
    case Argument::Form::kWeight:
      return weights_[argument.place];
    case Argument::Form::kList:
      break;
  }
  Ints ints;
  Floats floats;
  Tensors tensors;
  for (const Argument& item : argument.items) {
    const Value value = evaluate(item, values);
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      ints.push_back(*whole);
      floats.push_back(static_cast<double>(*whole));
    } else if (const auto* number = std::get_if<double>(&value)) {
      floats.push_back(*number);
    } else {
      const auto* tensor = std::get_if<at::Tensor>(&value);
      tensors.push_back(tensor == nullptr ? at::Tensor() : *tensor);
    }
  }
  if (!tensors.empty()) return tensors;
  return ints.size() == floats.size() ? Value(ints) : Value(floats);
}

Value Interpreter::call(const Node& node, const std::vector<Value>& values,
                        const at::Device& device) const {
  std::vector<Value> arguments;
  arguments.reserve(node.arguments.size());
  for (const Argument& argument : node.arguments) arguments.push_back(evaluate(argument, values));
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    // An operator may have given none for a tensor, as attention does for its weights.
    const auto* tensor = std::get_if<at::Tensor>(&arguments[i]);
    DFD_INTACT(tensor == nullptr || tensor->defined(), "it is given a tensor that there is not");
  }
  Value result = node.operation->call(arguments, device);
  DFD_INTACT(elements_of(result) <= kMostElements, "it gives " << elements_of(result)
                                                               << " elements, at most "
                                                               << kMostElements << " are allowed");
  return result;
}

at::Tensor Interpreter::run(const at::Tensor& input) const {
  const std::vector<Node>& nodes = graph_.nodes();
  std::vector<Value> values(nodes.size() + 1);
  values[0] = input;
  Kept kept;
  kept.add(values[0]);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    try {
      values[i + 1] = translate_errors([&] { return call(nodes[i], values, input.device()); });
      kept.add(values[i + 1]);
      DFD_INTACT(kept.bytes() <= most_bytes_, "with it " << kept.bytes()
                                                         << " bytes are needed at once, at most "
                                                         << most_bytes_ << " are allowed");
    } catch (const Error& error) {
      throw Error(error.code(), "the traced network's v" + std::to_string(i + 1) + " = " +
                                    nodes[i].operation->name + "(...): " + error.what());
    }
    for (const std::size_t place : last_read_[i]) {
      kept.drop(values[place]);
      values[place] = {};
    }
  }
  at::Tensor result = std::get<at::Tensor>(values[graph_.result()]);
  DFD_INTACT(result.defined(), "the traced network gives nothing");
  return result;
}

void Interpreter::move(const at::Device& device) {
  for (at::Tensor& weight : weights_) weight = weight.to(device);
}

}  // namespace dfd::traced
