// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Each fake beside the real clip it was made from: what differs otherwise between the classes, such
// as people, cameras and places, is the same there.

#pragma once

#include <nlohmann/json.hpp>

#include "judging/figures.h"

namespace dfd {

// {"by_source":{"pairs","right":{"value","low","high"}},"within_group":{"groups","pairs","right"},
// "unmatched"}. right: share of the pairs whose fake ranks above its real clip, equal scores half;
// null without pairs. by_source: each fake whose source is among the clips, and real, against that.
// within_group: each other fake against all real clips of its group. unmatched: fakes with neither.
nlohmann::ordered_json matched_pairs(const JudgedClips& judged);

}  // namespace dfd
