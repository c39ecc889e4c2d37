// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/loss.h"

#include "base/check.h"

namespace dfd {
namespace {

at::Tensor entropy(const at::Tensor& logits, const at::Tensor& labels, double smoothing) {
  return at::binary_cross_entropy_with_logits(logits, labels * (1 - smoothing) + smoothing / 2, {},
                                              {}, at::Reduction::None);
}

}  // namespace

at::Tensor window_losses(const at::Tensor& logits, const at::Tensor& labels,
                         const at::Tensor& evidence, double smoothing) {
  DFD_CHECK(logits.dim() == 2 && labels.sizes() == at::IntArrayRef({logits.size(0)}));
  if (logits.size(1) == 1) return entropy(logits.squeeze(1), labels, smoothing);
  DFD_CHECK(evidence.sizes() == logits.sizes());
  const at::Tensor known = (evidence >= 0).to(at::kFloat);
  const at::Tensor count = known.sum(1);
  const at::Tensor of_known = (entropy(logits, evidence.clamp_min(0), smoothing) * known).sum(1);
  const at::Tensor of_largest = entropy(logits.amax(1), labels, smoothing);
  return at::where(count > 0, of_known, of_largest);
}

}  // namespace dfd
