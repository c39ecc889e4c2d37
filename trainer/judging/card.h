// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A model's card: what was measured of it, on what, and what is to be known before it is believed;
// kept in the model file, as "training.card".

#pragma once

#include <nlohmann/json.hpp>

namespace dfd {

constexpr const char* kCardKey = "card";  // Of ModelConfig::training.

// Of what summarize() and evaluate() made: "model" (the file it was measured as),
// "manifest_digest", "side", "threshold", "clips", "overall" with intervals, "by_generator" (AUC
// against all real clips), "pairs", "remarks" (shortcuts that raised an alarm among them),
// "warning".
nlohmann::ordered_json card_of(const nlohmann::ordered_json& result);

}  // namespace dfd
