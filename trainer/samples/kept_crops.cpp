// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/kept_crops.h"

#include <map>

#include "base/file.h"
#include "samples/clips_ahead.h"

namespace dfd {
namespace {

std::string digest(const std::string& text) { return sha256(text.data(), text.size()); }

}  // namespace

CropKeys::CropKeys(const SamplingRule& rule, CropFormat format)
    : rule_(key_of(rule) + (format == CropFormat::kJpeg ? " jpeg" : "")) {}

std::string CropKeys::of(const Clip& clip) const { return digest(clip.digest + ' ' + rule_); }

std::string CropKeys::of_recoded(const Clip& clip) const {
  // To be renamed when it is encoded in another way.
  return digest(clip.digest + ' ' + rule_ + " h264 1");
}

void visit_crops(
    const std::vector<Clip>& clips, const SamplingRule& rule, CropStore& store, const Say& say,
    const std::function<void(std::size_t number, const std::optional<ClipCrops>& crops)>& visit) {
  const CropKeys keys(rule, store.format());
  std::map<std::string, const CropStore::Clip*> kept;  // By path.
  for (const Clip& clip : clips) {
    if (const CropStore::Clip* found = store.find(keys.of(clip))) kept.emplace(clip.path, found);
  }
  ClipsAhead<ClipCrops> source(
      clips,
      [&](const Clip& clip) {
        const auto found = kept.find(clip.path);
        return found != kept.end() ? store.read(*found->second) : read_crops(clip, rule);
      },
      say);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const std::optional<ClipCrops> crops = source.next();
    if (crops && kept.count(clips[i].path) == 0) store.add(keys.of(clips[i]), *crops);
    visit(i, crops);
  }
  store.flush();
}

}  // namespace dfd
