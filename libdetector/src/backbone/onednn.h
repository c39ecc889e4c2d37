// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What changed from oneDNN 2 (Debian 12) to 3 (Debian 13).

#pragma once

#include <dnnl.hpp>
#include <vector>

namespace dfd {

inline const dnnl::engine& cpu() {
  static const dnnl::engine kEngine(dnnl::engine::kind::cpu, 0);
  return kEngine;
}

#if DNNL_VERSION_MAJOR >= 3
inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm algorithm, float alpha,
                           float beta) {
  ops.append_eltwise(algorithm, alpha, beta);
}
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
  return {cpu(), arguments..., attributes};
}
inline dnnl::pooling_forward::primitive_desc describe_pooling(
    const dnnl::primitive_attr& attributes, dnnl::algorithm algorithm,
    const dnnl::memory::desc& from, const dnnl::memory::desc& to, const dnnl::memory::dims& strides,
    const dnnl::memory::dims& kernel, const dnnl::memory::dims& before,
    const dnnl::memory::dims& after) {
  const dnnl::memory::dims dense{0, 0};  // No dilation.
  return {cpu(),     dnnl::prop_kind::forward_inference,
          algorithm, from,
          to,        strides,
          kernel,    dense,
          before,    after,
          attributes};
}
inline dnnl::concat::primitive_desc describe_concat(const dnnl::primitive_attr& attributes,
                                                    const std::vector<dnnl::memory::desc>& from) {
  return {cpu(), 1, from, attributes};
}
#else
inline void append_eltwise(dnnl::post_ops& ops, dnnl::algorithm algorithm, float alpha,
                           float beta) {
  ops.append_eltwise(1, algorithm, alpha, beta);
}
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), attributes, cpu()};
}
inline dnnl::pooling_forward::primitive_desc describe_pooling(
    const dnnl::primitive_attr& attributes, dnnl::algorithm algorithm,
    const dnnl::memory::desc& from, const dnnl::memory::desc& to, const dnnl::memory::dims& strides,
    const dnnl::memory::dims& kernel, const dnnl::memory::dims& before,
    const dnnl::memory::dims& after) {
  return describe<dnnl::pooling_forward>(attributes, dnnl::prop_kind::forward_inference, algorithm,
                                         from, to, strides, kernel, before, after);
}
inline dnnl::concat::primitive_desc describe_concat(const dnnl::primitive_attr& attributes,
                                                    const std::vector<dnnl::memory::desc>& from) {
  return {1, from, cpu(), attributes};
}
#endif

}  // namespace dfd
