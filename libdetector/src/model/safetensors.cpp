// SPDX-License-Identifier: LGPL-2.1-or-later

#include "model/safetensors.h"

#include <algorithm>
#include <limits>
#include <ostream>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace dfd {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLengthBytes = 8;

std::uint64_t bytes_of(const std::string& dtype) {
  static const std::map<std::string, std::uint64_t> kBytes{
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2},
      {"U32", 4},  {"I32", 4}, {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}};
  const auto found = kBytes.find(dtype);
  return found == kBytes.end() ? 0 : found->second;
}

std::uint64_t read_length(const MappedFile& file) {
  DFD_INTACT(file.size() >= kLengthBytes, file.path() << ": not a safetensors file: " << file.size()
                                                      << " bytes, at least 8 expected");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= static_cast<std::uint64_t>(file.data()[i]) << (8 * i);
  }
  DFD_INTACT(length <= kMaxHeaderBytes, file.path()
                                            << ": not a safetensors file: header of " << length
                                            << " bytes, at most " << kMaxHeaderBytes << " allowed");
  DFD_INTACT(length <= file.size() - kLengthBytes,
             file.path() << ": truncated: header of " << length << " bytes, "
                         << file.size() - kLengthBytes << " left in the file");
  return length;
}

// nlohmann keeps the last of two equal keys without a word, so they are caught while parsing; so is
// nesting, which a safetensors header has none of below a tensor's own lists.
Json parse_header(const MappedFile& file, std::uint64_t length) {
  constexpr int kMaxDepth = 3;
  std::map<int, std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    DFD_INTACT(depth <= kMaxDepth, file.path() << ": header is nested too deeply");
    if (event == Json::parse_event_t::object_start) keys[depth + 1].clear();
    if (event == Json::parse_event_t::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      DFD_INTACT(name.size() <= kMaxNameBytes, file.path() << ": a name of " << name.size()
                                                           << " bytes, at most " << kMaxNameBytes
                                                           << " allowed");
      DFD_INTACT(keys[depth].insert(name).second,
                 file.path() << ": duplicate name \"" << name << "\" in the header");
    }
    return true;
  };
  const auto* begin = file.data() + kLengthBytes;
  DFD_INTACT(length > 0 && *begin == '{', file.path() << ": header does not start with '{'");
  try {
    return Json::parse(begin, begin + length, watch);
  } catch (const Json::exception& error) {
    throw Error(ErrorCode::kCorruptModel, file.path() + ": header is not JSON: " + error.what());
  }
}

std::uint64_t non_negative(const Json& value, const std::string& where) {
  DFD_INTACT(value.is_number_unsigned(),
             where << ": a whole number >= 0 expected, found " << value.dump());
  return value.get<std::uint64_t>();
}

TensorBytes parse_tensor(const std::string& where, const Json& entry, const std::uint8_t* data,
                         std::uint64_t available) {
  DFD_INTACT(entry.is_object() && entry.contains("dtype") && entry.contains("shape") &&
                 entry.contains("data_offsets"),
             where << ": dtype, shape and data_offsets expected");
  DFD_INTACT(entry["dtype"].is_string(), where << ": dtype is not a text");
  TensorBytes tensor;
  tensor.dtype = entry["dtype"].get<std::string>();
  const std::uint64_t item = bytes_of(tensor.dtype);
  DFD_INTACT(item > 0, where << ": unknown dtype \"" << tensor.dtype << "\"");
  DFD_INTACT(entry["shape"].is_array() && entry["shape"].size() <= kMaxDimensions,
             where << ": shape is not a list of at most " << kMaxDimensions << " numbers");
  std::uint64_t expected = item;
  for (const auto& size : entry["shape"]) {
    const std::uint64_t value = non_negative(size, where + ": shape");
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    DFD_INTACT(value == 0 || expected <= kMost / value, where << ": shape overflows");
    expected *= value;
    tensor.shape.push_back(static_cast<std::int64_t>(value));
  }
  const Json& offsets = entry["data_offsets"];
  DFD_INTACT(offsets.is_array() && offsets.size() == 2, where << ": data_offsets is not a pair");
  const std::uint64_t begin = non_negative(offsets[0], where + ": data_offsets");
  const std::uint64_t end = non_negative(offsets[1], where + ": data_offsets");
  DFD_INTACT(begin <= end, where << ": ends (" << end << ") before it begins (" << begin << ")");
  DFD_INTACT(end <= available,
             where << ": ends at byte " << end << " of the data, the file has " << available);
  DFD_INTACT(end - begin == expected,
             where << ": " << end - begin << " bytes, but its shape needs " << expected);
  tensor.data = data + begin;
  tensor.size = expected;
  return tensor;
}

