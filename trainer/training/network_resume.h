// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The file that a stopped training from pictures goes on from: OUTPUT.resume.

#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "model/weights.h"
#include "samples/kept_file.h"
#include "training/network.h"
#include "training/ranks.h"
#include "training/train_network.h"

namespace dfd {

// All that changes with steps, besides the network.
struct NetworkProgress {
  std::int64_t step = 0;  // Done.
  double loss = 0;        // Summed since the last report.
  TensorMap best;         // Empty before the first report.
  StepReport best_report;
};

class NetworkResume {
 public:
  // identity: what must not change between a training and its resumption.
  NetworkResume(const std::string& output, std::string identity)
      : path_(output + ".resume"), identity_(std::move(identity)) {}

  // Throws Error(kIo); then the one before is still there.
  void save(const TrainedNetwork& network, const NetworkProgress& progress) const;

  // What rank 0 finds, on all. Throws Error: kNotFound when there is none; kInvalidArgument when it
  // is of another identity; kIo when it is damaged, and then it is set aside; as Ranks.
  void load(TrainedNetwork& network, NetworkProgress& progress, Ranks& ranks) const;

 private:
  KeptFile read() const;

  std::string path_;
  std::string identity_;
};

}  // namespace dfd
