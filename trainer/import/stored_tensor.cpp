// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/stored_tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"

namespace dfd {
namespace {

// All of its storage?
bool is_whole(const pickle::TensorRef& ref) {
  std::int64_t left = ref.storage.elements;
  for (const std::int64_t size : ref.shape) {
    if (size <= 0 || left % size != 0) return false;
    left /= size;
  }
  return left == 1;
}

}  // namespace

at::Tensor stored_tensor(const std::string& where, const pickle::TensorRef& ref,
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

at::Tensor StoredTensors::take(const std::string& where, const pickle::TensorRef& ref,
                               const std::string& member, const ReadStorage& read) {
  const at::Tensor tensor = stored_tensor(where, ref, [&](const pickle::StorageRef& storage) {
    const auto kept = storages_.find(member);
    if (kept != storages_.end() && kept->second.scalar_type() == storage.type &&
        kept->second.numel() == storage.elements) {
      return kept->second;
    }
    const at::Tensor all = read(storage);
    // A thousand small parts of a large storage must not read it a thousand times.
    if (!is_whole(ref)) storages_[member] = all;
    return all;
  });
  constexpr std::uint64_t kTimes = 4;
  taken_bytes_ += tensor.nbytes();
  DFD_INTACT(taken_bytes_ / kTimes <= file_bytes_,
             path_ << ": its tensors are more than " << kTimes << " times as large as the file");
  return tensor;
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

}  // namespace dfd
