// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/cpu_plans.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <dnnl.hpp>
#include <map>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"

namespace dfd {
namespace {

using Dims = dnnl::memory::dims;
using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

const dnnl::engine& cpu() {
  static const dnnl::engine kEngine(dnnl::engine::kind::cpu, 0);
  return kEngine;
}

// --- What changed from oneDNN 2 (Debian 12) to 3 (Debian 13)

#if DNNL_VERSION_MAJOR >= 3
void append_relu(dnnl::post_ops& ops) { ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0); }
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
  return {cpu(), arguments..., attributes};
}
dnnl::pooling_forward::primitive_desc describe_pooling(const dnnl::primitive_attr& attributes,
                                                       dnnl::algorithm algorithm, const Desc& from,
                                                       const Desc& to, const Dims& strides,
                                                       const Dims& kernel) {
  const Dims none{0, 0};
  return {cpu(),     dnnl::prop_kind::forward_inference,
          algorithm, from,
          to,        strides,
          kernel,    none,
          none,      none,
          attributes};
}
dnnl::concat::primitive_desc describe_concat(const dnnl::primitive_attr& attributes,
                                             const std::vector<Desc>& from) {
  return {cpu(), 1, from, attributes};
}
#else
void append_relu(dnnl::post_ops& ops) {
  ops.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
}
template <typename Primitive, typename... Arguments>
typename Primitive::primitive_desc describe(const dnnl::primitive_attr& attributes,
                                            const Arguments&... arguments) {
  return {typename Primitive::desc(arguments...), attributes, cpu()};
}
dnnl::pooling_forward::primitive_desc describe_pooling(const dnnl::primitive_attr& attributes,
                                                       dnnl::algorithm algorithm, const Desc& from,
                                                       const Desc& to, const Dims& strides,
                                                       const Dims& kernel) {
  const Dims none{0, 0};
  return describe<dnnl::pooling_forward>(attributes, dnnl::prop_kind::forward_inference, algorithm,
                                         from, to, strides, kernel, none, none);
}
dnnl::concat::primitive_desc describe_concat(const dnnl::primitive_attr& attributes,
                                             const std::vector<Desc>& from) {
  return {1, from, cpu(), attributes};
}
#endif

// Memory of the activations, shared by the plans of all batch sizes: only one runs at a time.
class Arena {
 public:
  // Slots are numbered from 0. May move the memory of a slot.
  void require(std::size_t slot, std::size_t bytes) {
    if (slots_.size() <= slot) slots_.resize(slot + 1);
    if (slots_[slot].bytes >= bytes) return;
    constexpr std::size_t kAlignment = 64;  // A cache line, and the widest register.
    const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    Memory memory(std::aligned_alloc(kAlignment, rounded));
    if (!memory) throw std::bad_alloc();  // What was there stays.
    slots_[slot] = {std::move(memory), rounded};
    ++generation_;
  }
  void* data(std::size_t slot) const { return slots_[slot].memory.get(); }
  std::uint64_t generation() const { return generation_; }  // Changes when memory moves.

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  using Memory = std::unique_ptr<void, Free>;
  struct Slot {
    Memory memory;
    std::size_t bytes = 0;
  };
  std::vector<Slot> slots_;
  std::uint64_t generation_ = 0;
};

// Weights in the layouts that primitives asked for, shared by the plans.
class PackedWeights {
 public:
  explicit PackedWeights(Type type) : type_(type) {}

  Type type() const { return type_; }

  dnnl::memory get(const at::Tensor& dense, Tag tag, const Desc& wanted) {
    for (const auto& [of, memory] : packed_[dense.data_ptr()]) {
      if (of == wanted) return memory;
    }
    const at::Tensor plain = dense.contiguous();
    dnnl::memory from(Desc(plain.sizes().vec(), Type::f32, tag), cpu(), plain.data_ptr());
    dnnl::memory to(wanted, cpu());
    dnnl::stream stream(cpu());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    packed_[dense.data_ptr()].emplace_back(wanted, to);
    return to;
  }

 private:
  const Type type_;
  std::map<const void*, std::vector<std::pair<Desc, dnnl::memory>>> packed_;
};

