// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/checkpoint.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "import/unpickler.h"

namespace dfd {
namespace {

// Reads a storage's bytes by key.
using ReadStorage = std::function<at::Tensor(const pickle::StorageRef& storage)>;

at::Tensor to_tensor(const std::string& where, const pickle::TensorRef& ref,
                     const ReadStorage& read) {
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

TensorMap collect(const std::string& where, const pickle::Value& root, const ReadStorage& read) {
  auto* const* dict = std::get_if<pickle::Dict*>(&root);
  DFD_REQUIRE(dict != nullptr, ErrorCode::kUnsupportedModel,
              where << ": holds no dict; save model.state_dict(), not the model");
  TensorMap tensors;
  for (const auto& [key, value] : (*dict)->items) {
    const auto* name = std::get_if<std::string>(&key);
    if (name == nullptr) continue;
    if (const auto* ref = std::get_if<pickle::TensorRef>(&value)) {
      DFD_INTACT(tensors.emplace(*name, to_tensor(where + ": " + *name, *ref, read)).second,
                 where << ": duplicate name \"" << *name << "\"");
    } else if (std::holds_alternative<pickle::Dict*>(value) && *name == "state_dict" &&
               std::get<pickle::Dict*>(value) != *dict) {
      for (const auto& [inner_key, inner_value] : std::get<pickle::Dict*>(value)->items) {
        const auto* inner = std::get_if<std::string>(&inner_key);
        const auto* tensor = std::get_if<pickle::TensorRef>(&inner_value);
        if (inner == nullptr || tensor == nullptr) continue;
        tensors[*inner] = to_tensor(where + ": " + *inner, *tensor, read);
      }
    }
  }
  DFD_REQUIRE(!tensors.empty(), ErrorCode::kUnsupportedModel,
              where << ": holds no tensors; save model.state_dict() with torch.save");
  return tensors;
}

at::Tensor storage_from(const std::string& where, const pickle::StorageRef& ref,
                        const std::uint8_t* data, std::uint64_t size) {
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
  pickle::Bytes bytes(file.path(), file.data(), file.size());
  pickle::Arena arena;
  pickle::run(bytes, arena);  // Magic; its first bytes brought us here.
  const pickle::Value protocol = pickle::run(bytes, arena);
  const auto* version = std::get_if<std::int64_t>(&protocol);
  DFD_REQUIRE(version != nullptr && *version == 1001, ErrorCode::kUnsupportedModel,
              file.path() << ": torch.save's protocol 1001 expected");
  pickle::run(bytes, arena);  // System: little-endian on every machine PyTorch runs on.
  const pickle::Value root = pickle::run(bytes, arena);
  const pickle::Value key_list = pickle::run(bytes, arena);
  auto* const* keys = std::get_if<pickle::Tuple*>(&key_list);
  DFD_INTACT(keys != nullptr, file.path() << ": the list of storages is missing");
  std::map<std::string, std::pair<std::size_t, std::uint64_t>> found;  // Place, elements.

  // How long a storage is depends on its type, which the object's tensors tell.
  std::map<std::string, at::ScalarType> types;
  std::vector<const pickle::Dict*> open;
  std::set<const pickle::Dict*> seen;
  if (auto* const* dict = std::get_if<pickle::Dict*>(&root)) open.push_back(*dict);
  while (!open.empty()) {
    const pickle::Dict* dict = open.back();
    open.pop_back();
    if (!seen.insert(dict).second) continue;
    for (const auto& [key, value] : dict->items) {
      if (const auto* ref = std::get_if<pickle::TensorRef>(&value)) {
        types[ref->storage.key] = ref->storage.type;
      }
      if (auto* const* inner = std::get_if<pickle::Dict*>(&value)) open.push_back(*inner);
    }
  }
  for (const pickle::Value& item : (*keys)->items) {
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
  return collect(file.path(), root, [&](const pickle::StorageRef& ref) {
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
  pickle::Bytes bytes(file.path(), pickle.data(), pickle.size());
  pickle::Arena arena;
  const pickle::Value root = pickle::run(bytes, arena);
  return collect(file.path(), root, [&](const pickle::StorageRef& ref) {
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
