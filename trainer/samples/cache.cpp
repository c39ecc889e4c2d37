// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/cache.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <system_error>

#include "base/check.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAside = ".damaged";

// What a killed process left of a file that it was writing.
bool is_left_over(const fs::path& file) {
  if (file.extension().string().rfind(".part-", 0) != 0) return false;
  constexpr std::chrono::hours kLongestWriting{1};
  std::error_code gone;
  const fs::file_time_type written = fs::last_write_time(file, gone);
  return !gone && fs::file_time_type::clock::now() - written > kLongestWriting;
}

// crops-DIGITS.safetensors, or an embedding's 64 DIGITS.safetensors; .damaged behind it or not, or
// .part-NAME that nobody writes any more.
bool is_ours(fs::path file) {
  if (file.extension() == kAside || is_left_over(file)) file.replace_extension();
  if (file.extension() != ".safetensors") return false;
  std::string digits = file.stem().string();
  const std::string crops = "crops-";
  const bool of_crops = digits.rfind(crops, 0) == 0;
  if (of_crops) digits.erase(0, crops.size());
  return digits.size() == (of_crops ? 16U : 64U) &&
         std::all_of(digits.begin(), digits.end(),
                     [](unsigned char digit) { return std::isxdigit(digit) != 0; });
}

// Calls visit with each of our files. Other processes may take some away meanwhile.
void for_each(const std::string& folder, const std::function<void(const fs::path&)>& visit) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (is_ours(it->path())) visit(it->path());
  }
  DFD_REQUIRE(!error, ErrorCode::kIo, folder << ": " << error.message());
}

}  // namespace

std::string cache_folder(const std::string& given) {
  if (!given.empty()) return given;
  const auto variable = [](const char* name) -> fs::path {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any.
    return value == nullptr ? "" : value;
  };
  // Where it is relative it is to be ignored, as the XDG Base Directory Specification has it.
  const fs::path cache = variable("XDG_CACHE_HOME");
  const fs::path home = variable("HOME");
  DFD_REQUIRE(cache.is_absolute() || home.is_absolute(), ErrorCode::kInvalidArgument,
              "neither XDG_CACHE_HOME nor HOME names a folder to keep embeddings below; name one "
              "with --cache");
  return ((cache.is_absolute() ? cache : home / ".cache") / "deepfakedetect").string();
}

void make_cache_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  DFD_REQUIRE(!error, ErrorCode::kIo,
              folder << ": cannot be made: " << error.message() << "; name another with --cache");
}

void mark_used(const std::string& file) noexcept {
  std::error_code error;  // A folder that may only be read is none the worse.
  fs::last_write_time(file, fs::file_time_type::clock::now(), error);
}

CacheSize size_of_cache(const std::string& folder) {
  CacheSize all;
  for_each(folder, [&](const fs::path& file) {
    std::error_code gone;
    const std::uintmax_t bytes = fs::file_size(file, gone);
    if (gone) return;
    ++all.files;
    all.bytes += bytes;
  });
  return all;
}

CacheSize prune_cache(const std::string& folder, std::chrono::hours unused_for) {
  CacheSize taken;
  const auto oldest = fs::file_time_type::clock::now() - unused_for;
  for_each(folder, [&](const fs::path& file) {
    std::error_code gone;
    const auto used = fs::last_write_time(file, gone);
    if (gone || (used > oldest && file.extension() != kAside)) return;
    const std::uintmax_t bytes = fs::file_size(file, gone);
    if (gone || !fs::remove(file, gone)) return;
    ++taken.files;
    taken.bytes += bytes;
  });
  return taken;
}

}  // namespace dfd
