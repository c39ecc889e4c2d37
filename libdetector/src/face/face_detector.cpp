// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/face_detector.h"

namespace dfd {

std::unique_ptr<FaceDetector> make_face_detector(const std::string& face_model_file) {
  if (face_model_file.empty()) return make_cascade_detector();
  return make_mtcnn_detector(face_model_file, kLiveMtcnn);
}

}  // namespace dfd
