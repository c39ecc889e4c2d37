// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reads the tensors of a checkpoint that torch.save wrote, in both its layouts: the zip archive,
// and the older stream of pickles (PyTorch before 1.6, facenet's weights).
//
// A pickle is a program. This reader knows the few opcodes and globals a state_dict needs and
// refuses all others by name; nothing of the file is ever executed.

#pragma once

#include <string>

#include "model/weights.h"

namespace dfd {

// Tensors by name; a checkpoint wrapped in {"state_dict": ...} is unwrapped. Throws Error:
// kNotFound, kIo, kCorruptModel (truncated, inconsistent), kUnsupportedModel (an opcode or global
// that is not allowed, no tensors).
TensorMap read_checkpoint(const std::string& path);

}  // namespace dfd
