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

std::string joined(const std::set<std::string>& digests) {
  std::string text;
  for (const std::string& digest : digests) text += (text.empty() ? "" : " ") + digest;
  return text;
}

KnownClips find_known(const std::vector<Clip>& clips, const ModelConfig& config) {
  const std::set<std::string> train = digests_in(config.training, kTrainDigests);
  std::set<std::string> known = train;
  for (const char* key : {kValidationDigests, kCalibrationDigests}) {
    known.merge(digests_in(config.training, key));
  }
  const bool says = !train.empty();
  const bool listed = std::any_of(clips.begin(), clips.end(),
                                  [](const Clip& clip) { return clip.split.has_value(); });
  // A clip made from the recording of one it knows is no news either.
  std::set<std::string> sources;
  for (const Clip& clip : clips) {
    const std::string digest = short_digest(clip);
    if (known.count(digest) > 0) sources.insert(recording_of(clip));
  }
  KnownClips sides;
  sides.name = !says ? "unknown" : listed ? "test list" : "unlisted clips";
  for (const Clip& clip : clips) {
    const bool trained = train.count(short_digest(clip)) > 0;
    if (trained) {
      sides.train.push_back(clip);
      sides.trained_recordings.insert(recording_of(clip));
    }
    if (listed && clip.split != SplitSide::kTest) continue;
    if (sources.count(recording_of(clip)) > 0) {
      ++sides.known;
    } else {
      sides.judged.push_back(clip);
    }
  }
  return sides;
}

}  // namespace dfd
