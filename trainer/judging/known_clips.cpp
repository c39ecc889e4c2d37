// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/known_clips.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>

namespace dfd {

std::set<std::string> digests_in(const Metadata& training, const char* key) {
  const auto found = training.find(key);
  if (found == training.end()) return {};
  std::istringstream words(found->second);
  return {std::istream_iterator<std::string>(words), {}};
}

KnownClips find_known(const std::vector<Clip>& clips, const ModelConfig& config) {
  const std::set<std::string> train = digests_in(config.training, "train_digests");
  const std::set<std::string> validation = digests_in(config.training, "validation_digests");
  const bool says = !train.empty();
  const bool listed = std::any_of(clips.begin(), clips.end(),
                                  [](const Clip& clip) { return clip.split.has_value(); });
  // A clip made from the recording of one it knows is no news either.
  std::set<std::string> sources;
  for (const Clip& clip : clips) {
    const std::string digest = short_digest(clip);
    if (train.count(digest) + validation.count(digest) > 0) sources.insert(recording_of(clip));
  }
  KnownClips sides;
  sides.name = !says ? "unknown" : listed ? "test list" : "unlisted clips";
  for (const Clip& clip : clips) {
    const bool trained = train.count(short_digest(clip)) > 0;
    const bool known = sources.count(recording_of(clip)) > 0;
    if (trained) sides.train.push_back(clip);
    if (listed && clip.split != SplitSide::kTest) continue;
    if (known) {
      ++sides.known;
    } else {
      sides.judged.push_back(clip);
    }
  }
  return sides;
}

}  // namespace dfd
