// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All that clips' scores say of a model, for programs and for people.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "judging/clip_score.h"
#include "judging/intervals.h"

namespace dfd {

struct SummaryOptions {
  double threshold = 0.5;  // Probability from which a clip counts as fake, [0, 1].
  BootstrapOptions bootstrap;
  std::string manifest_digest;
  std::string model_id;
};

// {"summary":{...}} with these keys:
// "model", "manifest_digest", "threshold";
// "bootstrap": {"draws","seed","confidence","groups","largest_group"}, in clips;
// "clips": {"all","real","fake","scored","unscored","partial"};
// "unscored": [{"reason","real","fake"}];
// "overall": figures, as figures.h has them;
// "by_generator": [{"generator","all":figures,"own_group":figures or null}]: its fakes against all
//   real clips, and against those of its fakes' groups;
// "by_group", "by_compression": [{"group" or "compression",figures...}], "" where nobody says;
// "by_face_size": [{"face_size",figures...}]: "<64", "64-96", "96-160", ">=160" pixels, "unknown";
// "pairs": as pairs.h has them;
// "no_skill": {"majority_accuracy","constant_log_loss"}: of always the more frequent class, and of
//   always the share of fakes; null without clips;
// "shortcuts": as shortcuts.h has them;
// "remarks": [text], what is to be known before the figures are believed.
// Throws Error(kInvalidArgument) for scores out of range.
nlohmann::ordered_json summarize(const std::vector<ClipScore>& clips,
                                 const SummaryOptions& options);

// The same as lines of aligned columns, for a terminal: no control characters, whatever names hold.
std::string summary_table(const nlohmann::ordered_json& summary);

}  // namespace dfd
