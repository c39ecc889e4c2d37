// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/resume.h"

#include <cstdint>
#include <filesystem>
#include <sstream>

#include "base/check.h"
#include "base/file.h"
#include "training/kept_state.h"

namespace dfd {
namespace {

constexpr const char* kKind = "training-state";
constexpr const char* kState = "state";       // LibTorch's archive of head and optimizer.
constexpr const char* kBestPrefix = "best.";  // The head's tensors after its best epoch.

at::Tensor pack(const TrainableLstmHead& head, const torch::optim::Adam& optimizer) {
  torch::serialize::OutputArchive archive;
  torch::serialize::OutputArchive weights;
  torch::serialize::OutputArchive moments;
  head.save(weights);
  optimizer.save(moments);
  archive.write("head", weights);
  archive.write("optimizer", moments);
  return packed(archive);
}

void unpack(const at::Tensor& bytes, TrainableLstmHead& head, torch::optim::Adam& optimizer) {
  torch::serialize::InputArchive archive;
  torch::serialize::InputArchive weights;
  torch::serialize::InputArchive moments;
  read_packed(bytes, at::kCPU, archive);
  archive.read("head", weights);
  archive.read("optimizer", moments);
  head.load(weights);
  optimizer.load(moments);
}

}  // namespace

std::string identity_of(const TrainOptions& options, const TrainingData& data) {
  const SamplingRule& rule = data.rule;
  std::ostringstream all;
  all << data.digest << ' ' << data.split << ' ' << options.seed << ' ' << options.backbone << ' '
      << to_string(rule.input.crop) << ' ' << rule.frames << ' ' << rule.input.margin << ' '
      << to_string(rule.tracks) << ' ' << options.seed_recipe << ' ' << options.batch << ' '
      << data.backbone.digest;
  // A clip that could not be read then, or cannot now, makes it another training.
  for (const Side* side : {&data.train, &data.validation}) {
    all << " side";
    for (const Clip& clip : side->windows.clips) all << ' ' << clip.digest;
  }
  for (const std::string& file : {options.backbone, rule.face_model}) {
    if (std::filesystem::is_regular_file(file)) all << ' ' << sha256_of_file(file);
  }
  const std::string text = all.str();
  return sha256(text.data(), text.size());
}

void ResumeFile::require() const {
  DFD_REQUIRE(std::filesystem::exists(path_), ErrorCode::kNotFound,
              path_ << ": nothing to resume; train without --resume first");
}

void ResumeFile::save(const std::string& identity, const TrainingState& state) const {
  const EpochReport& best = state.best_report;
  KeptFile kept;
  kept.tensors[kState] = pack(state.head, state.optimizer);
  for (const auto& [name, tensor] : state.best) kept.tensors[kBestPrefix + name] = tensor;
  kept.metadata = {{"identity", identity},
                   {"epoch", std::to_string(state.epoch)},
                   {"best_epoch", std::to_string(best.epoch)}};
  kept.tensors["best_numbers"] =
      at::tensor({best.validation_loss, best.validation_accuracy}, at::kDouble);
  write_kept(path_, kKind, kept);
}

void ResumeFile::load(const std::string& identity, TrainingState& state) const {
  KeptFile kept = read_state(path_, kKind);
  DFD_REQUIRE(kept.metadata["identity"] == identity, ErrorCode::kInvalidArgument,
              path_ << ": of other clips, another backbone, rule, batch or seed, or some clips "
                       "can be read now that could not then, or the other way round; give the "
                       "options it was trained with, or train without --resume");
  unpack(kept.tensors.at(kState), state.head, state.optimizer);
  const std::string prefix = kBestPrefix;
  for (const auto& [name, tensor] : kept.tensors) {
    if (name.rfind(prefix, 0) == 0) state.best[name.substr(prefix.size())] = tensor;
  }
  const at::Tensor& numbers = kept.tensors.at("best_numbers");
  state.best_report.validation_loss = numbers[0].item<double>();
  state.best_report.validation_accuracy = numbers[1].item<double>();
  state.best_report.epoch = std::stoi(kept.metadata["best_epoch"]);
  state.epoch = std::stoi(kept.metadata["epoch"]);
}

}  // namespace dfd