// The forward of one batch size.
class Plan {
 public:
  Plan(const Layers& layers, const Dims& input, PackedWeights& weights, Arena& arena);
  // Of one convolution: run_steps() is all it can.
  Plan(const ConvUnit& unit, const Dims& input, PackedWeights& weights, Arena& arena);

  void run(const at::Tensor& crops, at::Tensor& embeddings);
  void run_steps();

  // --- An Ops, while the plan is made

  struct Value {
    std::shared_ptr<const std::size_t> slot;  // Free for others when the last copy is gone.
    Desc desc;
    Dims dims;
  };

  Value conv(const ConvUnit& unit, const Value& x) {
    return convolve(unit.weight, unit.bias, unit.stride, unit.padding, x, nullptr, true);
  }
  Value project(const Block& block, const Value& joined, const Value& x) {
    return convolve(block.projection, block.projection_bias, {1, 1}, {0, 0}, joined, &x,
                    block.relu);
  }
  Value max_pool(const Value& x) {
    const auto out = [](Dims::value_type side) { return (side - 3) / 2 + 1; };
    return pool(dnnl::algorithm::pooling_max, x, {2, 2}, {3, 3}, out(x.dims[2]), out(x.dims[3]));
  }
  Value join(const std::vector<Value>& parts);
  void tell(const char* /*stage*/, const Value& /*value*/) {}

 private:
  struct Step {
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> arguments;
  };

  Value make_value(const Dims& dims, const Desc& desc);
  dnnl::memory memory_of(const Value& value);
  dnnl::primitive_attr attributes(const dnnl::post_ops& after = {}) const;
  void add(const dnnl::primitive& primitive, const Desc& scratchpad,
           std::unordered_map<int, dnnl::memory> arguments);
  Value convolve(const at::Tensor& weight, const at::Tensor& bias, const Dims& stride,
                 const Dims& padding, const Value& x, const Value* sum, bool relu);
  Value pool(dnnl::algorithm algorithm, const Value& x, const Dims& strides, const Dims& kernel,
             Dims::value_type height, Dims::value_type width);
  void embed_features(const ConvUnit& last, const Value& features);

  PackedWeights& weights_;
  Arena& arena_;
  std::vector<std::size_t> slot_bytes_;
  std::shared_ptr<std::vector<std::size_t>> free_;            // Slots; outlives the values.
  std::vector<std::pair<dnnl::memory, std::size_t>> placed_;  // Memories and their slots.
  std::uint64_t generation_ = 0;
  dnnl::memory input_, output_;
  dnnl::stream stream_;
  std::vector<Step> steps_;
};

Desc channels_last(const Dims& dims, Type type) { return {dims, type, Tag::nhwc}; }

Plan::Plan(const Layers& layers, const Dims& input, PackedWeights& weights, Arena& arena)
    : weights_(weights),
      arena_(arena),
      free_(std::make_shared<std::vector<std::size_t>>()),
      input_(channels_last(input, Type::f32), cpu(), nullptr),
      stream_(cpu()) {
  // Of all scratchpads: primitives run one after another.
  slot_bytes_.push_back(0);
  const Desc desc = channels_last(input, weights.type());
  Value x{nullptr, desc, input};
  if (weights.type() != Type::f32) {
    x = make_value(input, desc);
    const dnnl::memory to = memory_of(x);
    steps_.push_back({dnnl::reorder(input_, to), {{DNNL_ARG_FROM, input_}, {DNNL_ARG_TO, to}}});
  }
  embed_features(layers.last, run_layers(*this, layers, std::move(x)));
}

Plan::Plan(const ConvUnit& unit, const Dims& input, PackedWeights& weights, Arena& arena)
    : weights_(weights),
      arena_(arena),
      free_(std::make_shared<std::vector<std::size_t>>()),
      stream_(cpu()) {
  slot_bytes_.push_back(0);
  conv(unit, make_value(input, channels_last(input, weights.type())));
}

