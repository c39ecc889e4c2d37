// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Why a window got its logit: what in its newest sample spoke for "manipulated". Grad-CAM
// (Selvaraju et al. 2017) and HiResCAM (Draelos and Carin 2020) of the logit, never of the
// probability, whose gradient vanishes where it is sure. Of networks that attend: where they
// looked, whatever it spoke for.

#pragma once

#include <ATen/ATen.h>

#include "backbone/backbone.h"
#include "detector/config.h"
#include "detector/report.h"
#include "window/head.h"

namespace dfd {

struct Attribution {
  Heatmap map;
  double logit;  // Of the window, as the explaining pass computes it: in float.
};

bool can_explain(const Backbone& backbone);

// The map of explain(), or of a network that attends where it looked. Called only where
// can_explain().
Heatmap heatmap_of(const Backbone& backbone, const Head& head, const at::Tensor& crop,
                   const WindowMemory& before, ExplainMethod method);

// crop: [1, 3, S, S], the window's newest sample, or the whole clip, [1, T, 3, S, S]. before: what
// the window's other samples left, as Head::before_full() gives it. Differentiates the logit at the
// backbone's feature map, on the device of the weights, in float; of a clip's map the newest part
// counts. Costs a few forwards of one crop. May be called under c10::InferenceMode, but the weights
// must have been made without.
Attribution explain(const Backbone& backbone, const Head& head, const at::Tensor& crop,
                    const WindowMemory& before, ExplainMethod method);

// The map, h rows of w, of activations float [C, h, w] and the logit's gradient at them: relu of
// their weighted sum, divided by its maximum. All zero where nothing is above zero or a value is no
// number.
Heatmap activation_map(const at::Tensor& activations, const at::Tensor& gradient,
                       ExplainMethod method);

}  // namespace dfd
