// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which picture a result is of. What leaves deepfakedetect has the newest result with it, and of a
// live source that is of a picture that has left before.

#pragma once

#include <gst/gst.h>

#include <memory>
#include <optional>
#include <vector>

namespace dfd::monitor {

// A heatmap that is with a picture, and stays with the next ones until there is a newer one.
struct FaceMap {
  // In [0, 1], of its face.
  double probability = 0;
  std::vector<float> cells;
};

struct JudgedPicture {
  // Of the picture that was analysed.
  GstClockTime running_time = GST_CLOCK_TIME_NONE;
  // The stream's, in [0, 1]; nothing where it is undecided.
  std::optional<double> probability;
  // That of the likeliest face; nothing where there is none.
  std::optional<FaceMap> map;
};

// Of a picture that left deepfakedetect; nothing where nothing is known yet. Any thread.
std::optional<JudgedPicture> judged_in(GstBuffer* buffer);

// The picture that was analysed, with the result of it that another one has with it. Any thread.
std::shared_ptr<GstSample> with_result_of(GstSample* picture, GstBuffer* other);

}  // namespace dfd::monitor
