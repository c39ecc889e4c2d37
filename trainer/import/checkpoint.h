// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads the tensors of a checkpoint that torch.save wrote, in both its layouts: the zip archive,
// and the older stream of pickles (PyTorch before 1.6, facenet's weights).

#pragma once

#include <string>

#include "model/weights.h"

namespace dfd {

// Tensors by name; a checkpoint wrapped in {"state_dict": ...} is unwrapped. Nothing of the file is
// executed. Throws Error: kNotFound, kIo, kCorruptModel (truncated, inconsistent),
// kUnsupportedModel (a pickle that does what no state_dict needs, no tensors).
TensorMap read_checkpoint(const std::string& path);

}  // namespace dfd
