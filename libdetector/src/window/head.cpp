// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/head.h"

#include <utility>

#include "base/registry.h"
#include "window/lstm_windows.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

KindRegistry<HeadKind>& registry() {
  // Never destroyed: models may be loaded while the process ends.
  static auto* const kKinds =
      new KindRegistry<HeadKind>("head.type", {{kLstm, lstm_kind()}, {kMean, mean_kind()}});
  return *kKinds;
}

}  // namespace

at::Tensor Head::score_windows(const at::Tensor& embeddings) const {
  return score_kinds(embeddings).amax(1);
}

std::unique_ptr<WindowMemory> Head::before_full(const Window& /*window*/) const { return nullptr; }

at::Tensor Head::logit_of(const WindowMemory& /*before*/, const at::Tensor& /*embedding*/) const {
  throw Error(ErrorCode::kInternal, "this head explains nothing");
}

void add_head(const std::string& name, HeadKind kind) { registry().add(name, std::move(kind)); }

const HeadKind& head_kind(const std::string& name, const std::string& where) {
  return registry().get(name, where);
}

}  // namespace dfd
