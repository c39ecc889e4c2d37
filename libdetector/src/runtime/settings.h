// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A session's settings, checked.

#pragma once

#include "detector/config.h"
#include "model/model_config.h"

namespace dfd {

// Settings with every "the model's" and "0: by rule" resolved. Throws Error(kInvalidArgument).
SessionConfig resolve(SessionConfig config, const ModelConfig& model);

// Throws Error(kInvalidArgument) when the rate or the number of faces is out of range.
void require_explainable(const ExplainConfig& explain);

}  // namespace dfd
