// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rows of the list of operators: layers that have weights, attention, and pools.

#include <cmath>
#include <limits>
#include <string>
#include <tuple>

#include "base/check.h"
#include "traced/limits.h"
#include "traced/rows.h"

namespace dfd::traced {
namespace {

// A network that serves must not learn: what it gives for one crop would hang on the others.
void require_serving(bool training, const char* what) {
  DFD_INTACT(!training, what << " in training mode; call model.eval() before tracing");
}

Tensor dropped(const Tensor& x, double share, bool training) {
  // Where nothing is dropped the mode does not matter; attention is traced so.
  require_serving(training && share != 0, "a dropout");
  return x;
}

template <typename Convolution>
void add_convolution(Rows& rows, const char* name, Convolution convolution) {
  rows.add(name, "input weight bias=none stride=1 padding=0 dilation=1 groups=1",
           [convolution](const Tensor& x, const Tensor& weight, const Maybe<Tensor>& bias,
                         const Ints& stride, const Ints& padding, const Ints& dilation,
                         std::int64_t groups) {
             require_convolution(x, weight, {stride, padding, dilation, groups, {}, false});
             return convolution(x, weight, bias, stride, padding, dilation, groups);
           });
}

void add_convolutions(Rows& rows) {
  add_convolution(rows, "conv1d", [](const auto&... all) { return at::conv1d(all...); });
  add_convolution(rows, "conv2d", [](const auto&... all) { return at::conv2d(all...); });
  add_convolution(rows, "conv3d", [](const auto&... all) { return at::conv3d(all...); });
  rows.add("conv2d", "input weight bias=none stride=1 padding=\"valid\" dilation=1 groups=1",
           [](const Tensor& x, const Tensor& weight, const Maybe<Tensor>& bias, const Ints& stride,
              const std::string& padding, const Ints& dilation, std::int64_t groups) {
             // "same" keeps the sides, "valid" makes them smaller.
             require_convolution(x, weight, {stride, {}, dilation, groups, {}, false});
             return at::conv2d(x, weight, bias, stride, padding, dilation, groups);
           });
  rows.add("conv_transpose2d",
           "input weight bias=none stride=1 padding=0 output_padding=0 groups=1 dilation=1",
           [](const Tensor& x, const Tensor& weight, const Maybe<Tensor>& bias, const Ints& stride,
              const Ints& padding, const Ints& beyond, std::int64_t groups, const Ints& dilation) {
             require_convolution(x, weight, {stride, padding, dilation, groups, beyond, true});
             return at::conv_transpose2d(x, weight, bias, stride, padding, beyond, groups,
                                         dilation);
           });
  rows.add(
      "convolution", "input weight bias stride padding dilation transposed output_padding groups",
      [](const Tensor& x, const Tensor& weight, const Maybe<Tensor>& bias, const Ints& stride,
         const Ints& padding, const Ints& dilation, bool transposed, const Ints& beyond,
         std::int64_t groups) {
        require_convolution(x, weight, {stride, padding, dilation, groups, beyond, transposed});
        return at::convolution(x, weight, bias, stride, padding, dilation, transposed, beyond,
                               groups);
      });
  // How torch.jit.trace records all of them; how cuDNN chooses is ours to say.
  rows.add(
      "_convolution",
      "input weight bias stride padding dilation transposed output_padding groups "
      "benchmark=false deterministic=false cudnn_enabled=true allow_tf32=true",
      [](const Tensor& x, const Tensor& weight, const Maybe<Tensor>& bias, const Ints& stride,
         const Ints& padding, const Ints& dilation, bool transposed, const Ints& beyond,
         std::int64_t groups, bool, bool, bool, bool) {
        require_convolution(x, weight, {stride, padding, dilation, groups, beyond, transposed});
        return at::convolution(x, weight, bias, stride, padding, dilation, transposed, beyond,
                               groups);
      });
}

Tensor product(const Tensor& x, const Tensor& y) {
  require_product(x, y);
  return at::matmul(x, y);
}

Tensor projected(const Tensor& x, const Tensor& weight, const Maybe<Tensor>& bias) {
  if (weight.dim() == 2) require_product(x, weight.t());
  return at::linear(x, weight, bias);
}

// Sizes are told by tensors without memory. More than two would be joined one after the other, and
// what comes between has no bound.
Tensor summed_products(const std::string& equation, const Tensors& tensors) {
  DFD_INTACT(tensors.size() <= 2,
             "an einsum of " << tensors.size() << " tensors; at most 2 are supported");
  Tensors sizes;
  for (const Tensor& tensor : tensors) {
    sizes.push_back(
        at::empty_strided(tensor.sizes(), tensor.strides(), tensor.options().device(at::kMeta)));
  }
  require_few(at::einsum(equation, sizes).sizes());
  return at::einsum(equation, tensors);
}

void add_products(Rows& rows) {
  rows.add("linear", "input weight bias=none", projected);
  rows.add("matmul", "self other", product);
  rows.add("bmm", "self mat2", [](const Tensor& x, const Tensor& y) {
    require_product(x, y);
    return at::bmm(x, y);
  });
  rows.add("mm", "self mat2", [](const Tensor& x, const Tensor& y) {
    require_product(x, y);
    return at::mm(x, y);
  });
  rows.add("addmm", "self mat1 mat2 beta=1 alpha=1",
           [](const Tensor& sum, const Tensor& x, const Tensor& y, const at::Scalar& beta,
              const at::Scalar& alpha) {
             require_product(x, y);
             return at::addmm(sum, x, y, beta, alpha);
           });
  rows.add("baddbmm", "self batch1 batch2 beta=1 alpha=1",
           [](const Tensor& sum, const Tensor& x, const Tensor& y, const at::Scalar& beta,
              const at::Scalar& alpha) {
             require_product(x, y);
             return at::baddbmm(sum, x, y, beta, alpha);
           });
  // Of one tensor it may be a view.
  rows.add_shared("einsum", "equation tensors path=none",
                  [](const std::string& equation, const Tensors& tensors, Nothing) {
                    return summed_products(equation, tensors);
                  });
  rows.add("embedding", "weight indices padding_idx=-1 scale_grad_by_freq=false sparse=false",
           [](const Tensor& weight, const Tensor& places, std::int64_t, bool, bool) {
             if (weight.dim() == 2) require_few({places.numel(), weight.size(1)});
             return at::embedding(weight, places);
           });
}

void add_norms(Rows& rows) {
  rows.add("batch_norm",
           "input weight bias running_mean running_var training momentum eps cudnn_enabled=true",
           [](const Tensor& x, const Maybe<Tensor>& weight, const Maybe<Tensor>& bias,
              const Tensor& mean, const Tensor& variance, bool training, double momentum,
              double epsilon, bool) {
             require_serving(training, "a batch norm");
             return at::batch_norm(x, weight, bias, mean, variance, /*training=*/false, momentum,
                                   epsilon, /*cudnn_enabled=*/true);
           });
  rows.add(
      "layer_norm", "input normalized_shape weight=none bias=none eps=1e-05 cudnn_enable=true",
      [](const Tensor& x, const Ints& shape, const Maybe<Tensor>& weight, const Maybe<Tensor>& bias,
         double epsilon, bool) { return at::layer_norm(x, shape, weight, bias, epsilon); });
  rows.add("group_norm", "input num_groups weight=none bias=none eps=1e-05 cudnn_enabled=true",
           [](const Tensor& x, std::int64_t groups, const Maybe<Tensor>& weight,
              const Maybe<Tensor>& bias, double epsilon,
              bool) { return at::group_norm(x, groups, weight, bias, epsilon); });
  rows.add("instance_norm",
           "input weight bias running_mean running_var use_input_stats momentum eps "
           "cudnn_enabled=true",
           [](const Tensor& x, const Maybe<Tensor>& weight, const Maybe<Tensor>& bias,
              const Maybe<Tensor>& mean, const Maybe<Tensor>& variance, bool own, double momentum,
              double epsilon, bool) {
             // With its own statistics it would write these into the running ones.
             const Maybe<Tensor> none;
             return at::instance_norm(x, weight, bias, own ? none : mean, own ? none : variance,
                                      own, momentum, epsilon, /*cudnn_enabled=*/true);
           });
  for (const char* name : {"dropout", "dropout_", "feature_dropout", "feature_dropout_"}) {
    rows.add_shared(name, "input p train", dropped);
  }
}

// Attention as Vaswani et al. (2017) have it, over [..., queries, width] and [..., keys, width].
// LibTorch 1.13 has no public operator for it; this is the same arithmetic.
Tensor attend(const Tensor& query, const Tensor& key, const Tensor& value,
              const Maybe<Tensor>& mask, bool causal, const Maybe<double>& scale) {
  const double factor =
      scale ? *scale : 1 / std::sqrt(static_cast<double>(query.size(query.dim() - 1)));
  Tensor weights = product(query * factor, key.transpose(-2, -1));
  constexpr double kNever = -std::numeric_limits<double>::infinity();
  if (causal) {
    const Tensor later = at::ones({query.size(-2), key.size(-2)}, query.options().dtype(at::kBool));
    weights = weights.masked_fill(later.triu(1), kNever);
  }
  if (mask) require_broadcast(weights, *mask);
  if (mask && mask->scalar_type() == at::kBool) {
    weights = weights.masked_fill(mask->logical_not(), kNever);
  } else if (mask) {
    weights = weights + *mask;
  }
  return product(at::softmax(weights, -1), value);
}

struct MultiHead {
  std::int64_t width, heads;
  Tensor in_weight, in_bias, out_weight, out_bias;  // Of query, key and value one below the other.
};

// query, key, value: [N, L, width].
Tensor attend(const MultiHead& parts, const Tensor& query, const Tensor& key, const Tensor& value) {
  DFD_INTACT(parts.heads > 0 && parts.width > 0 && parts.width % parts.heads == 0,
             "attention of width " << parts.width << " with " << parts.heads << " heads");
  DFD_INTACT(parts.in_weight.dim() == 2 && parts.in_weight.size(0) % 3 == 0 &&
                 parts.in_weight.size(0) / 3 == parts.width,
             "attention of width " << parts.width << " with weights " << parts.in_weight.sizes());
  const auto project = [&](const Tensor& x, std::int64_t which) {
    const Tensor y = projected(x, parts.in_weight.narrow(0, which * parts.width, parts.width),
                               parts.in_bias.narrow(0, which * parts.width, parts.width));
    return y.unflatten(-1, at::IntArrayRef({parts.heads, parts.width / parts.heads}))
        .transpose(1, 2);
  };
  const Tensor joined =
      attend(project(query, 0), project(key, 1), project(value, 2), c10::nullopt, false, {});
  return projected(joined.transpose(1, 2).flatten(2), parts.out_weight, parts.out_bias);
}

void add_attention(Rows& rows) {
  rows.add(
      "scaled_dot_product_attention",
      "query key value attn_mask=none dropout_p=0. is_causal=false scale=none "
      "enable_gqa=false",
      [](const Tensor& query, const Tensor& key, const Tensor& value, const Maybe<Tensor>& mask,
         double dropout, bool causal, const Maybe<double>& scale, bool grouped) {
        require_serving(dropout != 0, "attention with dropout");
        DFD_INTACT(!grouped, "attention with grouped queries is not supported");
        return attend(query, key, value, mask, causal, scale);
      });
  // What PyTorch's own transformer layers run without gradients; the second result, the weights, is
  // none here.
  rows.add("_native_multi_head_attention",
           "query key value embed_dim num_head qkv_weight qkv_bias proj_weight proj_bias mask=none "
           "need_weights=true average_attn_weights=true mask_type=none",
           [](const Tensor& query, const Tensor& key, const Tensor& value, std::int64_t width,
              std::int64_t heads, const Tensor& in_weight, const Tensor& in_bias,
              const Tensor& out_weight, const Tensor& out_bias, const Maybe<Tensor>& mask, bool,
              bool, const Maybe<std::int64_t>&) {
             DFD_INTACT(!mask, "attention of PyTorch's own layers with a mask is not supported");
             return Tensors{attend({width, heads, in_weight, in_bias, out_weight, out_bias}, query,
                                   key, value),
                            Tensor()};
           });
}

void add_pools(Rows& rows) {
  rows.add("max_pool1d", "self kernel_size stride=[] padding=0 dilation=1 ceil_mode=false",
           [](const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding,
              const Ints& dilation,
              bool up) { return at::max_pool1d(x, kernel, stride, padding, dilation, up); });
  rows.add("max_pool2d", "self kernel_size stride=[] padding=0 dilation=1 ceil_mode=false",
           [](const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding,
              const Ints& dilation,
              bool up) { return at::max_pool2d(x, kernel, stride, padding, dilation, up); });
  rows.add("max_pool3d", "self kernel_size stride=[] padding=0 dilation=1 ceil_mode=false",
           [](const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding,
              const Ints& dilation,
              bool up) { return at::max_pool3d(x, kernel, stride, padding, dilation, up); });
  rows.add(
      "avg_pool1d", "self kernel_size stride=[] padding=0 ceil_mode=false count_include_pad=true",
      [](const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding, bool up,
         bool with_edge) { return at::avg_pool1d(x, kernel, stride, padding, up, with_edge); });
  rows.add("avg_pool2d",
           "self kernel_size stride=[] padding=0 ceil_mode=false count_include_pad=true "
           "divisor_override=none",
           [](const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding, bool up,
              bool with_edge, const Maybe<std::int64_t>& divisor) {
             return at::avg_pool2d(x, kernel, stride, padding, up, with_edge, divisor);
           });
  rows.add("avg_pool3d",
           "self kernel_size stride=[] padding=0 ceil_mode=false count_include_pad=true "
           "divisor_override=none",
           [](const Tensor& x, const Ints& kernel, const Ints& stride, const Ints& padding, bool up,
              bool with_edge, const Maybe<std::int64_t>& divisor) {
             return at::avg_pool3d(x, kernel, stride, padding, up, with_edge, divisor);
           });
  rows.add("adaptive_avg_pool1d", "self output_size", [](const Tensor& x, const Ints& size) {
    require_resized(x, size);
    return at::adaptive_avg_pool1d(x, size);
  });
  rows.add("adaptive_avg_pool2d", "self output_size", [](const Tensor& x, const Ints& size) {
    require_resized(x, size);
    return at::adaptive_avg_pool2d(x, size);
  });
  rows.add("adaptive_avg_pool3d", "self output_size", [](const Tensor& x, const Ints& size) {
    require_resized(x, size);
    return at::adaptive_avg_pool3d(x, size);
  });
  rows.add("adaptive_max_pool2d", "self output_size", [](const Tensor& x, const Ints& size) {
    require_resized(x, size);
    const auto found = at::adaptive_max_pool2d(x, size);
    return Tensors{std::get<0>(found), std::get<1>(found)};
  });
}

}  // namespace

void add_layers(Rows& rows) {
  add_convolutions(rows);
  add_products(rows);
  add_norms(rows);
  add_attention(rows);
  add_pools(rows);
}

}  // namespace dfd::traced
