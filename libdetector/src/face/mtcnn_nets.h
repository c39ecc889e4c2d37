// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The three networks of MTCNN (Zhang et al. 2016) with the layers and weights of facenet-pytorch's.

#pragma once

#include <vector>

#include <ATen/ATen.h>

#include "model/weights.h"

namespace dfd {

struct MtcnnLayer {
  at::Tensor weight, bias;
  at::Tensor slope;  // Of PReLU; none on the last layers.
};

// Input of all three: float32 [N, 3, H, W], channels-last where speed matters (PyTorch 1.13 pools
// other layouts several times slower), (value - 127.5) / 128, RGB. Thread-safe once made.
class MtcnnNets {
 public:
  struct Output {
    at::Tensor probability;  // [N], or [N, h, w] of the proposal net; that there is a face.
    at::Tensor correction;   // [N, 4], or [N, 4, h, w]: left, top, right, bottom in box sizes.
    at::Tensor landmarks;    // [N, 10]: five x, then five y, in box sizes. Output net only.
  };

  // Tensors "pnet.*", "rnet.*", "onet.*". Throws Error(kUnsupportedModel).
  explicit MtcnnNets(TensorSource& source);

  // Gives the proposal net's first layer outputs that are always zero, as many as fill a register:
  // faster with channels-last input, the same numbers.
  void fill_vectors();

  // Any H, W >= 12. Cell (x, y) looks at the 12 x 12 pixels from (2 x, 2 y).
  Output propose(const at::Tensor& input) const;
  Output refine(const at::Tensor& input) const;    // H = W = 24
  Output finalize(const at::Tensor& input) const;  // H = W = 48

 private:
  std::vector<MtcnnLayer> pnet_, rnet_, onet_;
};

}  // namespace dfd
