// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What networks say of single pictures, as JSON. With this, numbers are compared with PyTorch's.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "face/face_detector.h"

namespace dfd {

// A picture is taken as the crop of a face: stretched to the input size, or where the model's crops
// are squares of the frame and of clips, its middle square as wide as its shorter side.

// One {"file","embedding":[D]} a picture. Takes a file of kind "backbone" or "model". A network
// over clips has one line for all, at most a clip's: {"files","embedding","partial"}.
std::vector<nlohmann::ordered_json> embed_pictures(const std::string& backbone,
                                                   const std::vector<std::string>& pictures);

// {"files","logit","probability","samples","partial"}: the pictures as one window. At most the
// model's window length; fewer are a partial score.
nlohmann::ordered_json score_pictures(const std::string& model,
                                      const std::vector<std::string>& pictures);

struct DetectOptions {
  std::string face_model;  // YuNet or MTCNN's weights; empty: OpenCV's cascade.
  int min_face_size = 20;  // Pixels of the picture, shorter side; facenet-pytorch's default.
  MtcnnOptions mtcnn;
  std::vector<std::string> pictures;
};

// {"file","faces":[{"box":[left,top,right,bottom],"confidence","landmarks":[[x,y] x 5]}]} of each
// picture, largest face first; no landmarks from the cascade.
void detect_faces(const DetectOptions& options,
                  const std::function<void(const nlohmann::ordered_json&)>& print);

}  // namespace dfd
