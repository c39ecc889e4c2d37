// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One page that says how good a model is: HTML without scripts, which loads nothing from elsewhere,
// light or dark as the reader's system, for screens, phones and paper.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "judging/calibration.h"
#include "judging/clip_score.h"

namespace dfd {

// Those with the same labels are drawn in one plot. x and y are as long as one another; values that
// are no finite numbers make gaps.
struct Series {
  std::string name;
  std::string x_label;  // "epoch", "quantizer".
  std::string y_label;  // "log loss", "AUC".
  std::vector<double> x;
  std::vector<double> y;
};

// A picture of a clip, as the bytes of a PNG or JPEG file.
struct ClipPicture {
  std::string file;  // The clip's.
  std::string bytes;
};

struct ReportInput {
  std::string title = "How good is this model?";
  std::string date;  // Of the run, as it is to be read.
  std::vector<ClipScore> clips;
  nlohmann::ordered_json summary;  // Of these clips, as summarize() makes it.
  std::optional<Calibration> calibration;
  std::vector<Series> training;
  std::vector<Series> robustness;
  std::size_t worst = 12;  // Clips that the threshold gets wrong, most wrong first, to be shown.
  std::vector<ClipPicture> pictures;  // Those of clips that are not shown are left out.
  nlohmann::ordered_json data_check;  // An object, or null for none.
  std::vector<std::pair<std::string, std::string>> provenance;
};

// Clips that the threshold gets wrong, as places in clips, most wrong first; at most so many. For
// callers who have yet to make the pictures.
std::vector<std::size_t> worst_clips(const std::vector<ClipScore>& clips, double threshold,
                                     std::size_t most);

// Model id, manifest digest and threshold are the summary's. All text from outside is escaped.
// Throws Error(kInvalidArgument): the summary is none, or of other clips; a series whose x and y
// differ in length; a picture that is neither PNG nor JPEG; a data check that is no object.
std::string make_report(const ReportInput& input);

}  // namespace dfd
