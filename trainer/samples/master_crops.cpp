// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/master_crops.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/check.h"
#include "samples/clips_ahead.h"
#include "samples/kept_crops.h"
#include "samples/recoded.h"

namespace dfd {
namespace {

// Room for augmentation to move, turn and grow the network's crop: 1.1 times its side, a twelfth to
// each side, turned by 5 degrees, is 1.4 times as wide.
constexpr double kRoom = 1.5;
// Pixels over those of the network's crop, at its scale: what is lost when it is resampled once
// more is above the network's resolution.
constexpr double kFiner = 4.0 / 3;

// What the store lacks of a clip.
struct Cut {
  std::optional<ClipCrops> crops;
  std::optional<ClipCrops> recoded;
};

// Reads, cuts and encodes what the store lacks, several clips at once. Paths of those that cannot
// be read.
std::set<std::string> fill(CropStore& store, const std::vector<Clip>& clips, const CropKeys& keys,
                           const SamplingRule& rule, bool recoded, const EmbedProgress& progress) {
  struct Lack {
    const CropStore::Clip* kept;
    bool recoded;
  };
  std::vector<Clip> lacking;
  std::map<std::string, Lack> lacks;  // By path.
  for (const Clip& clip : clips) {
    const CropStore::Clip* kept = store.find(keys.of(clip));
    const bool to_recode = recoded && store.find(keys.of_recoded(clip)) == nullptr;
    if (kept != nullptr && !to_recode) continue;
    if (lacks.emplace(clip.path, Lack{kept, to_recode}).second) lacking.push_back(clip);
  }
  if (lacking.empty()) progress.computed(0, 0, clips.size());
  ClipsAhead<Cut> source(
      lacking,
      [&](const Clip& clip) {
        const Lack& lack = lacks.at(clip.path);
        Cut cut;
        ClipCrops crops = lack.kept != nullptr ? store.read(*lack.kept) : read_crops(clip, rule);
        if (lack.recoded) cut.recoded = through_encoder(crops, clip);
        if (lack.kept == nullptr) cut.crops = std::move(crops);
        return cut;
      },
      progress.say);
  std::set<std::string> failed;
  std::size_t made = 0;
  for (const Clip& clip : lacking) {
    const std::optional<Cut> cut = source.next();
    if (!cut) failed.insert(clip.path);
    if (cut && cut->crops) store.add(keys.of(clip), *cut->crops);
    if (cut && cut->recoded) store.add(keys.of_recoded(clip), *cut->recoded);
    progress.computed(++made, lacking.size(), clips.size());
  }
  store.flush();
  return failed;
}

}  // namespace

int quantizer_of(const Clip& clip) {
  constexpr unsigned long kLeast = 18;
  constexpr unsigned long kMost = 40;
  return static_cast<int>(kLeast +
                          std::stoul(clip.digest.substr(0, 6), nullptr, 16) % (kMost - kLeast + 1));
}

ClipCrops through_encoder(const ClipCrops& crops, const Clip& clip) {
  constexpr int kFps = 25;  // Between two samples lies more than a frame: all change much.
  ClipCrops recoded = crops;
  for (auto& track : recoded.tracks) {
    const std::vector<cv::Mat> pictures =
        through_h264(pictures_of(track), quantizer_of(clip), kFps);
    for (std::size_t i = 0; i < track.size(); ++i) track[i].rgb = pictures[i];
  }
  return recoded;
}

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

MasterClips cut_master_crops(const std::vector<Clip>& clips, const SamplingRule& rule, bool recoded,
                             CropStore& store, const EmbedProgress& progress) {
  const CropKeys keys(rule, store.format());
  const std::set<std::string> failed = fill(store, clips, keys, rule, recoded, progress);
  MasterClips found;
  found.failed = failed.size();
  const auto get = [&](const Clip& clip, const std::string& key) {
    const CropStore::Clip* crops = store.find(key);
    DFD_REQUIRE(crops != nullptr, ErrorCode::kIo,
                clip.path << ": its crops were written, but cannot be read; the disk that the "
                             "cache is on may be failing");
    return crops;
  };
  for (const Clip& clip : clips) {
    if (failed.count(clip.path) > 0) continue;
    const CropStore::Clip* crops = get(clip, keys.of(clip));
    if (crops->tracks.empty()) {
      ++found.without_face;
      continue;
    }
    found.clips.push_back(clip);
    found.crops.push_back(crops);
    if (recoded) found.recoded.push_back(get(clip, keys.of_recoded(clip)));
  }
  return found;
}

}  // namespace dfd
