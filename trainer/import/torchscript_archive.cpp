// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/torchscript_archive.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "import/stored_tensor.h"

namespace dfd::torchscript {
namespace {

// All of the text of an archive; Swin-B's is 266 kB.
constexpr std::uint64_t kMostCodeBytes = std::uint64_t{16} << 20;

struct SplitName {
  std::string module, last;
};

// Names become names of files inside of the archive, so they have only what names of Python have.
SplitName split_name(const std::string& path, const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  };
  const std::size_t point = name.rfind('.');
  DFD_INTACT(point != std::string::npos && name.find("..") == std::string::npos &&
                 std::all_of(name.begin(), name.end(), allowed),
             path << ": \"" << name << "\" is no name of a class");
  return {name.substr(0, point), name.substr(point + 1)};
}

const std::string& file_checked(const std::string& path) {
  const MappedFile file(path);
  const std::string start = "PK\x03\x04";
  DFD_REQUIRE(file.size() >= start.size() && std::equal(start.begin(), start.end(), file.data()),
              ErrorCode::kUnsupportedModel,
              path << ": not an archive of torch.jit.save; save with "
                      "torch.jit.trace(model, example).save(FILE)");
  return path;
}

}  // namespace

Archive::Archive(const std::string& path)
    : zip_(file_checked(path)), size_(MappedFile(path).size()), tensors_(path, size_) {
  DFD_REQUIRE(zip_.has("constants.pkl"), ErrorCode::kUnsupportedModel,
              path << ": a checkpoint of torch.save, not an archive of torch.jit.save; a network's "
                      "code is wanted beside its weights");
  if (zip_.has("byteorder")) {
    const std::vector<std::uint8_t> order = zip_.read("byteorder", size_);
    DFD_REQUIRE(std::string(order.begin(), order.end()) == "little", ErrorCode::kUnsupportedModel,
                path << ": written on a machine of another byte order");
  }
  const auto read = [&](const std::string& name) {
    const std::vector<std::uint8_t> pickle = zip_.read(name, size_);
    pickle::Bytes bytes(path + ": " + name, pickle.data(), pickle.size());
    return pickle::run(bytes, arena_, pickle::Allowed::kModules);
  };
  const pickle::Value root = read("data.pkl");
  auto* const* network = std::get_if<pickle::Object*>(&root);
  DFD_INTACT(network != nullptr, path << ": data.pkl holds no network");
  network_ = *network;
  const pickle::Value constants = read("constants.pkl");
  auto* const* tuple = std::get_if<pickle::Tuple*>(&constants);
  DFD_INTACT(tuple != nullptr, path << ": constants.pkl holds no tuple");
  constants_ = *tuple;
}

const pickle::Value& Archive::constant(std::size_t place) const {
  DFD_INTACT(place < constants_->items.size(),
             path() << ": CONSTANTS.c" << place << " of " << constants_->items.size());
  return constants_->items[place];
}

const Source& Archive::source(const std::string& module) {
  const auto found = sources_.find(module);
  if (found != sources_.end()) return found->second;
  std::string name = "code/" + module + ".py";
  std::replace(name.begin(), name.end() - 3, '.', '/');
  if (!zip_.has(name)) return sources_[module];
  const std::vector<std::uint8_t> bytes = zip_.read(name, kMostCodeBytes - code_bytes_);
  code_bytes_ += bytes.size();
  return sources_[module] =
             parse_source(std::string(bytes.begin(), bytes.end()), path() + ": " + name);
}

const Class* Archive::find_class(const std::string& name) {
  const SplitName split = split_name(path(), name);
  const Source& text = source(split.module);
  const auto found = text.classes.find(split.last);
  if (found == text.classes.end()) return nullptr;
  for (const char* method : {"__setstate__", "__getstate__"}) {
    const auto refused = found->second.methods.find(method);
    DFD_REQUIRE(refused == found->second.methods.end(), ErrorCode::kUnsupportedModel,
                refused->second.file << ":" << refused->second.line << ": class " << name
                                     << " has code of its own to be loaded by, " << method
                                     << "; refused");
  }
  return &found->second;
}

const Function* Archive::find_function(const std::string& name) {
  const SplitName split = split_name(path(), name);
  const Source& text = source(split.module);
  const auto found = text.functions.find(split.last);
  return found == text.functions.end() ? nullptr : &found->second;
}

at::Tensor Archive::tensor(const pickle::TensorRef& ref, bool constant) {
  const std::string name = (constant ? "constants/" : "data/") + ref.storage.key;
  return tensors_.take(path(), ref, name, [&](const pickle::StorageRef& storage) {
    const std::vector<std::uint8_t> bytes = zip_.read(name, size_);
    return storage_from(path(), storage, bytes.data(), bytes.size());
  });
}

}  // namespace dfd::torchscript
