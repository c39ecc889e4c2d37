// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The pickle machine, cut down to what a state_dict is made of, or the modules of torch.jit.save.
//
// A pickle is a program. This reader knows the few opcodes and globals these need and refuses all
// others by name; nothing of the file is ever executed.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <c10/core/ScalarType.h>

namespace dfd::pickle {

struct StorageRef {
  std::string key;
  c10::ScalarType type = c10::ScalarType::Float;
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
struct Object;
struct Global {
  std::string name;  // "module.name"
};
struct Mark {};

// Containers are owned by the arena and point at each other freely: a pickle can make loops and
// deep nests of them, which no destructor has to follow.
using Value = std::variant<std::monostate, bool, std::int64_t, double, std::string, Global, Mark,
                           StorageRef, TensorRef, Tuple*, Dict*, Object*>;

struct Tuple {  // Lists too.
  std::vector<Value> items;
};
struct Dict {
  std::vector<std::pair<Value, Value>> items;
};
struct Object {  // Of a class that the archive has the code of: its name and attributes, no more.
  std::string type;  // "__torch__....".
  Dict* attributes = nullptr;
};

// What the values of a file's pickles point at; outlives them.
struct Arena {
  std::vector<std::unique_ptr<Tuple>> tuples;
  std::vector<std::unique_ptr<Dict>> dicts;
  std::vector<std::unique_ptr<Object>> objects;
};

// Bytes of a file, read forwards. Every read is checked: kCorruptModel beyond the end. data stays
// the caller's; where goes in front of messages.
class Bytes {
 public:
  Bytes(std::string where, const std::uint8_t* data, std::size_t size)
      : where_(std::move(where)), data_(data), size_(size) {}

  const std::uint8_t* take(std::uint64_t count);
  std::uint64_t number(std::size_t bytes);  // Little-endian, unsigned.
  std::string text(std::uint64_t count);
  std::string line();  // Without its line feed, which is taken too.

  const std::string& where() const { return where_; }
  std::size_t place() const { return place_; }
  std::size_t left() const { return size_ - place_; }

 private:
  std::string where_;
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t place_ = 0;
};

enum class Allowed {
  kStateDict,
  kModules,  // Objects of classes "__torch__....", and torch.jit's lists, besides.
};

// Runs one pickle to its STOP. Throws Error: kCorruptModel (truncated, inconsistent),
// kUnsupportedModel (an opcode or global that is not allowed).
Value run(Bytes& bytes, Arena& arena, Allowed allowed = Allowed::kStateDict);

}  // namespace dfd::pickle
