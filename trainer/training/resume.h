// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The file that a stopped training goes on from: OUTPUT.resume.

#pragma once

#include <string>

#include "training/state.h"
#include "training/training_data.h"

namespace dfd {

// What must not change between a training and its resumption, as a digest. Throws Error(kIo).
std::string identity_of(const TrainOptions& options, const TrainingData& data);

class ResumeFile {
 public:
  explicit ResumeFile(const std::string& output) : path_(output + ".resume") {}

  // Throws Error(kNotFound) when there is none.
  void require() const;

  // Throws Error(kIo); then the one before is still there.
  void save(const std::string& identity, const TrainingState& state) const;

  // Throws Error: kInvalidArgument when it is of another identity; kIo when it is damaged, and then
  // it is set aside.
  void load(const std::string& identity, TrainingState& state) const;

 private:
  std::string path_;
};

}  // namespace dfd
