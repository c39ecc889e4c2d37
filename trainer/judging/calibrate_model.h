// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A model whose probabilities were fitted to clips that it was not trained on.

#pragma once

#include <functional>
#include <string>

#include <nlohmann/json.hpp>

#include "data/progress.h"
#include "judging/calibration.h"

namespace dfd {

struct CalibrateOptions {
  std::string model;
  std::string data;  // Manifest or folder.
  std::string output;
  std::string face_model;  // Where the model was trained with one.
  CalibrationOptions fit;  // But for what holds now, which is the model's.
};

// Plays the validation side, or all of a list without sides, but clips that the model was trained
// on, fits (calibration.h), and writes the model with the new temperature, bias and threshold, and
// with what they were fitted to under "training.calibration". Returns the calibration as JSON, with
// "manifest" and "unscored". Throws Error; kInvalidArgument when a class is missing.
nlohmann::ordered_json calibrate_model(const CalibrateOptions& options, const Say& say,
                                       const std::function<void(int done, int of)>& judged);

}  // namespace dfd
