// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/master_crops.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/check.h"
#include "base/file.h"
#include "data/read_or_say.h"
#include "samples/recoded.h"

namespace dfd {
namespace {

// Room for augmentation to move, turn and grow the network's crop: 1.1 times its side, a twelfth to
// each side, turned by 5 degrees, is 1.4 times as wide.
constexpr double kRoom = 1.5;
// Pixels over those of the network's crop, at its scale: what is lost when it is resampled once
// more is above the network's resolution.
constexpr double kFiner = 4.0 / 3;

// Of what is kept of a clip.
class Keys {
 public:
  explicit Keys(const SamplingRule& rule) : rule_(key_of(rule)) {}

  std::string of(const Clip& clip) const { return digest(clip.digest + ' ' + rule_); }
  // To be renamed when it is encoded in another way.
  std::string of_recoded(const Clip& clip) const {
    return digest(clip.digest + ' ' + rule_ + " h264 1");
  }

 private:
  static std::string digest(const std::string& text) { return sha256(text.data(), text.size()); }

  std::string rule_;
};

// Cuts and encodes what the store lacks of the clip. Was there anything?
bool keep(const Clip& clip, const Keys& keys, const SamplingRule& rule, bool recoded,
          CropStore& store) {
  DFD_REQUIRE(!clip.digest.empty(), ErrorCode::kIo, clip.path << ": cannot be read");
  const CropStore::Clip* kept = store.find(keys.of(clip));
  const bool to_recode = recoded && store.find(keys.of_recoded(clip)) == nullptr;
  if (kept != nullptr && !to_recode) return false;
  const ClipCrops crops = kept != nullptr ? store.read(*kept) : read_crops(clip.path, rule);
  if (kept == nullptr) store.add(keys.of(clip), crops);
  if (to_recode) store.add(keys.of_recoded(clip), through_encoder(crops, clip));
  return true;
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
  const Keys keys(rule);
  std::set<std::string> failed;  // Paths.
  int done = 0;
  int made = 0;
  for (const Clip& clip : clips) {
    const std::optional<bool> kept =
        read_or_say([&] { return keep(clip, keys, rule, recoded, store); }, progress.say,
                    "; this clip is left out");
    if (!kept) failed.insert(clip.path);
    made += kept.value_or(false) ? 1 : 0;
    progress.embedded(++done, static_cast<int>(clips.size()), made);
  }
  store.flush();
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