Plan::Value Plan::make_value(const Dims& dims, const Desc& desc) {
  const std::size_t bytes = desc.get_size();
  // The smallest free slot that is large enough, else the largest, which grows.
  auto best = free_->end();
  for (auto it = free_->begin(); it != free_->end(); ++it) {
    const std::size_t size = slot_bytes_[*it];
    if (best == free_->end()) {
      best = it;
      continue;
    }
    const std::size_t so_far = slot_bytes_[*best];
    if (so_far < bytes ? size > so_far : size >= bytes && size < so_far) best = it;
  }
  std::size_t slot = slot_bytes_.size();
  if (best == free_->end()) {
    slot_bytes_.push_back(bytes);
  } else {
    slot = *best;
    free_->erase(best);
    slot_bytes_[slot] = std::max(slot_bytes_[slot], bytes);
  }
  arena_.require(slot, bytes);
  const std::shared_ptr<const std::size_t> held(new std::size_t(slot),
                                                [free = free_](const std::size_t* number) {
                                                  free->push_back(*number);
                                                  delete number;
                                                });
  return {held, desc, dims};
}

dnnl::memory Plan::memory_of(const Value& value) {
  if (!value.slot) return input_;
  dnnl::memory memory(value.desc, cpu(), nullptr);
  placed_.emplace_back(memory, *value.slot);
  return memory;
}

