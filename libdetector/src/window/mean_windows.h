// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The simplest head: a linear layer gives each sample a logit, and a window has the mean of its
// samples'. Equal to the linear layer over the mean embedding.

#pragma once

#include <cstdint>
#include <string>

#include "window/head.h"

namespace dfd {

constexpr const char* kMean = "mean";

HeadKind mean_kind();

// What a model file says of one. embedding_size: D.
HeadInfo mean_info(std::int64_t embedding_size);

}  // namespace dfd
