// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The simplest head: a linear layer gives each sample a logit, and a window has the mean of its
// samples'. Equal to the linear layer over the mean embedding. Several rows give a logit for each
// trace that the network looks for, which is of one kind of evidence, and the window's is the
// largest of their means. Where the backbone classifies by itself there is nothing to learn: a
// window has the mean of its samples' logits.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "window/head.h"

namespace dfd {

constexpr const char* kMean = "mean";
constexpr const char* kHeadEvidence = "evidence";  // Setting of one that knows kinds: its rows'.

constexpr const char* kNone = "none";
constexpr const char* kFakeIndex = "fake_index";  // Setting of one behind a classifier of two.

HeadKind mean_kind();
HeadKind none_kind();

// What a model file says of one. embedding_size: D. kinds: of its rows; none: one row that knows
// none.
HeadInfo mean_info(std::int64_t embedding_size, const std::vector<Evidence>& kinds = {});

// classes: 1, the embedding is the logit, or 2: a sample's logit is class fake_index, 0 or 1, minus
// the other. Throws Error(kInvalidArgument).
HeadInfo none_info(std::int64_t classes, int fake_index = 1);

// The layer that none_info() stands for: float [1, classes].
at::Tensor none_weight(const HeadInfo& info, const std::string& where);

}  // namespace dfd
