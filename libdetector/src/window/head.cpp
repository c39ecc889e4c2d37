// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/head.h"

#include <cmath>
#include <limits>
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

WindowLogit window_logit(at::ArrayRef<double> rows, const std::vector<Evidence>& kinds) {
  if (kinds.empty()) {
    DFD_CHECK(rows.size() == 1);
    return WindowLogit{rows[0]};
  }
  DFD_CHECK(rows.size() == kinds.size());
  // What is no number must not hide behind another.
  const auto larger = [](double a, double b) { return std::isnan(a) || a > b ? a : b; };
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  std::array<double, kEvidence.size()> evidence{};
  double largest = kNone;
  for (std::size_t kind = 0; kind < kEvidence.size(); ++kind) {
    double of_kind = kNone;
    for (std::size_t row = 0; row < kinds.size(); ++row) {
      if (kinds[row] == kEvidence.at(kind)) of_kind = larger(rows[row], of_kind);
    }
    evidence.at(kind) = of_kind;
    largest = larger(of_kind, largest);
  }
  return WindowLogit{largest, evidence};
}

at::Tensor Head::score_windows(const at::Tensor& embeddings) const {
  return score_rows(embeddings).amax(1);
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
