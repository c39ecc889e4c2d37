// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What of many is this process's own: files of an archive by their path, streams by their id. Each
// process tells by that alone, so that many machines share the work without a word.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dfd::monitor {

struct Shard {
  // In [0, count).
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  // Every name falls to one of `count` shards; which, is the same on every machine.
  bool holds(std::string_view name) const;
};

// "I/N", I from 0 to N - 1. `what` is said in errors. Throws std::invalid_argument.
Shard parse_shard(const std::string& text, const std::string& what = "--shard");

struct SlurmShard {
  Shard shard;
  // The variables that say so, for people.
  std::string source;
};

// An environment variable's value, or null.
using Environment = std::function<const char*(const char*)>;

// From Slurm's variables: the task of an array, the process of a step, or both; none elsewhere.
// Throws std::invalid_argument where the array has gaps, for then nobody knows a task's place.
std::optional<SlurmShard> slurm_shard(const Environment& environment);

}  // namespace dfd::monitor
