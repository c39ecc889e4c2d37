// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How good a model is on a data set, beside what costs nothing.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "data/progress.h"
#include "judging/metrics.h"

namespace dfd {

struct Evaluation {
  Metrics model;
  // What costs nothing, learned from those clips here that the model was trained on; none where
  // there are none with a face and of both classes.
  std::optional<Metrics> constant;         // Always their share of fakes.
  std::optional<Metrics> mean_linear;      // Logistic regression on the mean embedding: no LSTM.
  std::map<std::string, Metrics> by_kind;  // Each kind of fake against all real clips.
  std::size_t known = 0;  // Left out: the model was trained on them, or its epoch chosen by them.
  std::size_t without_face = 0;
  std::size_t clips = 0;   // To be judged.
  std::size_t failed = 0;  // Of them, could not be read.
  // What was judged: "test list" or, where there is none, "unlisted clips"; "unknown" where the
  // model does not say what it was trained on.
  std::string side;
  std::string warning;  // The model's.
};

struct EvaluateOptions {
  std::string model;
  std::string data;        // Folder or manifest.
  std::string face_model;  // YuNet or MTCNN's weights, where the model was trained with one.
  std::string cache;       // Folder; empty: the user's (samples/embeddings.h).
};

// Scores the clips whose split is test, or all where no line has one, but those the model knows.
// Throws Error; kInvalidArgument when none is left, or none of one class.
Evaluation evaluate(const EvaluateOptions& options, const EmbedProgress& progress);

}  // namespace dfd
