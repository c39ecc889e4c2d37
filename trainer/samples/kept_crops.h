// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Crops of clips that are read once and kept (samples/crop_store.h).

#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/clip.h"
#include "data/progress.h"
#include "samples/crop_store.h"
#include "samples/crops.h"

namespace dfd {

// What a clip's crops are kept under, by one rule and in one format. clip: with its digest.
class CropKeys {
 public:
  // Throws as key_of(rule).
  CropKeys(const SamplingRule& rule, CropFormat format);

  std::string of(const Clip& clip) const;
  std::string of_recoded(const Clip& clip) const;  // The same, encoded as H.264.

 private:
  std::string rule_;
};

// Calls visit with the crops of each clip, in their order: those that the store has, the others
// read, several clips at once, and kept there. Nothing where a clip cannot be read, which is said.
// Throws Error that is not the clip's; the store's.
void visit_crops(
    const std::vector<Clip>& clips, const SamplingRule& rule, CropStore& store, const Say& say,
    const std::function<void(std::size_t number, const std::optional<ClipCrops>& crops)>& visit);

}  // namespace dfd