dnnl::primitive_attr Plan::attributes(const dnnl::post_ops& after) const {
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void Plan::add(const dnnl::primitive& primitive, const Desc& scratchpad,
               std::unordered_map<int, dnnl::memory> arguments) {
  if (scratchpad.get_size() > 0) {
    arena_.require(0, scratchpad.get_size());
    const dnnl::memory memory(scratchpad, cpu(), nullptr);
    placed_.emplace_back(memory, 0);
    arguments.emplace(DNNL_ARG_SCRATCHPAD, memory);
  }
  steps_.push_back({primitive, std::move(arguments)});
}

Plan::Value Plan::convolve(const at::Tensor& weight, const at::Tensor& bias, const Dims& stride,
                           const Dims& padding, const Value& x, const Value* sum, bool relu) {
  const auto side = [&](std::size_t i) {
    return (x.dims[i + 2] + 2 * padding[i] - weight.size(static_cast<std::int64_t>(i) + 2)) /
               stride[i] +
           1;
  };
  const Dims dims{x.dims[0], weight.size(0), side(0), side(1)};
  const Type type = weights_.type();
  dnnl::post_ops after;
  if (sum != nullptr) after.append_sum(1);
  if (relu) append_relu(after);
  const auto described = describe<dnnl::convolution_forward>(
      attributes(after), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
      x.desc, Desc(weight.sizes().vec(), type, Tag::any), Desc({dims[1]}, Type::f32, Tag::a),
      channels_last(dims, type), stride, padding, padding);
  // A sum is added into the memory of its first addend, which nobody needs afterwards.
  Value y = sum != nullptr ? *sum : make_value(dims, described.dst_desc());
  add(dnnl::convolution_forward(described), described.scratchpad_desc(),
      {{DNNL_ARG_SRC, memory_of(x)},
       {DNNL_ARG_WEIGHTS, weights_.get(weight, Tag::oihw, described.weights_desc())},
       {DNNL_ARG_BIAS, weights_.get(bias, Tag::a, described.bias_desc())},
       {DNNL_ARG_DST, memory_of(y)}});
  return y;
}

Plan::Value Plan::pool(dnnl::algorithm algorithm, const Value& x, const Dims& strides,
                       const Dims& kernel, Dims::value_type height, Dims::value_type width) {
  const Dims dims{x.dims[0], x.dims[1], height, width};
  const auto described = describe_pooling(attributes(), algorithm, x.desc,
                                          channels_last(dims, weights_.type()), strides, kernel);
  Value y = make_value(dims, described.dst_desc());
  add(dnnl::pooling_forward(described), described.scratchpad_desc(),
      {{DNNL_ARG_SRC, memory_of(x)}, {DNNL_ARG_DST, memory_of(y)}});
  return y;
}

Plan::Value Plan::join(const std::vector<Value>& parts) {
  Dims dims = parts[0].dims;
  dims[1] = 0;
  std::vector<Desc> from;
  std::unordered_map<int, dnnl::memory> arguments;
  for (const Value& part : parts) {
    dims[1] += part.dims[1];
    arguments.emplace(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(from.size()), memory_of(part));
    from.push_back(part.desc);
  }
  const auto described = describe_concat(attributes(), from);
  Value y = make_value(dims, described.dst_desc());
  arguments.emplace(DNNL_ARG_DST, memory_of(y));
  add(dnnl::concat(described), described.scratchpad_desc(), std::move(arguments));
  return y;
}

// Average over the feature map, then the last layer with float results.
void Plan::embed_features(const ConvUnit& last, const Value& features) {
  const Value mean = pool(dnnl::algorithm::pooling_avg_exclude_padding, features, {1, 1},
                          {features.dims[2], features.dims[3]}, 1, 1);
  const Type type = weights_.type();
  const Dims flat{mean.dims[0], mean.dims[1]};
  const Value row{mean.slot, Desc(flat, type, Tag::ab), flat};
  const auto described = describe<dnnl::inner_product_forward>(
      attributes(), dnnl::prop_kind::forward_inference, row.desc,
      Desc(last.weight.sizes().vec(), type, Tag::any),
      Desc({last.weight.size(0)}, Type::f32, Tag::a),
      Desc({flat[0], last.weight.size(0)}, Type::f32, Tag::ab));
  output_ = dnnl::memory(described.dst_desc(), cpu(), nullptr);
  add(dnnl::inner_product_forward(described), described.scratchpad_desc(),
      {{DNNL_ARG_SRC, memory_of(row)},
       {DNNL_ARG_WEIGHTS, weights_.get(last.weight, Tag::ab, described.weights_desc())},
       {DNNL_ARG_BIAS, weights_.get(last.bias, Tag::a, described.bias_desc())},
       {DNNL_ARG_DST, output_}});
}

void Plan::run(const at::Tensor& crops, at::Tensor& embeddings) {
  input_.set_data_handle(crops.data_ptr());
  output_.set_data_handle(embeddings.data_ptr());
  run_steps();
}

void Plan::run_steps() {
  if (generation_ != arena_.generation()) {
    for (auto& [memory, slot] : placed_) memory.set_data_handle(arena_.data(slot));
    generation_ = arena_.generation();
  }
  for (const Step& step : steps_) step.primitive.execute(stream_, step.arguments);
  stream_.wait();
}

class OneDnnPlans : public CpuPlans {
 public:
  OneDnnPlans(std::shared_ptr<const Layers> layers, bool bfloat16)
      : layers_(std::move(layers)), weights_(bfloat16 ? Type::bf16 : Type::f32) {}

  at::Tensor embed(const at::Tensor& crops) override {
    DFD_CHECK(crops.dim() == 4 && crops.scalar_type() == at::kFloat &&
              crops.is_contiguous(at::MemoryFormat::ChannelsLast));
    auto& plan = plans_[crops.sizes().vec()];
    if (!plan) plan = std::make_unique<Plan>(*layers_, crops.sizes().vec(), weights_, arena_);
    at::Tensor embeddings = at::empty({crops.size(0), layers_->last.weight.size(0)}, at::kFloat);
    plan->run(crops, embeddings);
    return embeddings;
  }

 private:
  std::shared_ptr<const Layers> layers_;
  PackedWeights weights_;
  Arena arena_;
  std::map<std::vector<std::int64_t>, std::unique_ptr<Plan>> plans_;
};

}  // namespace

std::unique_ptr<CpuPlans> CpuPlans::make(std::shared_ptr<const Layers> layers, bool bfloat16) {
  return std::make_unique<OneDnnPlans>(std::move(layers), bfloat16);
}

std::function<void()> CpuPlans::make_single(const ConvUnit& unit,
                                            const std::vector<std::int64_t>& input, bool bfloat16) {
  struct Single {
    PackedWeights weights;
    Arena arena;
    Plan plan;
    Single(const ConvUnit& unit, const Dims& input, Type type)
        : weights(type), plan(unit, input, weights, arena) {}
  };
  const auto single = std::make_shared<Single>(unit, input, bfloat16 ? Type::bf16 : Type::f32);
  return [single] { single->plan.run_steps(); };
}

bool cpu_has_bfloat16() {
  // Sets are bits. Some with a larger number lack these: AVX2-VNNI has no bfloat16 in oneDNN 2.
  const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace dfd
