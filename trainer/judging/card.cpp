// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/card.h"

namespace dfd {

nlohmann::ordered_json card_of(const nlohmann::ordered_json& result) {
  const nlohmann::ordered_json& summary = result.at("summary");
  nlohmann::ordered_json card;
  for (const char* key : {"model", "manifest_digest", "side", "threshold", "clips", "overall"}) {
    card[key] = summary.value(key, nlohmann::ordered_json());
  }
  card["by_generator"] = nlohmann::ordered_json::array();
  for (const auto& generator : summary.at("by_generator")) {
    card["by_generator"].push_back({{"generator", generator.at("generator")},
                                    {"fake", generator.at("all").at("fake")},
                                    {"auc", generator.at("all").at("auc")}});
  }
  for (const char* key : {"pairs", "remarks", "warning"}) {
    card[key] = summary.value(key, nlohmann::ordered_json());
  }
  return card;
}

}  // namespace dfd
