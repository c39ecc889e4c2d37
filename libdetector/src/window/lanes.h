// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A window that slides without recomputing: T LSTM states, started one sample (or stride samples)
// apart, are advanced together; the one that has seen T samples gives the logit and starts anew.
// Equal to running the LSTM over the last T embeddings each time; docs/decisions/0003.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "window/lstm_head.h"

namespace dfd {

// The lanes of one track. Thread-compatible.
class Lanes {
 public:
  // length: samples in a window (T), >= 1. stride: samples between two windows, >= 1.
  Lanes(int length, int stride);

  void restart();  // Forgets all samples: after a gap.

  bool next_fills() const;  // Does the next sample fill a window?

  std::size_t bytes() const;                         // Of its states.
  std::int64_t samples() const { return samples_; }  // Since the last restart.
  std::int64_t windows() const { return windows_; }  // Full ones since the last restart.

 private:
  friend class LaneStepper;

  int length_;
  int stride_;
  std::vector<int> ages_;  // Samples a lane has seen; -1: it waits for its turn.
  std::int64_t samples_ = 0;
  std::int64_t windows_ = 0;
  at::Tensor hidden_, cell_;  // float [layers, lanes, H]; undefined before the first sample.
};

// What an LSTM remembers: float [layers, 1, H] each, on the head's device.
struct LstmState {
  at::Tensor hidden, cell;
};

// Advances the lanes of any number of tracks in one batch. Thread-compatible.
class LaneStepper {
 public:
  explicit LaneStepper(const LstmHead& head) : head_(head) {}

  // Gives tracks[i] the embedding of row i of float [N, D]. Returns a logit for each track whose
  // window became full with it. A track may stand in the list once.
  std::vector<std::optional<double>> advance(const std::vector<Lanes*>& tracks,
                                             const at::Tensor& embeddings) const;

  // A copy of the state, before it is advanced, of the lane that becomes full with the track's next
  // sample: what the window's other samples left. None where no lane does.
  std::optional<LstmState> before_full(const Lanes& track) const;

  // The logit of the oldest lane of a track whose first window is not full yet; none without a
  // sample.
  std::optional<double> partial(const Lanes& track) const;

 private:
  void start_due_lanes(Lanes& track) const;

  const LstmHead& head_;
};

}  // namespace dfd
