// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The report's plots, as HTML.

#pragma once

#include <string>
#include <vector>

#include "judging/clip_score.h"
#include "judging/page/report.h"

namespace dfd {

// ROC and DET; empty without both classes. threshold: a probability, whose point is marked.
std::string roc_plot(const std::vector<ClipScore>& clips, double threshold);
std::string det_plot(const std::vector<ClipScore>& clips, double threshold);

// Reliability with Clopper and Pearson's intervals, with a table of the counts, and how
// probabilities spread in each class; empty without scored clips.
std::string reliability_plot(const std::vector<ClipScore>& clips);
std::string probability_plot(const std::vector<ClipScore>& clips, double threshold);

// One plot for all series of the same labels. id: of letters, unique on the page. Throws
// Error(kInvalidArgument) where x and y differ in length.
std::string series_plots(const std::vector<Series>& series, const std::string& id,
                         const std::string& title);

}  // namespace dfd
