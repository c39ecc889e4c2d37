// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/inspect.h"

#include "model/safetensors.h"

namespace dfd {

nlohmann::ordered_json inspect_file(const std::string& path) {
  const SafetensorsFile file(path);
  nlohmann::ordered_json result;
  const auto kind = file.metadata().find("kind");
  result["kind"] = kind == file.metadata().end() ? "unknown" : kind->second;
  result["metadata"] = file.metadata();
  const auto card = file.metadata().find("training.card");
  if (card != file.metadata().end()) {
    // As it is where it is no JSON: somebody else's.
    auto parsed = nlohmann::ordered_json::parse(card->second, nullptr, /*allow_exceptions=*/false);
    result["card"] = parsed.is_discarded() ? nlohmann::ordered_json(card->second) : parsed;
    result["metadata"].erase("training.card");
  }
  result["tensors"] = nlohmann::ordered_json::array();
  for (const auto& [name, tensor] : file.tensors()) {
    result["tensors"].push_back({{"name", name}, {"dtype", tensor.dtype}, {"shape", tensor.shape}});
  }
  return result;
}

}  // namespace dfd
