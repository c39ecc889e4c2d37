// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/shard.h"

#include <glib.h>

#include <limits>
#include <stdexcept>

namespace dfd::monitor {
namespace {

std::optional<std::uint64_t> number(const std::string& text) {
  // More processes than that nobody has; products of two stay far from overflow.
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  guint64 value = 0;
  if (g_ascii_string_to_unsigned(text.c_str(), 10, 0, kMost, &value, nullptr) == FALSE) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint64_t> variable(const Environment& environment, const char* name) {
  const char* text = environment(name);
  if (text == nullptr) return std::nullopt;
  const auto value = number(text);
  if (!value) throw std::invalid_argument(std::string(name) + " is no number: " + text);
  return value;
}

Shard checked(Shard shard, const std::string& source) {
  if (shard.index >= shard.count) {
    throw std::invalid_argument(source + ": shard " + std::to_string(shard.index) + " of " +
                                std::to_string(shard.count) + " does not exist: they count from 0");
  }
  return shard;
}

std::optional<Shard> array_shard(const Environment& environment) {
  const auto id = variable(environment, "SLURM_ARRAY_TASK_ID");
  const auto count = variable(environment, "SLURM_ARRAY_TASK_COUNT");
  if (!id || !count) return std::nullopt;
  const std::uint64_t first = variable(environment, "SLURM_ARRAY_TASK_MIN").value_or(0);
  const std::uint64_t last =
      variable(environment, "SLURM_ARRAY_TASK_MAX").value_or(first + *count - 1);
  const std::uint64_t step = variable(environment, "SLURM_ARRAY_TASK_STEP").value_or(1);
  const bool even = step > 0 && *id >= first && last >= first && (*id - first) % step == 0 &&
                    (last - first) / step + 1 == *count;
  if (!even) {
    throw std::invalid_argument(
        "the Slurm array has gaps, so its tasks' places are not known: use --shard I/N");
  }
  return checked({(*id - first) / step, *count}, "SLURM_ARRAY_TASK_ID");
}

// A batch script has a SLURM_PROCID of 0, however many tasks it asked for; processes that srun
// started have a step.
std::optional<Shard> step_shard(const Environment& environment) {
  if (environment("SLURM_STEP_ID") == nullptr) return std::nullopt;
  const auto index = variable(environment, "SLURM_PROCID");
  const auto count = variable(environment, "SLURM_NTASKS");
  if (!index || !count) return std::nullopt;
  return checked({*index, *count}, "SLURM_PROCID");
}

}  // namespace

bool Shard::holds(std::string_view name) const {
  // FNV-1a of 64 bits, and the last mixing of MurmurHash3, for FNV's low bits alone are uneven.
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char letter : name) {
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3ULL;
  }
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
  return (hash ^ (hash >> 33)) % count == index;
}

Shard parse_shard(const std::string& text, const std::string& what) {
  const std::size_t slash = text.find('/');
  const auto index = number(text.substr(0, slash));
  const auto count = slash == std::string::npos ? std::nullopt : number(text.substr(slash + 1));
  if (!index || !count) {
    throw std::invalid_argument(what + " wants I/N, such as 0/8, but got " + text);
  }
  return checked({*index, *count}, what);
}

std::optional<SlurmShard> slurm_shard(const Environment& environment) {
  const auto array = array_shard(environment);
  const auto step = step_shard(environment);
  if (array && step) {
    return SlurmShard{{array->index * step->count + step->index, array->count * step->count},
                      "SLURM_ARRAY_TASK_ID and SLURM_PROCID"};
  }
  if (array) return SlurmShard{*array, "SLURM_ARRAY_TASK_ID"};
  if (step) return SlurmShard{*step, "SLURM_PROCID"};
  return std::nullopt;
}

}  // namespace dfd::monitor
