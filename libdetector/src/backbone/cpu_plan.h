// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A network's forward of one batch size as layers of oneDNN primitives, each in pieces that may run
// at the same time: some rows of its output.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "backbone/onednn.h"
#include "backbone/ops.h"

namespace dfd {

// Memory of the activations, shared by the plans of all batch sizes: only one runs at a time.
class Arena {
 public:
  // Slots are numbered from 0. May move the memory of a slot.
  void require(std::size_t slot, std::size_t bytes);
  std::uint8_t* data(std::size_t slot) const {
    return static_cast<std::uint8_t*>(slots_[slot].memory.get());
  }
  std::uint64_t generation() const { return generation_; }  // Changes when memory moves.

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  struct Slot {
    std::unique_ptr<void, Free> memory;
    std::size_t bytes = 0;
  };
  std::vector<Slot> slots_;
  std::uint64_t generation_ = 0;
};

// Weights in the layouts that primitives asked for, shared by the plans.
class PackedWeights {
 public:
  explicit PackedWeights(dnnl::memory::data_type type) : type_(type) {}

  dnnl::memory::data_type type() const { return type_; }
  dnnl::memory get(const at::Tensor& dense, dnnl::memory::format_tag tag,
                   const dnnl::memory::desc& wanted);

 private:
  const dnnl::memory::data_type type_;
  std::map<const void*, std::vector<std::pair<dnnl::memory::desc, dnnl::memory>>> packed_;
};

// Some rows of one picture, or all rows of several.
struct Rows {
  std::int64_t image = 0, images = 1;
  std::int64_t first = 0, count = 0;
};

// The rows of one piece when so many pieces share those of so many images, one below the other.
std::vector<Rows> rows_of(int piece, int pieces, std::int64_t images, std::int64_t rows);

// Thread-compatible but for run(). Threads that build or run it must have one OpenMP thread.
class CpuPlan : private Ops {
 public:
  using Dims = dnnl::memory::dims;

  // weights and arena are borrowed. network: folded. input: [N, 3, S, S].
  CpuPlan(const ConvNetwork& network, const Dims& input, int pieces, PackedWeights& weights,
          Arena& arena);
  // Of one convolution, on whatever lies in the arena.
  CpuPlan(const ConvUnit& unit, const Dims& input, int pieces, PackedWeights& weights,
          Arena& arena);

  // Sets what the next runs read and write: float [N, 3, S, S], channels-last, and [N, D].
  void place(const float* crops, float* embeddings);

  int layers() const { return static_cast<int>(layers_.size()); }
  int pieces() const { return pieces_; }

  // The pieces of a layer in any order and on any threads, after all of the layer before. Throws
  // dnnl::error.
  void run(int layer, int piece) const;

 private:
  // A value of the plan: where it lies while the plan runs.
  struct Place : Data {
    std::size_t slot = 0;
    Dims dims;
    std::shared_ptr<std::vector<std::size_t>> free;  // Gets the slot when nobody needs it; or null.
    Place(std::size_t in, Dims of, std::shared_ptr<std::vector<std::size_t>> freed)
        : slot(in), dims(std::move(of)), free(std::move(freed)) {}
    ~Place() override {
      if (free) free->push_back(slot);
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
  };
  using Arguments = std::unordered_map<int, dnnl::memory>;
  struct Step {
    dnnl::primitive primitive;
    Arguments arguments;
  };
  // A memory and where in a slot it lies, in bytes.
  struct Placed {
    dnnl::memory memory;
    std::size_t slot;
    std::size_t offset;
  };

  CpuPlan(int pieces, PackedWeights& weights, Arena& arena);

  // --- The Ops, while the plan is made
  Value conv(const ConvUnit& unit, const Value& x) override { return convolve(unit, x, nullptr); }
  Value add_conv(const ConvUnit& unit, const Value& x, const Value& addend) override {
    return convolve(unit, x, addend);
  }
  Value max_pool(const Value& x) override;
  Value average_pool(const Value& x) override;
  Value average_around(const Value& x) override;
  Value join(const std::vector<Value>& parts) override;
  Value embed(const ConvUnit& last, const Value& map) override;
  Value mean(const Value& map) override;

  static const Place& place_of(const Value& value) { return static_cast<const Place&>(*value); }
  Value make_value(const Dims& dims);
  std::size_t bytes_of(const Dims& dims) const;
  dnnl::memory memory_of(const Place& value, const Rows& piece);
  dnnl::memory place_in(std::size_t slot, std::size_t offset, const dnnl::memory::desc& desc);
  static dnnl::primitive_attr attributes(const dnnl::post_ops& after = {});
  void begin_layer() { layers_.emplace_back(static_cast<std::size_t>(pieces_)); }
  void add(int piece, const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
           Arguments arguments);
  Value convolve(const ConvUnit& unit, const Value& from, const Value& addend);
  // Of windows of kernel x kernel places.
  struct Pooling {
    dnnl::algorithm algorithm;
    std::int64_t kernel, stride, padding;
  };
  Value pool(const Pooling& pooling, const Value& from);
  // Of some rows: how much of the padding they touch is before and after them.
  struct PoolingWindow {
    dnnl::algorithm algorithm;
    Dims strides, kernel, before, after;
  };
  void add_pooling(int piece, const PoolingWindow& window, const Place& x, const Rows& from,
                   const Place& y, const Rows& to);
  void pool_map(const Place& features, const Place& means);
  Value convert(const Value& crops);
  void add_inner(int piece, const ConvUnit& last, const Place& row, const Rows& rows,
                 std::int64_t first_channel, std::int64_t channels);

  const int pieces_;
  PackedWeights& weights_;
  Arena& arena_;
  std::vector<std::size_t> slot_bytes_;
  std::shared_ptr<std::vector<std::size_t>> free_;  // Slots.
  std::vector<Placed> placed_;
  std::uint64_t generation_ = 0;
  const float* crops_ = nullptr;
  float* embeddings_ = nullptr;
  std::vector<dnnl::stream> streams_;            // One a piece.
  using Layer = std::vector<std::vector<Step>>;  // [piece][step]
  std::vector<Layer> layers_;
};

}  // namespace dfd
