// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How good a model is on a data set, beside what costs nothing.

#pragma once

#include <functional>
#include <map>
#include <string>

#include "metrics.h"

namespace dfd {

struct Evaluation {
  Metrics model;
  Metrics constant;                        // Always the training set's share of fakes.
  Metrics mean_linear;                     // Logistic regression on the mean embedding: no LSTM.
  std::map<std::string, Metrics> by_kind;  // Each kind of fake against all real clips.
  int without_face = 0;
  std::string side;     // "test list" or "validation".
  std::string warning;  // The model's.
};

struct EvaluateOptions {
  std::string model;
  std::string data;
  std::string face_model;  // MTCNN's weights, where the model was trained with them.
  std::string cache;       // Folder; empty: .features in the data set.
};

// Scores the test list, or the validation side where there is none. Throws Error.
Evaluation evaluate(const EvaluateOptions& options,
                    const std::function<void(int, int, int)>& progress);

}  // namespace dfd
