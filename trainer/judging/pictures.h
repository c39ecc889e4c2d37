// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files and pictures as JSON: what models hold and what they say of single pictures. With these,
// numbers are compared with PyTorch's.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "face/face_detector.h"

namespace dfd {

// Puts a file's name into a line: JSON is UTF-8 and names of files are bytes, so one that is none
// has U+FFFD in place of what is not, and its bytes as KEY_hex beside it.
void set_name(nlohmann::ordered_json& line, const std::string& key, const std::string& name);

// {"kind","metadata":{...},"tensors":[{"name","dtype","shape"}]} of any safetensors file.
nlohmann::ordered_json inspect_file(const std::string& path);

// One {"file","embedding":[512]} a picture: the whole picture resized to the input size. Takes a
// file of kind "backbone" or "model".
std::vector<nlohmann::ordered_json> embed_pictures(const std::string& backbone,
                                                   const std::vector<std::string>& pictures);

// {"files","logit","probability","samples"}: the pictures as one window, each a ready crop. At most
// the model's window length.
nlohmann::ordered_json score_pictures(const std::string& model,
                                      const std::vector<std::string>& pictures);

struct DetectOptions {
  std::string face_model;  // File of kind "face-detector"; empty: OpenCV's cascade.
  int min_face_size = 20;  // Pixels of the picture, shorter side; facenet-pytorch's default.
  MtcnnOptions mtcnn;
  std::vector<std::string> pictures;
};

// {"file","faces":[{"box":[left,top,right,bottom],"confidence","landmarks":[[x,y] x 5]}]} of each
// picture, largest face first; no landmarks from the cascade.
void detect_faces(const DetectOptions& options,
                  const std::function<void(const nlohmann::ordered_json&)>& print);

}  // namespace dfd
