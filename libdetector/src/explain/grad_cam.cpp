// SPDX-License-Identifier: LGPL-2.1-or-later

#include "explain/grad_cam.h"

#include <algorithm>
#include <cmath>

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include "base/check.h"

namespace dfd {
Heatmap activation_map(const at::Tensor& activations, const at::Tensor& gradient,
                       ExplainMethod method) {
  DFD_CHECK(activations.dim() == 3 && gradient.sizes() == activations.sizes());
  const at::Tensor weights =
      method == ExplainMethod::kGradCam ? gradient.mean({1, 2}, /*keepdim=*/true) : gradient;
  const at::Tensor sum = (weights * activations).sum(0).relu();
  const at::Tensor found = sum.to(at::kCPU, at::kFloat).contiguous();
  Heatmap map;
  map.columns = static_cast<int>(found.size(1));
  map.rows = static_cast<int>(found.size(0));
  const auto* values = found.data_ptr<float>();
  map.cells.assign(static_cast<std::size_t>(found.numel()), 0.F);
  const float most = *std::max_element(values, values + found.numel());
  const bool finite =
      std::all_of(values, values + found.numel(), [](float value) { return std::isfinite(value); });
  if (!finite || most <= 0) return map;
  std::transform(values, values + found.numel(), map.cells.begin(),
                 [most](float value) { return value / most; });
  return map;
}

Attribution explain(const Backbone& backbone, const Head& head, const at::Tensor& crop,
                    const WindowMemory& before, ExplainMethod method) {
  DFD_CHECK(crop.dim() == 4 && crop.size(0) == 1);
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
  return {activation_map(map[0], map.grad()[0], method), logit.item<double>()};
}

}  // namespace dfd
