// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Writes the pickle that describes a state_dict, in the opcodes and globals that unpickler.h reads
// and that torch.load(weights_only=True) takes.

#pragma once

#include <map>
#include <string>

#include "model/safetensors.h"

namespace dfd::pickle {

// Protocol 2: an OrderedDict from names (UTF-8) to row-major tensors on the CPU. The storage of the
// n-th tensor, in the map's order, has the key "n", counted from 0. The bytes of the tensors are
// not looked at. Throws Error(kUnsupportedModel) for a dtype that PyTorch 1.13 has no storage for.
std::string write_state_dict(const std::map<std::string, TensorBytes>& tensors);

}  // namespace dfd::pickle
