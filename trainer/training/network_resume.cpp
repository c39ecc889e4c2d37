// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/network_resume.h"

#include <filesystem>

#include "base/check.h"
#include "training/kept_state.h"

namespace dfd {
namespace {

constexpr const char* kKind = "network-training";
constexpr const char* kBestPrefix = "best.";

}  // namespace

void NetworkResume::save(const TrainedNetwork& network, const NetworkProgress& progress) const {
  KeptFile kept;
  kept.tensors = network.state();
  for (const auto& [name, tensor] : progress.best) kept.tensors[kBestPrefix + name] = tensor;
  kept.metadata = {{"identity", identity_},
                   {"step", std::to_string(progress.step)},
                   {"best_step", std::to_string(progress.best_report.step)}};
  const StepReport& best = progress.best_report;
  kept.tensors["numbers"] = at::tensor(
      {progress.loss, best.validation.loss, best.validation.auc, best.validation.accuracy},
      at::kDouble);
  write_kept(path_, kKind, kept);
}

KeptFile NetworkResume::read() const {
  DFD_REQUIRE(std::filesystem::exists(path_), ErrorCode::kNotFound,
              path_ << ": nothing to resume; train without --resume first");
  KeptFile kept = read_state(path_, kKind);
  DFD_REQUIRE(kept.metadata["identity"] == identity_, ErrorCode::kInvalidArgument,
              path_ << ": of other clips, another backbone, rule, or other options; give those it "
                       "was trained with, or train without --resume");
  return kept;
}

void NetworkResume::load(TrainedNetwork& network, NetworkProgress& progress, Ranks& ranks) const {
  KeptFile kept = broadcast_kept(ranks.first() ? read() : KeptFile(), ranks);
  network.restore(kept.tensors);
  const std::string prefix = kBestPrefix;
  for (const auto& [name, tensor] : kept.tensors) {
    if (name.rfind(prefix, 0) == 0) progress.best[name.substr(prefix.size())] = tensor;
  }
  progress.step = std::stoll(kept.metadata["step"]);
  progress.best_report.step = std::stoll(kept.metadata["best_step"]);
  const auto* numbers = kept.tensors.at("numbers").data_ptr<double>();
  progress.loss = numbers[0];
  progress.best_report.validation.loss = numbers[1];
  progress.best_report.validation.auc = numbers[2];
  progress.best_report.validation.accuracy = numbers[3];
}

}  // namespace dfd
