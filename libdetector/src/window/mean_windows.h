// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The simplest head: a linear layer gives each sample a logit, and a window has the mean of its
// samples'. Equal to the linear layer over the mean embedding. Two rows give a logit for each kind
// of evidence, and the window's is the larger of their means.

#pragma once

#include <cstdint>
#include <string>

#include "window/head.h"

namespace dfd {

constexpr const char* kMean = "mean";
constexpr const char* kHeadEvidence = "evidence";  // Setting of one with a row for each kind.

HeadKind mean_kind();

// What a model file says of one. embedding_size: D. evidence: it has a row for each kind.
HeadInfo mean_info(std::int64_t embedding_size, bool evidence = false);

}  // namespace dfd
