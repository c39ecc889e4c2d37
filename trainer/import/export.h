// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Our files become PyTorch's checkpoints.

#pragma once

#include <string>
#include <vector>

namespace dfd {

struct ExportOptions {
  std::string model;  // A file of kind "model" or "backbone".
  std::string output;
  // Adds what the seed recipe's class has and import leaves out, so that its load_state_dict()
  // finds every name: num_batches_tracked (0) and the backbone's logits.* (zeros). Only for a model
  // of inception_resnet_v1 and an lstm of the recipe's sizes.
  bool for_seed = false;
};

// Checks that the file's tensors are those of its networks, and writes them as a state_dict that
// torch.load(FILE, weights_only=True) takes: names, dtypes and bytes as they are. Returns what
// there is to say: tensors added, the input and the calibration, which a state_dict has no place
// for. Throws Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel.
std::vector<std::string> export_torch(const ExportOptions& options);

}  // namespace dfd