// The format wants the tensors to cover the data exactly: no overlap, no hole, nothing behind.
void check_cover(const std::string& path, const std::map<std::string, TensorBytes>& tensors,
                 const std::uint8_t* data, std::uint64_t available) {
  std::vector<std::pair<const TensorBytes*, const std::string*>> order;
  order.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) order.emplace_back(&tensor, &name);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first->data, a.first->size) < std::pair(b.first->data, b.first->size);
  });
  const std::uint8_t* expected = data;
  for (const auto& [tensor, name] : order) {
    DFD_INTACT(tensor->data >= expected,
               path << ": tensor \"" << *name << "\" overlaps the one before it");
    DFD_INTACT(tensor->data == expected, path << ": hole of " << tensor->data - expected
                                              << " bytes before tensor \"" << *name << "\"");
    expected = tensor->data + tensor->size;
  }
  DFD_INTACT(expected == data + available,
             path << ": " << data + available - expected << " bytes behind the last tensor");
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::string& path) : file_(path) {
  const std::uint64_t length = read_length(file_);
  const Json header = parse_header(file_, length);
  const std::uint8_t* data = file_.data() + kLengthBytes + length;
  const std::uint64_t available = file_.size() - kLengthBytes - length;
  DFD_INTACT(header.size() <= kMaxTensors + 1,
             path << ": " << header.size() << " tensors, at most " << kMaxTensors << " allowed");
  for (const auto& [name, entry] : header.items()) {
    if (name != "__metadata__") {
      std::string where = path;
      where.append(": tensor \"").append(name).append("\"");
      tensors_[name] = parse_tensor(where, entry, data, available);
      continue;
    }
    DFD_INTACT(entry.is_object(), path << ": __metadata__ is not an object");
    for (const auto& [key, value] : entry.items()) {
      DFD_INTACT(value.is_string(), path << ": metadata \"" << key << "\" is not a text");
      metadata_[key] = value.get<std::string>();
    }
  }
  check_cover(path, tensors_, data, available);
}

void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       const std::map<std::string, TensorBytes>& tensors) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    DFD_REQUIRE(!name.empty() && name.size() <= kMaxNameBytes && name != "__metadata__",
                ErrorCode::kInvalidArgument, path << ": tensor name \"" << name << "\"");
    header[name] = {{"dtype", tensor.dtype},
                    {"shape", tensor.shape},
                    {"data_offsets", {offset, offset + tensor.size}}};
    offset += tensor.size;
  }
  // Metadata may hold names of files, which may hold anything.
  constexpr auto kReplace = nlohmann::ordered_json::error_handler_t::replace;
  std::string text = header.empty() ? "{}" : header.dump(-1, ' ', false, kReplace);
  // Spaces are allowed behind the JSON; they keep the data 8-byte aligned.
  text.resize((text.size() + 7) / 8 * 8, ' ');
  DFD_REQUIRE(text.size() <= kMaxHeaderBytes, ErrorCode::kInvalidArgument,
              path << ": header of " << text.size() << " bytes, at most " << kMaxHeaderBytes);
  replace_file(path, [&](std::ostream& out) {
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
      out.put(static_cast<char>(text.size() >> (8 * i) & 0xFF));
    }
    out << text;
    for (const auto& [name, tensor] : tensors) {
      out.write(reinterpret_cast<const char*>(tensor.data),
                static_cast<std::streamsize>(tensor.size));
    }
  });
}

}  // namespace dfd
