// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a pickle says of a tensor to the tensor itself.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <ATen/ATen.h>

#include "import/unpickler.h"

namespace dfd {

// Gives a storage's elements, [elements].
using ReadStorage = std::function<at::Tensor(const pickle::StorageRef& storage)>;

// A tensor of its own memory. where goes in front of complaints. Throws Error(kCorruptModel) for
// one that reaches beyond its storage, or has more elements than that.
at::Tensor stored_tensor(const std::string& where, const pickle::TensorRef& ref,
                         const ReadStorage& read);

// Takes tensors out of one file. All of them together may be four times as large as that: one
// storage may be part of many. Thread-compatible.
class StoredTensors {
 public:
  StoredTensors(std::string path, std::uint64_t file_bytes)
      : path_(std::move(path)), file_bytes_(file_bytes) {}

  // As stored_tensor(). read is called once for a storage of which tensors are parts; member: its
  // name.
  at::Tensor take(const std::string& where, const pickle::TensorRef& ref, const std::string& member,
                  const ReadStorage& read);

 private:
  std::string path_;
  std::uint64_t file_bytes_;
  std::uint64_t taken_bytes_ = 0;
  std::map<std::string, at::Tensor> storages_;  // By member.
};

// A storage out of its bytes, which must be as many as its elements need.
at::Tensor storage_from(const std::string& where, const pickle::StorageRef& ref,
                        const std::uint8_t* data, std::uint64_t size);

}  // namespace dfd
