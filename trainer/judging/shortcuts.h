// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Alarms: what tells real from fake in a data set without any look at a forgery.

#pragma once

#include <nlohmann/json.hpp>

#include "judging/figures.h"

namespace dfd {

// For each of "constant", "bytes", "pixels", "sharpness" and "brightness" alone:
// {"by","clips","auc":{"value","low","high"},"alarm","why"}. Of the clips where it is known, and
// none where it is unknown everywhere or one class alone has it. An alarm where its AUC is at least
// 0.15 from a half, on either side, or so far from it that the model's on the same clips is no
// further than 0.05 beyond. why: for people; empty without an alarm.
nlohmann::ordered_json shortcut_alarms(const JudgedClips& judged);

}  // namespace dfd
