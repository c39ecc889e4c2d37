// SPDX-License-Identifier: LGPL-2.1-or-later

#include "unpickler.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/check.h"
#include "base/file.h"

namespace dfd {
namespace {

#define DFD_INTACT(condition, message) DFD_REQUIRE(condition, ErrorCode::kCorruptModel, message)

struct StorageRef {
  std::string key;
  at::ScalarType type = at::kFloat;
  std::int64_t elements = 0;
};

// What a tensor is, before its storage has been read: the older layout puts data behind the pickle.
struct TensorRef {
  StorageRef storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape, stride;
};

struct Tuple;
struct Dict;
struct Global {
  std::string name;  // "module.name"
};
struct Mark {};

// Containers are owned by the machine's arena and point at each other freely: a pickle can make
// loops and deep nests of them, which no destructor has to follow.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Global, Mark,
                           StorageRef, TensorRef, Tuple*, Dict*>;

struct Tuple {  // Lists too.
  std::vector<Value> items;
};
struct Dict {
  std::vector<std::pair<Value, Value>> items;
};

std::optional<at::ScalarType> storage_type(const std::string& global) {
  static const std::map<std::string, at::ScalarType> kTypes{
      {"torch.FloatStorage", at::kFloat}, {"torch.DoubleStorage", at::kDouble},
      {"torch.HalfStorage", at::kHalf},   {"torch.BFloat16Storage", at::kBFloat16},
      {"torch.LongStorage", at::kLong},   {"torch.IntStorage", at::kInt},
      {"torch.ShortStorage", at::kShort}, {"torch.CharStorage", at::kChar},
      {"torch.ByteStorage", at::kByte},   {"torch.BoolStorage", at::kBool}};
  const auto found = kTypes.find(global);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

constexpr const char* kOrderedDict = "collections.OrderedDict";
constexpr const char* kRebuildTensor = "torch._utils._rebuild_tensor_v2";

// Bytes of a pickle, read forwards; every read is checked.
class Bytes {
 public:
  Bytes(std::string where, const std::uint8_t* data, std::size_t size)
      : where_(std::move(where)), data_(data), size_(size) {}

  const std::uint8_t* take(std::uint64_t count) {
    DFD_INTACT(count <= size_ - place_, where_ << ": truncated: " << count << " bytes wanted at "
                                               << place_ << ", " << size_ - place_ << " left");
    const std::uint8_t* found = data_ + place_;
    place_ += count;
    return found;
  }

  std::uint64_t number(std::size_t bytes) {  // Little-endian, unsigned.
    const std::uint8_t* found = take(bytes);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value |= static_cast<std::uint64_t>(found[i]) << (8 * i);
    return value;
  }

  std::string text(std::uint64_t count) {
    const auto* found = reinterpret_cast<const char*>(take(count));
    return {found, found + count};
  }

  std::string line() {
    const auto* end =
        static_cast<const std::uint8_t*>(std::memchr(data_ + place_, '\n', size_ - place_));
    DFD_INTACT(end != nullptr, where_ << ": truncated in a name at " << place_);
    std::string found = text(static_cast<std::uint64_t>(end - (data_ + place_)));
    take(1);
    return found;
  }

  const std::string& where() const { return where_; }
  std::size_t place() const { return place_; }
  std::size_t left() const { return size_ - place_; }

 private:
  std::string where_;
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t place_ = 0;
};

// The pickle machine, cut down to what a state_dict is made of. One object runs one file's pickles.
class Machine {
 public:
  explicit Machine(Bytes& bytes) : bytes_(bytes) {}

  // Runs one pickle to its STOP.
  Value run() {
    stack_.clear();
    memo_.clear();
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
        memo_[bytes_.number(1)] = top();
        break;
      case 'r':
        memo_[bytes_.number(4)] = top();
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
        push_tuple({});
        break;
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
                        std::to_string(bytes_.place() - 1) +
                        " is not one that a state_dict needs; refused");
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
    tuples_.push_back(std::make_unique<Tuple>(Tuple{std::move(items)}));
    stack_.emplace_back(tuples_.back().get());
  }

  void push_dict() {
    dicts_.push_back(std::make_unique<Dict>());
    stack_.emplace_back(dicts_.back().get());
  }

  void push_memo(std::uint64_t index) {
    const auto found = memo_.find(index);
    DFD_INTACT(found != memo_.end(), bytes_.where() << ": memo " << index << " was never set");
    stack_.push_back(found->second);
  }

  // The gate: whatever is not named here cannot even be spoken of.
  void push_global() {
    const std::string module = bytes_.line();
    const std::string name = module + "." + bytes_.line();
    DFD_REQUIRE(name == kOrderedDict || name == kRebuildTensor || storage_type(name),
                ErrorCode::kUnsupportedModel,
                bytes_.where() << ": the pickle asks for \"" << name
                               << "\", which no state_dict needs; refused, nothing was executed");
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
    pop();
    DFD_INTACT(std::holds_alternative<Dict*>(top()),
               bytes_.where() << ": attributes for something other than a dict");
  }

  Bytes& bytes_;
  std::vector<Value> stack_;
  std::map<std::uint64_t, Value> memo_;
  std::vector<std::unique_ptr<Tuple>> tuples_;
  std::vector<std::unique_ptr<Dict>> dicts_;
};

// Reads a storage's bytes by key.
using ReadStorage = std::function<at::Tensor(const StorageRef& storage)>;

at::Tensor to_tensor(const std::string& where, const TensorRef& ref, const ReadStorage& read) {
  DFD_INTACT(ref.shape.size() == ref.stride.size(), where << ": shape and stride differ in length");
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 2;
  std::int64_t last = ref.offset;
  bool empty = false;
  for (std::size_t i = 0; i < ref.shape.size(); ++i) {
    empty = empty || ref.shape[i] == 0;
    const std::int64_t steps = std::max<std::int64_t>(ref.shape[i] - 1, 0);
    DFD_INTACT(ref.stride[i] == 0 || steps <= (kMost - last) / ref.stride[i],
               where << ": a tensor's shape overflows");
    last += steps * ref.stride[i];
  }
  DFD_INTACT(empty || last < ref.storage.elements, where << ": a tensor reaches to element " << last
                                                         << " of a storage of "
                                                         << ref.storage.elements);
  const at::Tensor storage = read(ref.storage);
  // clone: shape and stride may overlap; a million-fold expanded view must not be kept as one.
  std::int64_t elements = 1;
  for (const std::int64_t size : ref.shape) {
    DFD_INTACT(size == 0 || elements <= kMost / size, where << ": a tensor's shape overflows");
    elements *= size;
  }
  DFD_INTACT(elements <= ref.storage.elements, where << ": a tensor larger than its storage");
  return storage.as_strided(ref.shape, ref.stride, ref.offset).clone();
}

TensorMap collect(const std::string& where, const Value& root, const ReadStorage& read) {
  auto* const* dict = std::get_if<Dict*>(&root);
  DFD_REQUIRE(dict != nullptr, ErrorCode::kUnsupportedModel,
              where << ": holds no dict; save model.state_dict(), not the model");
  TensorMap tensors;
  for (const auto& [key, value] : (*dict)->items) {
    const auto* name = std::get_if<std::string>(&key);
    if (name == nullptr) continue;
    if (const auto* ref = std::get_if<TensorRef>(&value)) {
      DFD_INTACT(tensors.emplace(*name, to_tensor(where + ": " + *name, *ref, read)).second,
                 where << ": duplicate name \"" << *name << "\"");
    } else if (std::holds_alternative<Dict*>(value) && *name == "state_dict" &&
               std::get<Dict*>(value) != *dict) {
      for (const auto& [inner_key, inner_value] : std::get<Dict*>(value)->items) {
        const auto* inner = std::get_if<std::string>(&inner_key);
        const auto* tensor = std::get_if<TensorRef>(&inner_value);
        if (inner == nullptr || tensor == nullptr) continue;
        tensors[*inner] = to_tensor(where + ": " + *inner, *tensor, read);
      }
    }
  }
  DFD_REQUIRE(!tensors.empty(), ErrorCode::kUnsupportedModel,
              where << ": holds no tensors; save model.state_dict() with torch.save");
  return tensors;
}

at::Tensor storage_from(const std::string& where, const StorageRef& ref, const std::uint8_t* data,
                        std::uint64_t size) {
  const auto item = static_cast<std::uint64_t>(c10::elementSize(ref.type));
  DFD_INTACT(size / item == static_cast<std::uint64_t>(ref.elements) && size % item == 0,
             where << ": storage \"" << ref.key << "\" has " << size << " bytes, " << ref.elements
                   << " elements of " << item << " expected");
  at::Tensor storage = at::empty({ref.elements}, ref.type);
  if (size > 0) std::memcpy(storage.data_ptr(), data, size);
  return storage;
}

// --- The older layout: magic, protocol, system, the object, storage keys; then each storage.

constexpr std::uint8_t kLegacyStart[] = {0x80, 0x02, 0x8a, 0x0a, 0x6c,
                                         0xfc, 0x9c, 0x46, 0xf9, 0x20};

TensorMap read_legacy(const MappedFile& file) {
  Bytes bytes(file.path(), file.data(), file.size());
  Machine machine(bytes);
  machine.run();  // Magic; its first bytes brought us here.
  const Value protocol = machine.run();
  const auto* version = std::get_if<std::int64_t>(&protocol);
  DFD_REQUIRE(version != nullptr && *version == 1001, ErrorCode::kUnsupportedModel,
              file.path() << ": torch.save's protocol 1001 expected");
  machine.run();  // System: little-endian on every machine PyTorch runs on.
  const Value root = machine.run();
  const Value key_list = machine.run();
  auto* const* keys = std::get_if<Tuple*>(&key_list);
  DFD_INTACT(keys != nullptr, file.path() << ": the list of storages is missing");
  std::map<std::string, std::pair<std::size_t, std::uint64_t>> found;  // Place, elements.

  // How long a storage is depends on its type, which the object's tensors tell.
  std::map<std::string, at::ScalarType> types;
  std::vector<const Dict*> open;
  std::set<const Dict*> seen;
  if (auto* const* dict = std::get_if<Dict*>(&root)) open.push_back(*dict);
  while (!open.empty()) {
    const Dict* dict = open.back();
    open.pop_back();
    if (!seen.insert(dict).second) continue;
    for (const auto& [key, value] : dict->items) {
      if (const auto* ref = std::get_if<TensorRef>(&value)) {
        types[ref->storage.key] = ref->storage.type;
      }
      if (auto* const* inner = std::get_if<Dict*>(&value)) open.push_back(*inner);
    }
  }
  for (const Value& item : (*keys)->items) {
    const auto* key = std::get_if<std::string>(&item);
    DFD_INTACT(key != nullptr && types.count(*key) > 0, file.path()
                                                            << ": a storage that no tensor uses");
    const std::uint64_t elements = bytes.number(8);
    const auto size = static_cast<std::uint64_t>(c10::elementSize(types[*key]));
    DFD_INTACT(elements <= bytes.left() / size, file.path() << ": truncated: storage \"" << *key
                                                            << "\" of " << elements << " elements, "
                                                            << bytes.left() << " bytes left");
    found[*key] = {bytes.place(), elements * size};
    bytes.take(elements * size);
  }
  return collect(file.path(), root, [&](const StorageRef& ref) {
    const auto place = found.find(ref.key);
    DFD_INTACT(place != found.end(), file.path() << ": storage \"" << ref.key << "\" is missing");
    return storage_from(file.path(), ref, file.data() + place->second.first, place->second.second);
  });
}

// --- The zip layout: NAME/data.pkl and NAME/data/KEY, stored without compression.

class ZipArchive {
 public:
  explicit ZipArchive(const std::string& path) : path_(path) {
    int code = 0;
    zip_ = zip_open(path.c_str(), ZIP_RDONLY, &code);
    if (zip_ == nullptr) {
      zip_error_t error;
      zip_error_init_with_code(&error, code);
      const std::string text = zip_error_strerror(&error);
      zip_error_fini(&error);
      throw Error(ErrorCode::kCorruptModel, path + ": damaged archive: " + text);
    }
  }
  ~ZipArchive() { zip_discard(zip_); }
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  // The folder that everything in a checkpoint lies in.
  std::string folder() const {
    const std::string end = "/data.pkl";
    for (zip_int64_t i = 0; i < zip_get_num_entries(zip_, 0); ++i) {
      const char* name = zip_get_name(zip_, static_cast<zip_uint64_t>(i), 0);
      const std::string text = name == nullptr ? "" : name;
      if (text.size() > end.size() &&
          text.compare(text.size() - end.size(), end.size(), end) == 0) {
        return text.substr(0, text.size() - end.size());
      }
    }
    throw Error(ErrorCode::kUnsupportedModel, path_ + ": a zip file, but not one of torch.save");
  }

