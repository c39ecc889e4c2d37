// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The connections between the processes of one training, as the collective library has them. What
// it throws is its own; training/ranks.h says it in our words.

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <ATen/ATen.h>

#include "training/launch.h"

namespace dfd {

// Thread-compatible. All ranks call the same of sum() and broadcast() in the same order.
class RankGroup {
 public:
  RankGroup() = default;
  virtual ~RankGroup() = default;
  RankGroup(const RankGroup&) = delete;
  RankGroup& operator=(const RankGroup&) = delete;

  // buffer: [N] on the CPU, changed in place; the same type and length everywhere.
  virtual void sum(at::Tensor buffer) = 0;
  virtual void broadcast(at::Tensor buffer) = 0;  // Rank 0's.

  // Closes the connections, which the other ranks' calls fail by; the texts below stay.
  virtual void disconnect() = 0;

  // Short texts that one rank leaves for the others, found also when a rank is lost, as long as
  // the store is there.
  virtual void post(const std::string& key, const std::string& text) = 0;
  virtual std::optional<std::string> posted(const std::string& key) = 0;
};

// Blocks until all ranks have come. limit: of that, and of each call thereafter. Throws
// Error(kDeviceUnavailable) where the program was built without the library, and what that throws.
std::unique_ptr<RankGroup> connect_ranks(const Launch& launch, std::chrono::milliseconds limit);

}  // namespace dfd
