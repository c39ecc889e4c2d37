// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Writes checkpoints as torch.save does since PyTorch 1.6: a zip archive of one pickle and the
// tensors' bytes, nothing compressed. checkpoint.h reads them.

#pragma once

#include <map>
#include <string>

#include "model/safetensors.h"

namespace dfd {

// Replaces the file in one step, or leaves it as it was. Equal tensors give equal bytes. The
// archive is made in memory, as large as all tensors. Throws Error: kInvalidArgument (no tensors),
// kUnsupportedModel (a dtype that PyTorch lacks), kNotFound (folder), kIo.
void write_checkpoint(const std::string& path, const std::map<std::string, TensorBytes>& tensors);

}  // namespace dfd