  std::vector<std::uint8_t> read(const std::string& name, std::uint64_t limit) const {
    zip_stat_t status;
    DFD_INTACT(zip_stat(zip_, name.c_str(), 0, &status) == 0,
               path_ << ": \"" << name << "\" is missing");
    // torch.save stores without compression, so nothing can be larger than the file.
    DFD_INTACT(
        status.comp_method == ZIP_CM_STORE && status.size <= limit,
        path_ << ": \"" << name << "\" claims " << status.size << " bytes in a file of " << limit);
    std::vector<std::uint8_t> bytes(status.size);
    zip_file_t* file = zip_fopen(zip_, name.c_str(), 0);
    const bool read = file != nullptr && zip_fread(file, bytes.data(), bytes.size()) ==
                                             static_cast<zip_int64_t>(bytes.size());
    if (file != nullptr) zip_fclose(file);
    DFD_INTACT(read, path_ << ": \"" << name << "\" is truncated or damaged");
    return bytes;
  }

 private:
  std::string path_;
  zip_t* zip_ = nullptr;
};

TensorMap read_zip(const MappedFile& file) {
  const ZipArchive archive(file.path());
  const std::string folder = archive.folder();
  const std::vector<std::uint8_t> pickle = archive.read(folder + "/data.pkl", file.size());
  Bytes bytes(file.path(), pickle.data(), pickle.size());
  Machine machine(bytes);
  const Value root = machine.run();
  return collect(file.path(), root, [&](const StorageRef& ref) {
    const auto data = archive.read(folder + "/data/" + ref.key, file.size());
    return storage_from(file.path(), ref, data.data(), data.size());
  });
}

}  // namespace

TensorMap read_checkpoint(const std::string& path) {
  const MappedFile file(path);
  const auto starts_with = [&](const void* start, std::size_t size) {
    return file.size() >= size && std::memcmp(file.data(), start, size) == 0;
  };
  if (starts_with("PK\x03\x04", 4)) return read_zip(file);
  if (starts_with(kLegacyStart, sizeof kLegacyStart)) return read_legacy(file);
  throw Error(
      ErrorCode::kUnsupportedModel,
      path + ": not a checkpoint of torch.save (neither a zip archive nor its older layout)");
}

}  // namespace dfd
