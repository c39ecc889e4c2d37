// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/head.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/registry.h"
#include "window/lstm_windows.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

KindRegistry<HeadKind>& registry() {
  // Never destroyed: models may be loaded while the process ends.
  static auto* const kKinds = new KindRegistry<HeadKind>(
      "head.type", {{kLstm, lstm_kind()}, {kMean, mean_kind()}, {kNone, none_kind()}});
  return *kKinds;
}

}  // namespace

WindowLogit window_logit(at::ArrayRef<double> kinds) {
  if (kinds.size() == 1) return WindowLogit{kinds[0]};
  DFD_CHECK(kinds.size() == kEvidence.size());
  // What is no number must not hide behind the other.
  const bool second = std::isnan(kinds[1]) || kinds[1] > kinds[0];
  return WindowLogit{kinds[second ? 1 : 0], std::array{kinds[0], kinds[1]}};
}

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
