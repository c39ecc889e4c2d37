// SPDX-License-Identifier: LGPL-2.1-or-later

#include "explain/grad_cam.h"

#include <algorithm>
#include <cmath>

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include "base/check.h"

namespace dfd {
namespace {

// float [h, w], nothing below 0, scaled to a maximum of 1.
Heatmap scaled(const at::Tensor& map) {
  const at::Tensor found = map.to(at::kCPU, at::kFloat).contiguous();
  Heatmap heat;
  heat.columns = static_cast<int>(found.size(1));
  heat.rows = static_cast<int>(found.size(0));
  const auto* values = found.data_ptr<float>();
  heat.cells.assign(static_cast<std::size_t>(found.numel()), 0.F);
  const float most = *std::max_element(values, values + found.numel());
  const bool finite =
      std::all_of(values, values + found.numel(), [](float value) { return std::isfinite(value); });
  if (!finite || most <= 0) return heat;
  std::transform(values, values + found.numel(), heat.cells.begin(),
                 [most](float value) { return value / most; });
  return heat;
}

// What a clip's map says of its newest crops: float [1, C, t, h, w] -> [C, h, w]; of a crop all.
at::Tensor newest(const at::Tensor& map) {
  return map.dim() == 5 ? map[0].select(1, map.size(2) - 1) : map[0];
}

}  // namespace

bool can_explain(const Backbone& backbone) {
  return backbone.has_feature_map() || backbone.has_attention();
}

Heatmap activation_map(const at::Tensor& activations, const at::Tensor& gradient,
                       ExplainMethod method) {
  DFD_CHECK(activations.dim() == 3 && gradient.sizes() == activations.sizes());
  const at::Tensor weights =
      method == ExplainMethod::kGradCam ? gradient.mean({1, 2}, /*keepdim=*/true) : gradient;
  return scaled((weights * activations).sum(0).relu());
}

Attribution explain(const Backbone& backbone, const Head& head, const at::Tensor& crop,
                    const WindowMemory& before, ExplainMethod method) {
  DFD_CHECK(crop.size(0) == 1);
  // What is made under the callers' inference mode cannot be kept for gradients, its copies can.
  const c10::InferenceMode off(false);
  at::Tensor map;
  {
    const c10::NoGradGuard no_grad;
    map = backbone.feature_map(crop);
  }
  const c10::AutoGradMode on(true);
  map.requires_grad_();
  const at::Tensor logit = head.logit_of(before, backbone.embed_map(map));
  logit.sum().backward();
  const c10::NoGradGuard no_grad;
  return {activation_map(newest(map), newest(map.grad()), method), logit.item<double>()};
}

Heatmap heatmap_of(const Backbone& backbone, const Head& head, const at::Tensor& crop,
                   const WindowMemory& before, ExplainMethod method) {
  if (backbone.has_feature_map()) return explain(backbone, head, crop, before, method).map;
  const c10::NoGradGuard no_grad;
  return scaled(backbone.attention_map(crop)[0]);
}

}  // namespace dfd
