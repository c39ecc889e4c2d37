// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What costs nothing, beside a model.

#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/clip.h"
#include "data/progress.h"

namespace dfd {

struct BaselineOptions {
  std::string model;
  std::string face_model;
  std::string cache;  // Of embeddings; empty: the user's.
};

// {"constant": figures, "mean_linear": figures} of the judged clips: always the training clips'
// share of fakes, and logistic regression on the mean of the backbone's embeddings, learned from
// the training clips; figures are "accuracy", "auc", "eer", "ap" and "log_loss". Null where either
// side lacks a class. clips: with digests. Throws Error: the model's.
nlohmann::ordered_json measure_baselines(const std::vector<Clip>& train,
                                         const std::vector<Clip>& judged,
                                         const BaselineOptions& options,
                                         const EmbedProgress& progress);

}  // namespace dfd
