// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the figures say to somebody who knows none of them.

#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "judging/clip_score.h"

namespace dfd {

struct PlainWords {
  std::string verdict;              // One line.
  std::vector<std::string> says;    // Texts, not HTML.
  std::vector<std::string> limits;  // What the figures do not say.
};

// summary: of these clips, the value of "summary" as summarize() makes it.
PlainWords plain_words(const std::vector<ClipScore>& clips, const nlohmann::ordered_json& summary);

}  // namespace dfd
