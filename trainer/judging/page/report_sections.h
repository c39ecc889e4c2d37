// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The report's parts that stand in the summary, as HTML; each with its heading, or empty where
// there is nothing to be said. summary: the value of "summary", as summarize() makes it.

#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "judging/calibration.h"
#include "judging/clip_score.h"

namespace dfd {

std::string words_section(const std::vector<ClipScore>& clips,
                          const nlohmann::ordered_json& summary);
std::string glance_section(const nlohmann::ordered_json& summary);
std::string figures_section(const nlohmann::ordered_json& summary);
std::string matched_section(const nlohmann::ordered_json& summary);
std::string shortcut_section(const nlohmann::ordered_json& summary);
std::string unscored_section(const nlohmann::ordered_json& summary);
std::string calibration_section(const Calibration& calibration);
std::string footer(const nlohmann::ordered_json& summary);

}  // namespace dfd
