// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/cpu_plan.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/check.h"

namespace dfd {
namespace {

using Dims = dnnl::memory::dims;
using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

// Slots that are not the arena's: what place() was given.
constexpr std::size_t kCrops = std::size_t{1} << 30;
constexpr std::size_t kEmbeddings = kCrops + 1;

Desc channels_last(const Dims& dims, Type type) { return {dims, type, Tag::nhwc}; }

std::size_t size_of(Type type) { return dnnl::memory::data_type_size(type); }

Dims dims_of(const Dims& whole, const Rows& rows) {
  return {rows.images, whole[1], rows.count, whole[3]};
}

// What a convolution reads to make a piece, and how many rows of padding that touches.
struct Reach {
  Rows from;
  std::int64_t top, bottom;
};

Reach reach_of(const Rows& to, std::int64_t to_rows, std::int64_t from_rows, std::int64_t kernel,
               std::int64_t stride, std::int64_t padding) {
  if (to.count == to_rows) return {{to.image, to.images, 0, from_rows}, padding, padding};
  const std::int64_t first = to.first * stride - padding;
  const std::int64_t end = (to.first + to.count - 1) * stride - padding + kernel;
  const std::int64_t top = std::max<std::int64_t>(0, -first);
  const std::int64_t bottom = std::max<std::int64_t>(0, end - from_rows);
  return {{to.image, 1, first + top, end - bottom - first - top}, top, bottom};
}

void append_activation(const ConvUnit& unit, dnnl::post_ops& ops) {
  const auto limit = static_cast<float>(unit.limit);
  switch (unit.activation) {
    case Activation::kNone:
      break;
    case Activation::kRelu:
      append_eltwise(ops, dnnl::algorithm::eltwise_relu, 0, 0);
      break;
    case Activation::kClip:
      append_eltwise(ops, dnnl::algorithm::eltwise_clip, -limit, limit);
      break;
  }
}

}  // namespace

void Arena::require(std::size_t slot, std::size_t bytes) {
  if (slots_.size() <= slot) slots_.resize(slot + 1);
  if (slots_[slot].bytes >= bytes) return;
  constexpr std::size_t kAlignment = 64;  // A cache line, and the widest register.
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  std::unique_ptr<void, Free> memory(std::aligned_alloc(kAlignment, rounded));
  if (!memory) throw std::bad_alloc();  // What was there stays.
  slots_[slot] = {std::move(memory), rounded};
  ++generation_;
}

dnnl::memory PackedWeights::get(const at::Tensor& dense, Tag tag, const Desc& wanted) {
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

std::vector<Rows> rows_of(int piece, int pieces, std::int64_t images, std::int64_t rows) {
  const std::int64_t end = images * rows * (piece + 1) / pieces;
  std::vector<Rows> found;
  for (std::int64_t next = images * rows * piece / pieces; next < end;) {
    Rows some{next / rows, 1, next % rows, 0};
    some.count = std::min(rows - some.first, end - next);
    if (some.count == rows) some.images = (end - next) / rows;
    next += some.images * some.count;
    found.push_back(some);
  }
  return found;
}

CpuPlan::CpuPlan(int pieces, PackedWeights& weights, Arena& arena)
    : pieces_(pieces),
      weights_(weights),
      arena_(arena),
      // The first slots are the pieces' scratchpads: those of a piece run one after another.
      slot_bytes_(static_cast<std::size_t>(pieces)),
      free_(std::make_shared<std::vector<std::size_t>>()) {
  for (int piece = 0; piece < pieces; ++piece) streams_.emplace_back(cpu());
}

CpuPlan::CpuPlan(const ConvNetwork& network, const Dims& input, int pieces, PackedWeights& weights,
                 Arena& arena)
    : CpuPlan(pieces, weights, arena) {
  Value x = std::make_shared<Place>(kCrops, input, nullptr);
  if (weights.type() != Type::f32) x = convert(x);
  network.run(*this, std::move(x));
}

CpuPlan::CpuPlan(const ConvUnit& unit, const Dims& input, int pieces, PackedWeights& weights,
                 Arena& arena)
    : CpuPlan(pieces, weights, arena) {
  conv(unit, make_value(input));
}

std::size_t CpuPlan::bytes_of(const Dims& dims) const {
  return static_cast<std::size_t>(dims[0] * dims[1] * dims[2] * dims[3]) * size_of(weights_.type());
}

CpuPlan::Value CpuPlan::make_value(const Dims& dims) {
  const std::size_t bytes = bytes_of(dims);
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
  return std::make_shared<Place>(slot, dims, free_);
}

dnnl::memory CpuPlan::place_in(std::size_t slot, std::size_t offset, const Desc& desc) {
  placed_.push_back({dnnl::memory(desc, cpu(), nullptr), slot, offset});
  return placed_.back().memory;
}

dnnl::memory CpuPlan::memory_of(const Place& value, const Rows& rows) {
  const Type type = value.slot == kCrops ? Type::f32 : weights_.type();
  const std::int64_t pixel = (rows.image * value.dims[2] + rows.first) * value.dims[3];
  return place_in(value.slot, static_cast<std::size_t>(pixel * value.dims[1]) * size_of(type),
                  channels_last(dims_of(value.dims, rows), type));
}

dnnl::primitive_attr CpuPlan::attributes(const dnnl::post_ops& after) {
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(after);
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

void CpuPlan::add(int piece, const dnnl::primitive& primitive, const Desc& scratchpad,
                  Arguments arguments) {
  if (scratchpad.get_size() > 0) {
    const auto slot = static_cast<std::size_t>(piece);
    arena_.require(slot, scratchpad.get_size());
    arguments.emplace(DNNL_ARG_SCRATCHPAD, place_in(slot, 0, scratchpad));
  }
  layers_.back()[static_cast<std::size_t>(piece)].push_back({primitive, std::move(arguments)});
}

CpuPlan::Value CpuPlan::convolve(const ConvUnit& unit, const Value& from, const Value& addend) {
  const at::Tensor& weight = unit.weight;
  const Place& x = place_of(from);
  const auto side = [&](std::size_t i) {
    return (x.dims[i + 2] + 2 * unit.padding[i] - weight.size(static_cast<std::int64_t>(i) + 2)) /
               unit.stride[i] +
           1;
  };
  const Dims dims{x.dims[0], weight.size(0), side(0), side(1)};
  const Type type = weights_.type();
  dnnl::post_ops after;
  if (addend) after.append_sum(1);
  append_activation(unit, after);
  // A sum is added into the memory of its first addend, which nobody needs afterwards.
  Value to_value = addend ? addend : make_value(dims);
  const Place& y = place_of(to_value);
  DFD_CHECK(y.dims == dims);
  begin_layer();
  for (int piece = 0; piece < pieces_; ++piece) {
    for (const Rows& to : rows_of(piece, pieces_, dims[0], dims[2])) {
      const Reach reach =
          reach_of(to, dims[2], x.dims[2], weight.size(2), unit.stride[0], unit.padding[0]);
      const auto described = describe<dnnl::convolution_forward>(
          attributes(after), dnnl::prop_kind::forward_inference,
          dnnl::algorithm::convolution_direct, channels_last(dims_of(x.dims, reach.from), type),
          Desc(weight.sizes().vec(), type, Tag::any), Desc({dims[1]}, Type::f32, Tag::a),
          channels_last(dims_of(dims, to), type), Dims(unit.stride),
          Dims{reach.top, unit.padding[1]}, Dims{reach.bottom, unit.padding[1]});
      add(piece, dnnl::convolution_forward(described), described.scratchpad_desc(),
          {{DNNL_ARG_SRC, memory_of(x, reach.from)},
           {DNNL_ARG_WEIGHTS, weights_.get(weight, Tag::oihw, described.weights_desc())},
           {DNNL_ARG_BIAS, weights_.get(unit.bias, Tag::a, described.bias_desc())},
           {DNNL_ARG_DST, memory_of(y, to)}});
    }
  }
  return to_value;
}

void CpuPlan::add_pooling(int piece, const PoolingWindow& window, const Place& x, const Rows& from,
                          const Place& y, const Rows& to) {
  const Type type = weights_.type();
  const auto described =
      describe_pooling(attributes(), window.algorithm, channels_last(dims_of(x.dims, from), type),
                       channels_last(dims_of(y.dims, to), type), window.strides, window.kernel,
                       window.before, window.after);
  add(piece, dnnl::pooling_forward(described), described.scratchpad_desc(),
      {{DNNL_ARG_SRC, memory_of(x, from)}, {DNNL_ARG_DST, memory_of(y, to)}});
}

CpuPlan::Value CpuPlan::pool(const Pooling& pooling, const Value& value) {
  const auto [algorithm, kernel, stride, padding] = pooling;
  const Place& x = place_of(value);
  const auto out = [&, kernel = kernel, stride = stride, padding = padding](std::int64_t side) {
    return (side + 2 * padding - kernel) / stride + 1;
  };
  const Value pooled = make_value({x.dims[0], x.dims[1], out(x.dims[2]), out(x.dims[3])});
  const Place& y = place_of(pooled);
  begin_layer();
  for (int piece = 0; piece < pieces_; ++piece) {
    for (const Rows& to : rows_of(piece, pieces_, y.dims[0], y.dims[2])) {
      const Reach reach = reach_of(to, y.dims[2], x.dims[2], kernel, stride, padding);
      const PoolingWindow window{algorithm,
                                 {stride, stride},
                                 {kernel, kernel},
                                 {reach.top, padding},
                                 {reach.bottom, padding}};
      add_pooling(piece, window, x, reach.from, y, to);
    }
  }
  return pooled;
}

CpuPlan::Value CpuPlan::max_pool(const Value& x) {
  return pool({dnnl::algorithm::pooling_max, 3, 2, 0}, x);
}

CpuPlan::Value CpuPlan::average_pool(const Value& x) {
  return pool({dnnl::algorithm::pooling_avg_exclude_padding, 2, 2, 0}, x);
}

CpuPlan::Value CpuPlan::average_around(const Value& x) {
  return pool({dnnl::algorithm::pooling_avg_exclude_padding, 3, 1, 1}, x);
}

CpuPlan::Value CpuPlan::join(const std::vector<Value>& parts) {
  Dims dims = place_of(parts[0]).dims;
  dims[1] = 0;
  for (const Value& part : parts) dims[1] += place_of(part).dims[1];
  const Value joined = make_value(dims);
  begin_layer();
  for (int piece = 0; piece < pieces_; ++piece) {
    for (const Rows& rows : rows_of(piece, pieces_, dims[0], dims[2])) {
      std::vector<Desc> from;
      Arguments arguments;
      for (const Value& value : parts) {
        const Place& part = place_of(value);
        arguments.emplace(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(from.size()),
                          memory_of(part, rows));
        from.push_back(channels_last(dims_of(part.dims, rows), weights_.type()));
      }
      const auto described = describe_concat(attributes(), from);
      arguments.emplace(DNNL_ARG_DST, memory_of(place_of(joined), rows));
      add(piece, dnnl::concat(described), described.scratchpad_desc(), std::move(arguments));
    }
  }
  return joined;
}

CpuPlan::Value CpuPlan::convert(const Value& crops) {
  const Place& x = place_of(crops);
  const Value converted = make_value(x.dims);
  begin_layer();
  for (int piece = 0; piece < pieces_; ++piece) {
    for (const Rows& rows : rows_of(piece, pieces_, x.dims[0], x.dims[2])) {
      const dnnl::memory from = memory_of(x, rows);
      const dnnl::memory to = memory_of(place_of(converted), rows);
      add(piece, dnnl::reorder(from, to), {}, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    }
  }
  return converted;
}

// The last layer for these rows and channels of its output, float.
void CpuPlan::add_inner(int piece, const ConvUnit& last, const Place& row, const Rows& rows,
                        std::int64_t first_channel, std::int64_t channels) {
  const at::Tensor some = last.weight.narrow(0, first_channel, channels);
  const Type type = weights_.type();
  const Desc from({rows.images, row.dims[1]}, type, Tag::ab);
  const Desc to({rows.images, channels}, Type::f32, Tag::ab);
  dnnl::post_ops after;
  append_activation(last, after);
  const auto described = describe<dnnl::inner_product_forward>(
      attributes(after), dnnl::prop_kind::forward_inference, from,
      Desc(some.sizes().vec(), type, Tag::any), Desc({channels}, Type::f32, Tag::a), to);
  const auto first_in = static_cast<std::size_t>(rows.image * row.dims[1]);
  const auto first_out = static_cast<std::size_t>(rows.image * last.weight.size(0) + first_channel);
  add(piece, dnnl::inner_product_forward(described), described.scratchpad_desc(),
      {{DNNL_ARG_SRC, place_in(row.slot, first_in * size_of(type), from)},
       {DNNL_ARG_WEIGHTS, weights_.get(some, Tag::ab, described.weights_desc())},
       {DNNL_ARG_BIAS,
        weights_.get(last.bias.narrow(0, first_channel, channels), Tag::a, described.bias_desc())},
       {DNNL_ARG_DST, place_in(kEmbeddings, first_out * sizeof(float), to)}});
}

// The mean over each picture's places.
void CpuPlan::pool_map(const Place& features, const Place& means) {
  const Dims& dims = features.dims;
  const PoolingWindow all{
      dnnl::algorithm::pooling_avg_exclude_padding, {1, 1}, {dims[2], dims[3]}, {0, 0}, {0, 0}};
  begin_layer();
  for (int piece = 0; piece < pieces_; ++piece) {
    for (const Rows& rows : rows_of(piece, pieces_, dims[0], 1)) {
      add_pooling(piece, all, features, {rows.image, rows.images, 0, dims[2]}, means, rows);
    }
  }
}

// Float, whatever the plan computes in.
CpuPlan::Value CpuPlan::mean(const Value& map) {
  const Dims& dims = place_of(map).dims;
  const Dims of_means{dims[0], dims[1], 1, 1};
  const auto embeddings = std::make_shared<Place>(kEmbeddings, of_means, nullptr);
  if (weights_.type() == Type::f32) {
    pool_map(place_of(map), *embeddings);
    return embeddings;
  }
  const Value means = make_value(of_means);
  pool_map(place_of(map), place_of(means));
  begin_layer();
  for (int piece = 0; piece < pieces_; ++piece) {
    for (const Rows& rows : rows_of(piece, pieces_, dims[0], 1)) {
      const dnnl::memory from = memory_of(place_of(means), rows);
      const dnnl::memory to =
          place_in(kEmbeddings, static_cast<std::size_t>(rows.image * dims[1]) * sizeof(float),
                   channels_last(dims_of(of_means, rows), Type::f32));
      add(piece, dnnl::reorder(from, to), {}, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    }
  }
  return embeddings;
}

// Average over the feature map, then the last layer with float results.
CpuPlan::Value CpuPlan::embed(const ConvUnit& last, const Value& map) {
  const Dims& dims = place_of(map).dims;
  const Value averaged = make_value({dims[0], dims[1], 1, 1});
  const Place& mean = place_of(averaged);
  pool_map(place_of(map), mean);
  begin_layer();
  const std::int64_t channels = last.weight.size(0);
  for (int piece = 0; piece < pieces_; ++piece) {
    if (dims[0] > 1) {
      for (const Rows& rows : rows_of(piece, pieces_, dims[0], 1)) {
        add_inner(piece, last, mean, rows, 0, channels);
      }
      continue;
    }
    // One picture: each piece is some of its channels, which lie one after the other.
    for (const Rows& some : rows_of(piece, pieces_, 1, channels)) {
      add_inner(piece, last, mean, {0, 1, 0, 1}, some.first, some.count);
    }
  }
  return std::make_shared<Place>(kEmbeddings, Dims{dims[0], channels}, nullptr);
}

void CpuPlan::place(const float* crops, float* embeddings) {
  const bool moved = generation_ != arena_.generation();
  if (!moved && crops == crops_ && embeddings == embeddings_) return;
  for (Placed& placed : placed_) {
    std::uint8_t* start = nullptr;
    if (placed.slot == kCrops) {
      // oneDNN's memories take no const pointer.
      start = reinterpret_cast<std::uint8_t*>(const_cast<float*>(crops));
    } else if (placed.slot == kEmbeddings) {
      start = reinterpret_cast<std::uint8_t*>(embeddings);
    } else if (moved) {
      start = arena_.data(placed.slot);
    } else {
      continue;
    }
    placed.memory.set_data_handle(start + placed.offset);
  }
  generation_ = arena_.generation();
  crops_ = crops;
  embeddings_ = embeddings;
}

void CpuPlan::run(int layer, int piece) const {
  const auto own = static_cast<std::size_t>(piece);
  for (const Step& step : layers_[static_cast<std::size_t>(layer)][own]) {
    step.primitive.execute(streams_[own], step.arguments);
  }
  dnnl::stream(streams_[own]).wait();
}

}  // namespace dfd
