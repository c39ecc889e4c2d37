// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The folder of what can be made again: kept crops and embeddings.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dfd {

// The folder given, else deepfakedetect in $XDG_CACHE_HOME or ~/.cache. Throws
// Error(kInvalidArgument) when there is neither.
std::string cache_folder(const std::string& given);

// Throws Error(kIo).
void make_cache_folder(const std::string& folder);

// So that pruning spares it for a while.
void mark_used(const std::string& file) noexcept;

struct CacheSize {
  std::uint64_t files = 0, bytes = 0;
};

// What the program keeps there; a folder that is not there holds nothing. Throws Error(kIo).
CacheSize size_of_cache(const std::string& folder);

// Takes away what nobody has used for so long, and what was set aside as damaged; nothing that
// others have put there. Returns what it took. Throws Error(kIo).
CacheSize prune_cache(const std::string& folder, std::chrono::hours unused_for);

}  // namespace dfd
