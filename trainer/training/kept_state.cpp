// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/kept_state.h"

#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "detector/error.h"

namespace dfd {

at::Tensor packed(torch::serialize::OutputArchive& archive) {
  // Not to a file: on a full disk LibTorch's writer throws from a destructor.
  std::ostringstream bytes;
  archive.save_to(bytes);
  std::string text = bytes.str();
  return at::from_blob(text.data(), {static_cast<std::int64_t>(text.size())}, at::kByte).clone();
}

void read_packed(const at::Tensor& packed, const at::Device& device,
                 torch::serialize::InputArchive& archive) {
  std::istringstream bytes(
      std::string(static_cast<const char*>(packed.data_ptr()), packed.nbytes()));
  archive.load_from(bytes, device);
}

KeptFile read_state(const std::string& path, const std::string& kind) {
  try {
    return read_kept(path, kind);
  } catch (const Error& damage) {
    if (damage.code() != ErrorCode::kCorruptModel) throw;
    throw Error(ErrorCode::kIo, std::string(damage.what()) +
                                    "; it is damaged, or of an older version, and set aside as " +
                                    set_aside(path) + "; train without --resume");
  }
}

KeptFile broadcast_kept(const KeptFile& content, Ranks& ranks) {
  using Json = nlohmann::json;
  if (ranks.size() == 1) return content;
  Json about{{"metadata", content.metadata}, {"tensors", Json::array()}};
  for (const auto& [name, tensor] : content.tensors) {
    about["tensors"].push_back({name, tensor.scalar_type(), tensor.sizes().vec()});
  }
  const Json told = Json::parse(ranks.broadcast(about.dump()));
  KeptFile heard{told["metadata"].get<Metadata>(), {}};
  for (const Json& of : told["tensors"]) {
    const auto name = of[0].get<std::string>();
    at::Tensor tensor = ranks.first() ? content.tensors.at(name).contiguous()
                                      : at::empty(of[2].get<std::vector<std::int64_t>>(),
                                                  of[1].get<at::ScalarType>());
    if (tensor.numel() > 0) ranks.broadcast({tensor});
    heard.tensors[name] = std::move(tensor);
  }
  return heard;
}

}  // namespace dfd
