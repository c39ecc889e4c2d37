// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reader and writer of safetensors files: an 8-byte little-endian header length, a JSON header, raw
// little-endian tensors. Nothing in such a file is code. Layout and keys: docs/model-file.md.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"

namespace dfd {

// Limits of the reader. The largest real file we know (facenet with classifier) has 604 tensors and
// a header of 70 kB.
constexpr std::uint64_t kMaxHeaderBytes = 8U << 20;
constexpr std::size_t kMaxTensors = 8192;
constexpr std::size_t kMaxNameBytes = 256;
constexpr std::size_t kMaxDimensions = 8;

// A tensor inside a file or about to be written. data is row-major and may be unaligned.
struct TensorBytes {
  std::string dtype;                // Safetensors' word: "F32", "I64", ...
  std::vector<std::int64_t> shape;  // Empty: a scalar.
  const std::uint8_t* data = nullptr;
  std::uint64_t size = 0;  // Bytes.
};

class SafetensorsFile {
 public:
  // Maps the file and checks every length in its header against the bytes that are there. Throws
  // Error: kNotFound, kIo, kCorruptModel with one text per kind of damage.
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  std::string digest() const { return sha256(file_.data(), file_.size()); }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::map<std::string, TensorBytes>& tensors() const { return tensors_; }

 private:
  MappedFile file_;
  std::map<std::string, std::string> metadata_;
  std::map<std::string, TensorBytes> tensors_;
};

// Tensors are laid out in the map's order, so equal content gives equal bytes. Throws Error: kIo,
// kNotFound (folder).
void write_safetensors(const std::string& path, const std::map<std::string, std::string>& metadata,
                       const std::map<std::string, TensorBytes>& tensors);

}  // namespace dfd
