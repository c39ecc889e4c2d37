// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/equal_sharpness.h"

#include <functional>

#include <opencv2/imgproc.hpp>

namespace dfd {
namespace {

// Ends of the search: 3 pixels leave no fine structure, and four times what is missing is noise.
constexpr double kMostBlur = 3;
constexpr double kMostSharpening = 4;
// Of the unsharp mask: below, it is noise that grows; above, halos are seen.
constexpr double kSharpenSigma = 1;

Degradation blur_of(double sigma) {
  Degradation change;
  change.blur = Blur{sigma, 0, 0};
  return change;
}

Degradation sharpening_of(double amount) {
  Degradation change;
  change.sharpen = Sharpen{amount, kSharpenSigma};
  return change;
}

// The strength by which the picture comes nearest to that sharpness. make: of a strength, the
// more, the further from the picture's own sharpness.
Degradation search(const cv::Mat& rgb, double wanted, double most,
                   const std::function<Degradation(double)>& make) {
  constexpr int kHalvings = 7;  // To a hundredth of the most.
  const bool softer = wanted < sharpness_of(rgb);
  double low = 0;
  double high = most;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    const double found = sharpness_of(degrade(rgb, make(middle)));
    const bool too_far = softer ? found < wanted : found > wanted;
    (too_far ? high : low) = middle;
  }
  return make((low + high) / 2);
}

}  // namespace

double sharpness_of(const cv::Mat& rgb) {
  cv::Mat grey;
  cv::cvtColor(rgb, grey, cv::COLOR_RGB2GRAY);
  cv::Mat edges;
  cv::Laplacian(grey, edges, CV_16S);
  return cv::norm(edges, cv::NORM_L1) / static_cast<double>(edges.total());
}

EqualSharpness equal_sharpness(const cv::Mat& first, const cv::Mat& second, bool by_blur) {
  const double of_first = sharpness_of(first);
  const double of_second = sharpness_of(second);
  EqualSharpness changes;
  if (of_first == of_second) return changes;
  const bool change_first = (of_first > of_second) == by_blur;
  const cv::Mat& changed = change_first ? first : second;
  const double wanted = change_first ? of_second : of_first;
  (change_first ? changes.first : changes.second) =
      by_blur ? search(changed, wanted, kMostBlur, blur_of)
              : search(changed, wanted, kMostSharpening, sharpening_of);
  return changes;
}

}  // namespace dfd
