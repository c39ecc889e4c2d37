// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From what a pickle says of a tensor to the tensor itself.

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <ATen/ATen.h>

#include "import/unpickler.h"

namespace dfd {

// Gives a storage's elements, [elements].
using ReadStorage = std::function<at::Tensor(const pickle::StorageRef& storage)>;

// A tensor of its own memory. where goes in front of complaints. Throws Error(kCorruptModel) for
// one that reaches beyond its storage, or has more elements than that.
at::Tensor stored_tensor(const std::string& where, const pickle::TensorRef& ref,
                         const ReadStorage& read);

// A storage out of its bytes, which must be as many as its elements need.
at::Tensor storage_from(const std::string& where, const pickle::StorageRef& ref,
                        const std::uint8_t* data, std::uint64_t size);

}  // namespace dfd
