// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/clip.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "base/file.h"

namespace dfd {

const char* to_string(SplitSide side) noexcept {
  switch (side) {
    case SplitSide::kTrain:
      return "train";
    case SplitSide::kValidation:
      return "validation";
    case SplitSide::kTest:
      return "test";
  }
  return "test";
}

const std::string& recording_of(const Clip& clip) {
  return clip.source.empty() ? clip.file : clip.source;
}

std::vector<std::string> people_of(const Clip& clip) {
  if (clip.identity.empty()) return {recording_of(clip)};
  return clip.identity;
}

std::string kind_of(const Clip& clip) {
  if (!clip.fake) return "real";
  return clip.generator.empty() ? "fake" : clip.generator;
}

void add_digests(std::vector<Clip>& clips) {
  std::map<std::string, const Clip*> first;
  for (Clip& clip : clips) {
    try {
      clip.digest = sha256_of_file(clip.path);
    } catch (const Error&) {
      clip.digest.clear();  // Whoever reads the clip says what is wrong with it.
      continue;
    }
    const auto [found, is_new] = first.emplace(clip.digest, &clip);
    if (is_new) continue;
    const Clip& original = *found->second;
    DFD_REQUIRE(original.fake == clip.fake, ErrorCode::kInvalidArgument,
                original.file << " and " << clip.file
                              << " are the same file, but one is real and one is fake");
    clip.identity = original.identity;
    clip.source = recording_of(original);
  }
}

std::string short_digest(const Clip& clip) {
  constexpr std::size_t kDigits = 12;
  return clip.digest.substr(0, kDigits);
}

std::size_t count_fakes(const std::vector<Clip>& clips) {
  return static_cast<std::size_t>(
      std::count_if(clips.begin(), clips.end(), [](const Clip& clip) { return clip.fake; }));
}

}  // namespace dfd
