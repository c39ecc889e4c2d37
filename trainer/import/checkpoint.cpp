// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/checkpoint.h"

#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "import/stored_tensor.h"
#include "import/unpickler.h"
#include "import/zip_archive.h"

namespace dfd {
namespace {

TensorMap collect(const MappedFile& file, const pickle::Value& root, const ReadStorage& read) {
  const std::string& where = file.path();
  StoredTensors stored(where, file.size());
  const auto take = [&](const std::string& name, const pickle::TensorRef& ref) {
    return stored.take(where + ": " + name, ref, ref.storage.key, read);
  };
  auto* const* dict = std::get_if<pickle::Dict*>(&root);
  DFD_REQUIRE(dict != nullptr, ErrorCode::kUnsupportedModel,
              where << ": holds no dict; save model.state_dict(), not the model");
  TensorMap tensors;
  for (const auto& [key, value] : (*dict)->items) {
    const auto* name = std::get_if<std::string>(&key);
    if (name == nullptr) continue;
    if (const auto* ref = std::get_if<pickle::TensorRef>(&value)) {
      DFD_INTACT(tensors.emplace(*name, take(*name, *ref)).second,
                 where << ": duplicate name \"" << *name << "\"");
    } else if (std::holds_alternative<pickle::Dict*>(value) && *name == "state_dict" &&
               std::get<pickle::Dict*>(value) != *dict) {
      for (const auto& [inner_key, inner_value] : std::get<pickle::Dict*>(value)->items) {
        const auto* inner = std::get_if<std::string>(&inner_key);
        const auto* tensor = std::get_if<pickle::TensorRef>(&inner_value);
        if (inner == nullptr || tensor == nullptr) continue;
        tensors[*inner] = take(*inner, *tensor);
      }
    }
  }
  DFD_REQUIRE(!tensors.empty(), ErrorCode::kUnsupportedModel,
              where << ": holds no tensors; save model.state_dict() with torch.save");
  return tensors;
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
  return collect(file, root, [&](const pickle::StorageRef& ref) {
    const auto place = found.find(ref.key);
    DFD_INTACT(place != found.end(), file.path() << ": storage \"" << ref.key << "\" is missing");
    return storage_from(file.path(), ref, file.data() + place->second.first, place->second.second);
  });
}

// --- The zip layout: data.pkl and data/KEY. What torch.save stores without compression cannot be
// larger than the file.

TensorMap read_zip(const MappedFile& file) {
  const ZipArchive archive(file.path());
  const std::vector<std::uint8_t> pickle = archive.read("data.pkl", file.size());
  pickle::Bytes bytes(file.path(), pickle.data(), pickle.size());
  pickle::Arena arena;
  const pickle::Value root = pickle::run(bytes, arena);
  return collect(file, root, [&](const pickle::StorageRef& ref) {
    const auto data = archive.read("data/" + ref.key, file.size());
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
