// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Model files taken apart: the one place that knows which networks are in one.

#pragma once

#include <memory>
#include <string>

#include <ATen/ATen.h>

#include "backbone/backbone.h"
#include "model/model_config.h"
#include "model/weights.h"
#include "window/head.h"

namespace dfd {

// Throws Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel, all of them.

// The metadata of a file of kind "model", checked by its networks' kinds too.
ModelConfig read_config(const SafetensorsFile& file);

// Of one model, each taking what the other gives.
struct Networks {
  std::unique_ptr<Backbone> backbone;  // Not folded yet.
  std::shared_ptr<Head> head;
};

// Takes all of source's tensors; none may be missing or left over. device, type: of the head.
Networks make_networks(TensorSource& source, const ModelConfig& config, const at::Device& device,
                       at::ScalarType type);

// A model's networks on the CPU in float, unfolded, for who does not serve.
struct ModelParts {
  ModelConfig config;  // With the backbone's digest.
  Networks networks;
};
ModelParts read_model(const std::string& path);

// The backbone of a file of kind "backbone" or "model", unfolded.
struct BackboneParts {
  std::unique_ptr<Backbone> network;
  TensorMap tensors;  // Without prefix.
  BackboneInfo info;  // With its digest.
  InputRule input;    // Size, mean and std; of a model all of it.
};
BackboneParts read_backbone(const std::string& path);
InputRule read_backbone_input(const std::string& path);  // Without reading its weights.

}  // namespace dfd
