// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/master_crops.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/file.h"

namespace dfd {
namespace {

// Room for augmentation to move, turn and grow the network's crop: 1.1 times its side, a twelfth to
// each side, turned by 5 degrees, is 1.4 times as wide.
constexpr double kRoom = 1.5;
// Pixels over those of the network's crop, at its scale: what is lost when it is resampled once
// more is above the network's resolution.
constexpr double kFiner = 4.0 / 3;

}  // namespace

SamplingRule master_rule(const SamplingRule& rule) {
  DFD_REQUIRE(rule.input.crop == CropRule::kSquare || rule.input.crop == CropRule::kAligned,
              ErrorCode::kInvalidArgument,
              "pictures are changed by chance in square or aligned crops only; give --crop square, "
              "or aligned with a --face-model");
  SamplingRule master = rule;
  master.master = rule.input;
  master.master->margin = rule.input.margin * kRoom;
  master.master->size = static_cast<int>(rule.input.size * kRoom * kFiner + 0.5);
  return master;
}

AugmentOptions augment_options(const SamplingRule& rule) {
  DFD_CHECK(rule.master.has_value());
  AugmentOptions options;
  options.size = rule.input.size;
  options.margin = rule.input.margin;
  options.master_margin = rule.master->margin;
  return options;
}

MasterClips cut_master_crops(const std::vector<Clip>& clips, const SamplingRule& rule,
                             CropStore& store, const EmbedProgress& progress) {
  const std::string of_rule = key_of(rule);
  const auto key = [&](const Clip& clip) {
    const std::string text = clip.digest + ' ' + of_rule;
    return sha256(text.data(), text.size());
  };
  std::set<std::string> failed;  // Paths.
  int done = 0;
  int cut = 0;
  for (const Clip& clip : clips) {
    if (clip.digest.empty()) {
      progress.say(clip.path + ": cannot be read; this clip is left out");
      failed.insert(clip.path);
    } else if (store.find(key(clip)) == nullptr) {
      const auto crops = read_crops_or_say(clip.path, rule, progress.say);
      if (crops) {
        store.add(key(clip), *crops);
      } else {
        failed.insert(clip.path);
      }
      ++cut;
    }
    progress.embedded(++done, static_cast<int>(clips.size()), cut);
  }
  store.flush();
  MasterClips found;
  found.failed = failed.size();
  for (const Clip& clip : clips) {
    if (failed.count(clip.path) > 0) continue;
    const CropStore::Clip* crops = store.find(key(clip));
    DFD_REQUIRE(crops != nullptr, ErrorCode::kIo,
                clip.path << ": its crops were written, but cannot be read; the disk that the "
                             "cache is on may be failing");
    if (crops->tracks.empty()) {
      ++found.without_face;
      continue;
    }
    found.clips.push_back(clip);
    found.crops.push_back(crops);
  }
  return found;
}

}  // namespace dfd
