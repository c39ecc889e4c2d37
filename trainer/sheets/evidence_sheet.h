// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One track's scores over time and the evidence for them, as a picture for people.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "detector/report.h"

namespace dfd {

double seconds(Timestamp time);

// A scored sample.
struct ScoredSample {
  Timestamp time{};
  double score = 0;        // Of the window that ends with it, [0, 1].
  double probability = 0;  // Smoothed, [0, 1].
  Verdict verdict = Verdict::kUndecided;
};

// An explained one.
struct ExplainedSample {
  ScoredSample sample;
  cv::Mat crop;  // CV_8UC3, RGB, any size.
  Heatmap map;
};

// Keeps few pieces of evidence of any number, evenly over time.
class EvidenceSelection {
 public:
  static constexpr std::size_t kMost = 12;  // As many as a sheet shows on a screen.

  void add(ExplainedSample evidence);
  std::vector<ExplainedSample> chosen()
      const;  // At most kMost, the first and the last kept among them.
  std::size_t seen() const { return seen_; }

 private:
  std::vector<ExplainedSample> kept_;
  std::size_t seen_ = 0;
  std::size_t step_ = 1;  // Every step-th is kept.
};

// RGB. title: above everything. samples: at least one, in order of time.
cv::Mat draw_evidence(const std::string& title, const std::vector<ScoredSample>& samples,
                      const std::vector<ExplainedSample>& evidence, double threshold);

}  // namespace dfd
