// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Is a sample of a face worth a score? Training and serving ask the same.

#pragma once

#include <opencv2/core.hpp>

#include "detector/report.h"
#include "face/face_detector.h"

namespace dfd {

// kNone, or why not: kLowConfidence, kProfile (with landmarks), kDark, kBright, kBlurred. crop: the
// network's input, CV_8UC3, RGB. least_confidence: the detector's.
Reason quality_of(const cv::Mat& crop, const FaceDetection& face, float least_confidence);

}  // namespace dfd
