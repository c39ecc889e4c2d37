// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Is a sample of a face worth a score? Training and serving ask the same.

#pragma once

#include <vector>

#include <opencv2/core.hpp>

#include "detector/report.h"
#include "face/face_detector.h"

namespace dfd {

// kNone, or why not: kLowConfidence, kOccluded (by another face), kProfile (with landmarks), kDark,
// kBright, kBlurred. crop: the network's input, CV_8UC3, RGB. faces: all boxes of the frame, its
// own among them or not. least_confidence: the detector's.
Reason quality_of(const cv::Mat& crop, const FaceDetection& face, const std::vector<RectF>& faces,
                  float least_confidence);

}  // namespace dfd
