// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The processes that train one model together, often one a machine: ranks 0 to size - 1.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "training/launch.h"

namespace dfd {

class RankGroup;

// Longer than a machine takes to load its libraries over a network, or to cut one clip. A process
// that is killed is noticed at once, since its connections close; a machine that falls silent,
// after this time.
constexpr std::chrono::minutes kRankLimit{10};

// Thread-compatible. All ranks call the same of sum(), broadcast() and any() in the same
// order. These throw Error(kIo) when a rank is lost or a call takes longer than the limit: which
// rank lost which, and that --resume goes on. After that, all that can be done is to end.
class Ranks {
 public:
  Ranks();  // A single process: rank 0 of 1. Every call returns at once.
  // Blocks until all ranks have come. SIGPIPE is ignored in this process from then on: a rank that
  // is gone is an error, not our end. Throws Error: kIo when they do not meet within the limit;
  // kDeviceUnavailable in a build without Gloo.
  explicit Ranks(const Launch& launch, std::chrono::milliseconds limit = kRankLimit);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return launch_.rank; }
  int size() const { return launch_.size; }
  int local_rank() const { return launch_.local_rank; }
  bool first() const { return launch_.rank == 0; }

  // Each becomes the sum of all ranks' (in one message; the same bits everywhere), or rank 0's.
  // tensors: at least one, of one type, on any device; of the same shapes on all ranks.
  void sum(const std::vector<at::Tensor>& tensors);
  void broadcast(const std::vector<at::Tensor>& tensors);
  std::string broadcast(const std::string& bytes);  // Rank 0's, of whatever length.

  bool any(bool mine);  // Does any rank say so?

  // What ends this rank, for the others' errors. Where the others would lose it with us, waits for
  // a moment until they have heard it.
  void leave(const std::string& why) noexcept;

 private:
  template <typename Call>
  void complete(Call&& call);
  [[noreturn]] void lost(const std::string& why);
  std::string who_is_lost();

  Launch launch_;
  std::unique_ptr<RankGroup> group_;  // Null: a single process.
  bool over_ = false;                 // A rank was lost, or we have left.
};

}  // namespace dfd
