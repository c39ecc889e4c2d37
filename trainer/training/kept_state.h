// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a stopped training is kept in: LibTorch's archives as tensors, in a kept file.

#pragma once

#include <string>

#include <ATen/ATen.h>
#include <torch/serialize/archive.h>

#include "samples/kept_file.h"
#include "training/ranks.h"

namespace dfd {

at::Tensor packed(torch::serialize::OutputArchive& archive);  // Bytes.
void read_packed(const at::Tensor& packed, const at::Device& device,
                 torch::serialize::InputArchive& archive);

// Throws Error(kIo) when the file is damaged, and then it is set aside; as read_kept() does.
KeptFile read_state(const std::string& path, const std::string& kind);

// Rank 0's, for all; the others' content does not matter. Throws as Ranks.
KeptFile broadcast_kept(const KeptFile& content, Ranks& ranks);

}  // namespace dfd
