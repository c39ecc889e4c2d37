// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a face's report says of its newest window.

#pragma once

#include "detector/report.h"
#include "model/model_config.h"
#include "window/head.h"

namespace dfd {

// The window's calibrated score, and of a model that knows kinds of evidence the kind that it
// speaks of and each one's. Throws Error(kInference) for logits that are no finite numbers, and
// leaves the report as it was.
void set_score(FaceReport& face, const WindowLogit& window, const ModelConfig& model);

void forget_score(FaceReport& face);

}  // namespace dfd
