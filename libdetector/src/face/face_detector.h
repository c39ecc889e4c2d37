// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finds faces in one picture.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "detector/geometry.h"

namespace dfd {

struct FaceDetection {
  RectF box;                // MTCNN's convention: forehead to chin, ear to ear.
  float confidence = 0.F;   // In [0, 1].
  FaceLandmarks landmarks;  // Meaningful only when has_landmarks.
  bool has_landmarks = false;
};

// An interface because detectors come with and without weights, and tests bring their own.
// Thread-compatible.
class FaceDetector {
 public:
  virtual ~FaceDetector() = default;

  // rgb: CV_8UC3 of any size. Faces whose shorter side is at least min_size pixels of this picture,
  // largest first. A picture without faces, however small, gives none.
  virtual std::vector<FaceDetection> detect(const cv::Mat& rgb, int min_size) = 0;

  virtual std::string name() const = 0;  // As the model file records it.
};

// OpenCV's frontal-face cascade (Viola and Jones 2001; Lienhart 2002), which Debian ships. Frontal
// faces only; no landmarks. path empty: where the build found it. Throws Error: kNotFound,
// kUnsupportedModel.
std::unique_ptr<FaceDetector> make_cascade_detector(const std::string& path = "");

}  // namespace dfd
