// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How good a model is on a data set that it has not seen.

#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "data/progress.h"

namespace dfd {

struct EvaluateOptions {
  std::string model;
  std::string data;        // Manifest or folder.
  std::string face_model;  // YuNet or MTCNN's weights, where the model was trained with one.
  std::string cache;       // Of embeddings, for baselines; empty: the user's.
  bool baselines = false;
  std::string report;       // Folder of the page; empty: none.
  bool pictures = true;     // On the page.
  std::string curves;       // File of the JSON lines of a training, for the page; empty: none.
  std::string output;       // The model again, with its card; empty: none.
  int draws = 1000;         // Of the bootstrap.
  bool robustness = false;  // Play clips again, made worse in many ways.
  std::size_t robustness_clips = 100;  // At most, half of each class; >= 2.
};

struct EvaluateProgress {
  EmbedProgress embedding;  // Of baselines.
  std::function<void(int done, int of)> judged;
  std::function<void(int done, int of)> changed;  // Clips played again, for robustness.
  std::function<void(int done, int of)> checked;  // Clips looked at, for the report.
  std::function<void(const nlohmann::ordered_json& line)> print;
};

struct Evaluation {
  std::size_t clips = 0;   // That were to be judged.
  std::size_t failed = 0;  // Of them, could not be read.
  std::string table;       // The summary, for people.
};

// Plays the test side, or all of a list without sides, but the clips that the model knows. Prints
// one line a clip, as clip_score.h has them, and then {"summary": {...}} as summary.h has it, with
// "side" ("test list", "unlisted clips", or "unknown" where the model does not say what it was
// trained on), "known" (clips left out), "failed", "warning" and, where asked for, "baselines" and
// "robustness": a list of points, as robustness.h has them. Throws Error; kInvalidArgument when no
// clip is left.
Evaluation evaluate(const EvaluateOptions& options, const EvaluateProgress& progress);

}  // namespace dfd
