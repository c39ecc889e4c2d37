// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Any network that turns a track's embeddings into a logit for each window, and the list of those
// there are, by the names in model files. To add one: a file pair in this folder that implements
// Head and Window, and a line in head.cpp.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "detector/report.h"
#include "model/model_config.h"
#include "model/weights.h"

namespace dfd {

class Head;

// What a window says.
struct WindowLogit {
  double logit = 0;  // The larger of evidence's, where the head tells them apart.
  // One of each kind, in kEvidence's order; none where the head knows no kinds.
  std::optional<std::array<double, kEvidence.size()>> evidence = {};
};

// Of a logit for each row of a head. kinds: which kind of evidence each row is of; empty where the
// head, of one row then, knows none. A kind's logit is the largest of its rows.
WindowLogit window_logit(at::ArrayRef<double> rows, const std::vector<Evidence>& kinds);

// What one track has shown a network so far. Made and understood by its head or scorer alone. It
// keeps the head alive: it may end on any thread, after the scorer. Thread-compatible.
class Window {
 public:
  virtual ~Window() = default;
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  virtual bool next_fills() const = 0;    // Does the next sample give a logit?
  virtual void restart() = 0;             // Forgets all samples: after a gap.
  virtual std::size_t bytes() const = 0;  // Of memory that its samples take.

 protected:
  explicit Window(std::shared_ptr<const Head> head) : head_(std::move(head)) {}

 private:
  std::shared_ptr<const Head> head_;
};

// What a window held before a sample that is to be explained. Made and used by its head alone.
class WindowMemory {
 public:
  virtual ~WindowMemory() = default;
};

// Thread-compatible; all but its making only reads it. Lives in a shared_ptr.
class Head : public std::enable_shared_from_this<Head> {
 public:
  virtual ~Head() = default;
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  virtual std::int64_t embedding_size() const = 0;  // D

  // length: samples in a window (T). stride: samples between two windows. Both >= 1, else throws
  // Error(kInvalidArgument).
  virtual std::unique_ptr<Window> make_window(int length, int stride) const = 0;

  // Gives windows[i] the embedding of row i of float [N, D], on the head's device. Returns the
  // logit of each window that became full with it. A window may stand in the list once.
  virtual std::vector<std::optional<WindowLogit>> advance(const std::vector<Window*>& windows,
                                                          const at::Tensor& embeddings) const = 0;

  // The logit so far of a window that was never full; none without a sample.
  virtual std::optional<WindowLogit> partial(const Window& window) const = 0;

  // Of which kind of evidence each row is; empty where the head has one row and knows no kinds.
  virtual std::vector<Evidence> row_kinds() const { return {}; }

  // Whole windows at once, as training and evaluation have them: float [N, T, D] -> float [N, R],
  // the logit of each row.
  virtual at::Tensor score_rows(const at::Tensor& embeddings) const = 0;

  // The largest of each window's: -> float [N].
  at::Tensor score_windows(const at::Tensor& embeddings) const;

  // What the window holds before the sample that fills it; null where none does, or where this head
  // cannot be explained.
  virtual std::unique_ptr<WindowMemory> before_full(const Window& window) const;

  // The logit, float [1], of the window that this embedding, float [1, D], fills: the largest
  // row's. Gradients reach the embedding.
  virtual at::Tensor logit_of(const WindowMemory& before, const at::Tensor& embedding) const;

 protected:
  Head() = default;
};

struct HeadKind {
  // Checks what the model file says of it. Throws Error(kCorruptModel).
  std::function<void(const HeadInfo& info, const std::string& where)> check;
  // Takes its tensors and moves them to the device. type: of the weights and factors of its
  // products; states and sums stay float. Throws Error(kUnsupportedModel).
  std::function<std::shared_ptr<Head>(TensorSource& source, const HeadInfo& info,
                                      const at::Device& device, at::ScalarType type)>
      make;
};

// Thread-safe. The name must be new.
void add_head(const std::string& name, HeadKind kind);

// Thread-safe; stays where it is. where: the file, for Error(kUnsupportedModel), which names those
// that are known.
const HeadKind& head_kind(const std::string& name, const std::string& where);

}  // namespace dfd
