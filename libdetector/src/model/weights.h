// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Named tensors between safetensors files and LibTorch.

#pragma once

#include <map>
#include <string>

#include <ATen/ATen.h>

#include "model/model_config.h"
#include "model/safetensors.h"

namespace dfd {

using TensorMap = std::map<std::string, at::Tensor>;

// Prefix of the backbone's tensors in a file of kind "model" (the seed's state_dict).
constexpr const char* kBackbonePrefix = "feature_extractor.";

// The tensors of a whole model: of its backbone without that prefix, and of its head.
struct ModelTensors {
  TensorMap backbone, head;
};
ModelTensors split_tensors(const TensorMap& model);
TensorMap join_tensors(const ModelTensors& parts);

// Copies every tensor out of the file. Throws Error(kUnsupportedModel) for a dtype that LibTorch
// lacks.
TensorMap read_tensors(const SafetensorsFile& file);

// Writes tensors (any device, made contiguous) and metadata. Throws Error: kNotFound, kIo.
void write_tensors(const std::string& path, const Metadata& metadata, const TensorMap& tensors);

// SHA-256 over names and bytes of all, on any device.
std::string digest_of(const TensorMap& tensors);

// Hands out the tensors of a file by name and checks dtype and shape; in the end nothing may be
// left over. Errors are kUnsupportedModel and name the tensor, the expected and the found.
class TensorSource {
 public:
  TensorSource(std::string path, TensorMap tensors)
      : path_(std::move(path)), tensors_(std::move(tensors)) {}

  // float32, contiguous. F16 and BF16 are widened.
  at::Tensor take(const std::string& name, at::IntArrayRef shape);

  // Of that type, contiguous: F32, F16 and BF16 where it is a float, else as the file has it.
  at::Tensor take(const std::string& name, at::IntArrayRef shape, at::ScalarType type);
  void require_empty() const;

  const std::string& path() const { return path_; }

 private:
  at::Tensor take_shaped(const std::string& name, at::IntArrayRef shape);

  std::string path_;
  TensorMap tensors_;
};

}  // namespace dfd
