// SPDX-License-Identifier: LGPL-2.1-or-later

#include "explain/grad_cam.h"

#include <algorithm>
#include <cmath>

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include "base/check.h"

namespace dfd {
namespace {

constexpr auto kSide = static_cast<std::int64_t>(Explanation::kSize);

// float [h, w] -> [8, 8]: averaged where it has more places, interpolated where it has fewer.
at::Tensor resample(const at::Tensor& map) {
  if (map.size(0) == kSide && map.size(1) == kSide) return map;
  const at::Tensor batch = map.view({1, 1, map.size(0), map.size(1)});
  const bool larger = map.size(0) > kSide && map.size(1) > kSide;
  return (larger ? at::adaptive_avg_pool2d(batch, {kSide, kSide})
                 : at::upsample_bilinear2d(batch, {kSide, kSide}, /*align_corners=*/false))
      .view({kSide, kSide});
}

}  // namespace

Explanation::Map activation_map(const at::Tensor& activations, const at::Tensor& gradient,
                                ExplainMethod method) {
  DFD_CHECK(activations.dim() == 3 && gradient.sizes() == activations.sizes());
  const at::Tensor weights =
      method == ExplainMethod::kGradCam ? gradient.mean({1, 2}, /*keepdim=*/true) : gradient;
  const at::Tensor sum = (weights * activations).sum(0).relu();
  const at::Tensor found = resample(sum.contiguous()).to(at::kCPU, at::kFloat).contiguous();
  Explanation::Map map{};
  const auto* values = found.data_ptr<float>();
  const float most = *std::max_element(values, values + map.size());
  const bool finite =
      std::all_of(values, values + map.size(), [](float value) { return std::isfinite(value); });
  if (!finite || most <= 0) return map;
  std::transform(values, values + map.size(), map.begin(),
                 [most](float value) { return value / most; });
  return map;
}

Attribution explain(const InceptionResnetV1& backbone, const LstmHead& head, const at::Tensor& crop,
                    const LstmState& before, ExplainMethod method) {
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
  at::Tensor hidden = before.hidden.clone();
  at::Tensor cell = before.cell.clone();
  const LstmHead plain = head.differentiable();
  plain.step(backbone.embed_map(map), hidden, cell);
  const at::Tensor logit = plain.classify(hidden[plain.sizes().layers - 1]);
  logit.sum().backward();
  const c10::NoGradGuard no_grad;
  return {activation_map(map[0], map.grad()[0], method), logit.item<double>()};
}

}  // namespace dfd
