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

// The networks of a model whose tensors come from source; neither is folded yet.
std::unique_ptr<Backbone> make_backbone(TensorSource& source, const ModelConfig& config);
std::shared_ptr<Head> make_head(TensorSource& source, const ModelConfig& config,
                                const at::Device& device, at::ScalarType type);

// A model's networks on the CPU in float, unfolded, for who does not serve.
struct ModelParts {
  ModelConfig config;  // With the backbone's digest.
  std::unique_ptr<Backbone> backbone;
  std::shared_ptr<Head> head;
};
ModelParts read_model(const std::string& path);

// Throws Error(kUnsupportedModel) when the head takes other embeddings than the backbone gives.
void require_fit(const Backbone& backbone, const Head& head, const std::string& path);

// Whether these tensors are those of such a model, none missing and none left over. path: for
// complaints.
void check_tensors(const ModelConfig& config, const TensorMap& tensors, const std::string& path);

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
