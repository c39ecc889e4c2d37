// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/unpickler.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>

#include "base/check.h"
#include "model/safetensors.h"

namespace dfd::pickle {
namespace {

std::optional<c10::ScalarType> storage_type(const std::string& global) {
  static const std::map<std::string, c10::ScalarType> kTypes{
      {"torch.FloatStorage", c10::kFloat}, {"torch.DoubleStorage", c10::kDouble},
      {"torch.HalfStorage", c10::kHalf},   {"torch.BFloat16Storage", c10::kBFloat16},
      {"torch.LongStorage", c10::kLong},   {"torch.IntStorage", c10::kInt},
      {"torch.ShortStorage", c10::kShort}, {"torch.CharStorage", c10::kChar},
      {"torch.ByteStorage", c10::kByte},   {"torch.BoolStorage", c10::kBool}};
  const auto found = kTypes.find(global);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

constexpr const char* kOrderedDict = "collections.OrderedDict";
constexpr const char* kRebuildTensor = "torch._utils._rebuild_tensor_v2";

bool is_class(const std::string& global) { return global.rfind("__torch__.", 0) == 0; }

bool is_list(const std::string& global) {
  return global == "torch.jit._pickle.build_intlist" ||
         global == "torch.jit._pickle.build_doublelist" ||
         global == "torch.jit._pickle.build_boollist" ||
         global == "torch.jit._pickle.build_tensorlist" ||
         global == "torch.jit._pickle.restore_type_tag";
}

class Machine {
 public:
  Machine(Bytes& bytes, Arena& arena, Allowed allowed)
      : bytes_(bytes), arena_(arena), allowed_(allowed) {}

  Value run() {
    while (true) {
      const auto opcode = static_cast<std::uint8_t>(bytes_.number(1));
      if (opcode == '.') {
        DFD_INTACT(stack_.size() == 1, bytes_.where() << ": the pickle leaves " << stack_.size()
                                                      << " values, one expected");
        return pop();
      }
      step(opcode);
    }
  }

 private:
  void step(std::uint8_t opcode) {
    switch (opcode) {
      case 0x80:
        bytes_.take(1);
        break;  // PROTO
      case 'c':
        push_global();
        break;
      case 'q':
        memo_[bytes_.number(1)] = copy(top());
        break;
      case 'r':
        memo_[bytes_.number(4)] = copy(top());
        break;
      case 'h':
        push_memo(bytes_.number(1));
        break;
      case 'j':
        push_memo(bytes_.number(4));
        break;
      case '(':
        stack_.emplace_back(Mark());
        break;
      case ')':
      case ']':
        push_tuple({});
        break;
      case '}':
        push_dict();
        break;
      case 't':
        push_tuple(pop_to_mark());
        break;
      case 0x85:
        push_tuple(pop_last(1));
        break;
      case 0x86:
        push_tuple(pop_last(2));
        break;
      case 0x87:
        push_tuple(pop_last(3));
        break;
      case 'X':
        stack_.emplace_back(bytes_.text(bytes_.number(4)));
        break;
      case 'J':
        stack_.emplace_back(static_cast<std::int64_t>(static_cast<std::int32_t>(bytes_.number(4))));
        break;
      case 'K':
        stack_.emplace_back(static_cast<std::int64_t>(bytes_.number(1)));
        break;
      case 'M':
        stack_.emplace_back(static_cast<std::int64_t>(bytes_.number(2)));
        break;
      case 0x8a:
        push_long();
        break;
      case 'G':
        stack_.emplace_back(read_double());
        break;
      case 'N':
        stack_.emplace_back(std::monostate());
        break;
      case 0x88:
        stack_.emplace_back(true);
        break;
      case 0x89:
        stack_.emplace_back(false);
        break;
      case 'R':
        reduce();
        break;
      case 0x81:
        push_object();
        break;
      case 'Q':
        persistent_id();
        break;
      case 's':
        set_items(pop_last(2));
        break;
      case 'u':
        set_items(pop_to_mark());
        break;
      case 'a':
        append(pop_last(1));
        break;
      case 'e':
        append(pop_to_mark());
        break;
      case 'b':
        build();
        break;
      default:
        throw Error(ErrorCode::kUnsupportedModel,
                    bytes_.where() + ": pickle opcode " + std::to_string(opcode) + " at byte " +
                        std::to_string(bytes_.place() - 1) + " is not one that " + needed_by() +
                        " needs; refused");
    }
  }

  Value& top() {
    DFD_INTACT(!stack_.empty(), bytes_.where() << ": the pickle takes from an empty stack");
    return stack_.back();
  }

  Value pop() {
    Value value = top();
    stack_.pop_back();
    return value;
  }

  template <typename Type>
  Type pop_as(const char* expected) {
    Value value = pop();
    auto* found = std::get_if<Type>(&value);
    DFD_INTACT(found != nullptr,
               bytes_.where() << ": " << expected << " expected before byte " << bytes_.place());
    return *found;
  }

  std::vector<Value> pop_last(std::size_t count) {
    DFD_INTACT(stack_.size() >= count, bytes_.where() << ": the pickle's stack is too short");
    std::vector<Value> values(stack_.end() - static_cast<std::ptrdiff_t>(count), stack_.end());
    stack_.resize(stack_.size() - count);
    return values;
  }

  std::vector<Value> pop_to_mark() {
    std::size_t mark = stack_.size();
    while (mark > 0 && !std::holds_alternative<Mark>(stack_[mark - 1])) --mark;
    DFD_INTACT(mark > 0, bytes_.where() << ": the pickle's mark is missing");
    std::vector<Value> values = pop_last(stack_.size() - mark);
    stack_.pop_back();
    return values;
  }

  void push_tuple(std::vector<Value> items) {
    arena_.tuples.push_back(std::make_unique<Tuple>(Tuple{std::move(items)}));
    stack_.emplace_back(arena_.tuples.back().get());
  }

  // NEWOBJ: an object of a class, still without attributes.
  void push_object() {
    DFD_REQUIRE(allowed_ == Allowed::kModules, ErrorCode::kUnsupportedModel,
                bytes_.where() << ": an object where tensors are expected; refused");
    const auto* arguments = pop_as<Tuple*>("a tuple of arguments");
    const auto type = pop_as<Global>("a class");
    DFD_INTACT(arguments->items.empty() && is_class(type.name),
               bytes_.where() << ": an object made of \"" << type.name << "\"");
    arena_.objects.push_back(std::make_unique<Object>(Object{type.name, nullptr}));
    stack_.emplace_back(arena_.objects.back().get());
  }

  std::string needed_by() const {
    return allowed_ == Allowed::kModules ? "a traced network" : "a state_dict";
  }

  void push_dict() {
    arena_.dicts.push_back(std::make_unique<Dict>());
    stack_.emplace_back(arena_.dicts.back().get());
  }

  void push_memo(std::uint64_t index) {
    const auto found = memo_.find(index);
    DFD_INTACT(found != memo_.end(), bytes_.where() << ": memo " << index << " was never set");
    stack_.push_back(copy(found->second));
  }

  // Two bytes of a pickle copy a text of any length, so that copies are counted. PyTorch writes no
  // text twice that is longer than a tensor's name.
  const Value& copy(const Value& value) {
    constexpr std::uint64_t kMost = std::uint64_t{64} << 20;
    if (const auto* text = std::get_if<std::string>(&value)) copied_ += text->size();
    if (const auto* global = std::get_if<Global>(&value)) copied_ += global->name.size();
    if (const auto* storage = std::get_if<StorageRef>(&value)) copied_ += storage->key.size();
    if (const auto* tensor = std::get_if<TensorRef>(&value)) copied_ += tensor->storage.key.size();
    DFD_INTACT(copied_ <= kMost,
               bytes_.where() << ": the pickle copies more than " << kMost << " bytes of text");
    return value;
  }

  // The gate: whatever is not named here cannot even be spoken of.
  void push_global() {
    const std::string module = bytes_.line();
    const std::string name = module + "." + bytes_.line();
    DFD_REQUIRE(name == kOrderedDict || name == kRebuildTensor || storage_type(name) ||
                    (allowed_ == Allowed::kModules && (is_class(name) || is_list(name))),
                ErrorCode::kUnsupportedModel,
                bytes_.where() << ": the pickle asks for \"" << name << "\", which no "
                               << needed_by().substr(2) << " needs; refused, nothing was executed");
    stack_.emplace_back(Global{name});
  }

  void push_long() {
    const std::uint64_t length = bytes_.number(1);
    // torch.save writes its magic number, ten bytes, this way; no other number is that long.
    const std::uint8_t* digits = bytes_.take(length);
    std::int64_t value = 0;
    std::memcpy(&value, digits, std::min<std::uint64_t>(length, 8));
    if (length > 0 && length < 8 && (digits[length - 1] & 0x80) != 0) {
      value |= static_cast<std::int64_t>(~std::uint64_t{0} << (8 * length));
    }
    stack_.emplace_back(value);
  }

  double read_double() {  // Big-endian.
    const std::uint8_t* digits = bytes_.take(8);
    std::uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | digits[i];
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  void reduce() {
    auto* arguments = pop_as<Tuple*>("a tuple of arguments");
    const auto callee = pop_as<Global>("a global");
    if (callee.name == kOrderedDict) {
      DFD_INTACT(arguments->items.empty(), bytes_.where() << ": OrderedDict with arguments");
      push_dict();
    } else if (is_list(callee.name)) {
      // Its argument is the list itself; what follows names the type.
      DFD_INTACT(!arguments->items.empty(), bytes_.where() << ": a list made of nothing");
      stack_.push_back(arguments->items[0]);
    } else {
      DFD_REQUIRE(callee.name == kRebuildTensor, ErrorCode::kUnsupportedModel,
                  bytes_.where() << ": the pickle calls \"" << callee.name << "\"; refused");
      stack_.emplace_back(rebuild_tensor(*arguments));
    }
  }

  // (storage, offset, shape, stride, requires_grad, hooks)
  TensorRef rebuild_tensor(const Tuple& arguments) const {
    DFD_INTACT(arguments.items.size() >= 4, bytes_.where() << ": a tensor of too few parts");
    const auto* storage = std::get_if<StorageRef>(&arguments.items[0]);
    const auto* offset = std::get_if<std::int64_t>(&arguments.items[1]);
    DFD_INTACT(storage != nullptr && offset != nullptr && *offset >= 0,
               bytes_.where() << ": a tensor without storage or offset");
    return {*storage, *offset, numbers(arguments.items[2]), numbers(arguments.items[3])};
  }

  std::vector<std::int64_t> numbers(const Value& value) const {
    const auto* tuple = std::get_if<Tuple*>(&value);
    DFD_INTACT(tuple != nullptr && (*tuple)->items.size() <= kMaxDimensions,
               bytes_.where() << ": a tensor's shape is not a short tuple");
    std::vector<std::int64_t> found;
    for (const Value& item : (*tuple)->items) {
      const auto* number = std::get_if<std::int64_t>(&item);
      DFD_INTACT(number != nullptr && *number >= 0,
                 bytes_.where() << ": a tensor's shape holds something other than numbers >= 0");
      found.push_back(*number);
    }
    return found;
  }

  // ("storage", type, key, location, elements[, view])
  void persistent_id() {
    const auto* parts = pop_as<Tuple*>("a storage's description");
    const auto is_storage = [&] {
      const auto* word =
          parts->items.empty() ? nullptr : std::get_if<std::string>(&parts->items[0]);
      return word != nullptr && *word == "storage" && parts->items.size() >= 5;
    };
    DFD_INTACT(is_storage(), bytes_.where() << ": an object of another kind than storage");
    const auto* type = std::get_if<Global>(&parts->items[1]);
    const auto* key = std::get_if<std::string>(&parts->items[2]);
    const auto* elements = std::get_if<std::int64_t>(&parts->items[4]);
    DFD_INTACT(type != nullptr && storage_type(type->name) && key != nullptr &&
                   elements != nullptr && *elements >= 0,
               bytes_.where() << ": a storage without type, key or size");
    stack_.emplace_back(StorageRef{*key, *storage_type(type->name), *elements});
  }

  void set_items(const std::vector<Value>& values) {
    DFD_INTACT(values.size() % 2 == 0, bytes_.where() << ": a key without a value");
    auto* const* dict = std::get_if<Dict*>(&top());
    DFD_INTACT(dict != nullptr, bytes_.where() << ": items for something other than a dict");
    for (std::size_t i = 0; i < values.size(); i += 2) {
      (*dict)->items.emplace_back(values[i], values[i + 1]);
    }
  }

  void append(const std::vector<Value>& values) {
    auto* const* list = std::get_if<Tuple*>(&top());
    DFD_INTACT(list != nullptr, bytes_.where() << ": items for something other than a list");
    (*list)->items.insert((*list)->items.end(), values.begin(), values.end());
  }

  // OrderedDict's attributes (_metadata) are of no use here.
  void build() {
    const Value state = pop();
    if (auto* const* object = std::get_if<Object*>(&top())) {
      auto* const* attributes = std::get_if<Dict*>(&state);
      DFD_REQUIRE(attributes != nullptr, ErrorCode::kUnsupportedModel,
                  bytes_.where() << ": an object of " << (*object)->type
                                 << " whose state only its __setstate__ can read; refused");
      DFD_INTACT((*object)->attributes == nullptr,
                 bytes_.where() << ": an object of " << (*object)->type << " is built twice");
      (*object)->attributes = *attributes;
      return;
    }
    DFD_INTACT(std::holds_alternative<Dict*>(top()),
               bytes_.where() << ": attributes for something other than a dict");
  }

  Bytes& bytes_;
  Arena& arena_;
  Allowed allowed_;
  std::vector<Value> stack_;
  std::map<std::uint64_t, Value> memo_;
  std::uint64_t copied_ = 0;  // Bytes of texts.
};

}  // namespace

const std::uint8_t* Bytes::take(std::uint64_t count) {
  DFD_INTACT(count <= size_ - place_, where_ << ": truncated: " << count << " bytes wanted at "
                                             << place_ << ", " << size_ - place_ << " left");
  const std::uint8_t* found = data_ + place_;
  place_ += count;
  return found;
}

std::uint64_t Bytes::number(std::size_t bytes) {
  const std::uint8_t* found = take(bytes);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= static_cast<std::uint64_t>(found[i]) << (8 * i);
  return value;
}

std::string Bytes::text(std::uint64_t count) {
  const auto* found = reinterpret_cast<const char*>(take(count));
  return {found, found + count};
}

std::string Bytes::line() {
  const auto* end =
      static_cast<const std::uint8_t*>(std::memchr(data_ + place_, '\n', size_ - place_));
  DFD_INTACT(end != nullptr, where_ << ": truncated in a name at " << place_);
  std::string found = text(static_cast<std::uint64_t>(end - (data_ + place_)));
  take(1);
  return found;
}

Value run(Bytes& bytes, Arena& arena, Allowed allowed) {
  return Machine(bytes, arena, allowed).run();
}

}  // namespace dfd::pickle
