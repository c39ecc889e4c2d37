// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What all imports do with other people's files.

#pragma once

#include <string>
#include <vector>

#include "model/model_config.h"
#include "model/weights.h"

namespace dfd {

// Tensors by name of what torch.save wrote, or of a safetensors file that is not ours. Throws
// Error: kNotFound, kIo, kCorruptModel, kUnsupportedModel.
TensorMap read_foreign(const std::string& path);

// Leaves out training's counters, and layers that are of no use here, by how their names start.
// What there is to say of it.
std::string drop_unused(TensorMap& tensors, const std::vector<std::string>& unused);

// Squares of any face detector's boxes. Where nobody knows how a network's crops were cut, margin
// is that of our own trainings.
InputRule in_squares(InputRule input, double margin = kUsualMargin);

// "WHAT, sha256 ..." of the file.
std::string source_of(const std::string& what, const std::string& path);

}  // namespace dfd
