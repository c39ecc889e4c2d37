// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/picture_quality.h"

#include <algorithm>
#include <cmath>

#include "samples/equal_sharpness.h"

namespace dfd {

PictureQuality picture_quality(const cv::Mat& crop, const Degradation& done, int quantizer) {
  constexpr double kFlat = 0.1;  // Levels: what is softer than any picture of a face.
  constexpr double kMostQuantizer = 51;
  int worst = 100;
  for (const auto& jpeg : {done.first_jpeg, done.last_jpeg}) {
    if (jpeg) worst = std::min(worst, jpeg->quality);
  }
  const double scale = done.rescale ? std::min(1.0, done.rescale->factor) : 1;
  return {static_cast<float>(std::log(std::max(kFlat, sharpness_of(crop)))),
          static_cast<float>(std::log(scale)), static_cast<float>(1 - worst / 100.0),
          static_cast<float>(quantizer / kMostQuantizer)};
}

}  // namespace dfd
