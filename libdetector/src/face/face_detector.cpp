// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_detector.h"

#include <algorithm>

#include "base/check.h"

namespace dfd {

void sort_largest_first(std::vector<FaceDetection>& faces) {
  std::stable_sort(faces.begin(), faces.end(), [](const FaceDetection& a, const FaceDetection& b) {
    return a.box.width * a.box.height > b.box.width * b.box.height;
  });
}

std::unique_ptr<FaceDetector> make_face_detector(const std::string& face_model_file,
                                                 CropRule crop) {
  DFD_REQUIRE(crop != CropRule::kAligned || !face_model_file.empty(), ErrorCode::kInvalidArgument,
              "faces are to be aligned by their landmarks, which OpenCV's cascade does not find: "
              "give MTCNN's weights (face-model-file of the element, --face-model of the trainer; "
              "deepfake-trainer import mtcnn makes the file)");
  if (face_model_file.empty()) return make_cascade_detector();
  return make_mtcnn_detector(face_model_file, kLiveMtcnn);
}

}  // namespace dfd
