// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/network.h"

#include <algorithm>
#include <cmath>

#include <torch/nn/utils/clip_grad.h>
#include <torch/utils.h>

#include "backbone/traced.h"
#include "base/check.h"
#include "data/random.h"
#include "training/kept_state.h"
#include "training/loss.h"

namespace dfd {
namespace {

constexpr double kPi = 3.14159265358979323846;

// How fast kept statistics follow the groups': a network's activations change with every step.
constexpr double kStatisticsRate = 0.05;

void check(const NetworkOptions& options) {
  const auto require = [](bool good, const char* what) {
    DFD_REQUIRE(good, ErrorCode::kInvalidArgument, what);
  };
  require(options.group >= 2, "group: at least 2 pictures expected");
  require(options.learning_rate > 0 && options.learning_rate <= 1,
          "learning-rate: above 0, at most 1 expected");
  require(options.weight_decay >= 0 && options.weight_decay <= 1, "weight-decay: 0 to 1 expected");
  require(options.label_smoothing >= 0 && options.label_smoothing < 1,
          "label-smoothing: 0 to below 1 expected");
  require(options.average >= 0 && options.average < 1, "average: 0 to below 1 expected");
  require(options.keep >= 0 && options.keep < 1, "keep: 0 to below 1 expected");
  require(options.gradient_limit > 0, "gradient-limit: above 0 expected");
}

std::unique_ptr<Backbone> copy_of(const BackboneParts& parts) {
  TensorMap copies;
  for (const auto& [name, tensor] : parts.tensors) {
    // A traced network's are of the types that it says.
    const bool widened = parts.info.name != kTraced && tensor.is_floating_point();
    copies[name] = tensor.to(widened ? at::kFloat : tensor.scalar_type(),
                             /*non_blocking=*/false, /*copy=*/true);
  }
  TensorSource source(parts.info.source, std::move(copies));
  return backbone_kind(parts.info.name, parts.info.source).make(source, "", parts.info.settings);
}

// Pictures of windows, in their order, as the backbone takes them: float [N T, 3, S, S], or clips.
at::Tensor taken(const Backbone& backbone, const at::Tensor& pictures) {
  const int clip = backbone.clip_length();
  if (clip == 0) return pictures.contiguous(at::MemoryFormat::ChannelsLast);
  return pictures.view({-1, clip, pictures.size(1), pictures.size(2), pictures.size(3)});
}

// Windows whose batch norm statistics are taken together: whole pairs, as many real as fake.
std::int64_t windows_in_group(std::int64_t group, std::int64_t samples) {
  return std::max<std::int64_t>(1, group / samples / 2) * 2;
}

// Can those weights begin with known ones? These are as large, or have fewer rows of a head of so
// many that know kinds of evidence.
bool begins(const at::Tensor& known, const at::Tensor& weights, std::size_t rows) {
  if (known.sizes() == weights.sizes()) return true;
  return rows > kEvidence.size() && known.dim() == weights.dim() &&
         known.size(0) >= static_cast<std::int64_t>(kEvidence.size()) &&
         known.size(0) < weights.size(0) && known[0].sizes() == weights[0].sizes();
}

void add(const NormStatisticsMap& group, NormStatisticsMap& sums) {
  const torch::NoGradGuard no_grad;
  for (const auto& [norm, seen] : group) {
    NormStatistics& sum = sums[norm];
    sum.mean = sum.mean.defined() ? sum.mean + seen.mean : seen.mean.detach().clone();
    sum.variance =
        sum.variance.defined() ? sum.variance + seen.variance : seen.variance.detach().clone();
  }
}

}  // namespace

PairRange share_of(int pairs, int samples, int group, int rank, int size) {
  const auto in_group = static_cast<int>(windows_in_group(group, samples) / 2);  // Pairs.
  const int groups = (pairs + in_group - 1) / in_group;
  DFD_REQUIRE(groups >= size, ErrorCode::kInvalidArgument,
              "a step of " << pairs << " pairs is done in groups of " << in_group << ", which are "
                           << groups << ", too few for " << size << " ranks; give --pairs "
                           << in_group * size << " or more, or start fewer ranks");
  const auto begin = [&](std::int64_t of_rank) {
    return std::min(pairs, static_cast<int>(groups * of_rank / size) * in_group);
  };
  return {begin(rank), begin(rank + 1)};
}

TrainedNetwork::TrainedNetwork(const NetworkOptions& options, const BackboneParts& parts,
                               const TensorMap& head, Ranks* ranks)
    : options_(options), ranks_(ranks), backbone_(copy_of(parts)) {
  check(options);
  const auto layers = backbone_->trainable_layers();
  learns_ = !layers.empty();
  DFD_REQUIRE(learns_ || options.unfreeze == 0, ErrorCode::kInvalidArgument,
              "backbone " << parts.info.name << " cannot be trained; a head on it can, with "
                          << "--unfreeze 0");
  DFD_REQUIRE(options.unfreeze <= static_cast<int>(layers.size()), ErrorCode::kInvalidArgument,
              "unfreeze " << options.unfreeze << ": " << parts.info.name << " has " << layers.size()
                          << " layers");
  backbone_->move(options.device.device);
  const TensorMap tensors = backbone_->tensors();
  std::vector<at::Tensor> weights;
  std::vector<at::Tensor> others;
  const auto train = [&](const at::Tensor& tensor) {
    trained_.push_back(tensor.set_requires_grad(true));
    (tensor.dim() > 1 ? weights : others).push_back(tensor);
  };
  const std::size_t free =
      options.unfreeze < 0 ? layers.size() : static_cast<std::size_t>(options.unfreeze);
  for (std::size_t i = layers.size() - free; i < layers.size(); ++i) {
    for (const std::string& name : layers[i]) train(tensors.at(name));
  }
  torch::manual_seed(options.seed);
  head_ = make_trainable_head(options.head, backbone_->embedding_size(), options.rows,
                              options.fake_index);
  begin_head_with(head);
  head_->to(options.device.device);
  all_ = join_tensors({tensors, {}});
  for (const auto& item : head_->named_parameters()) {
    train(item.value());
    all_[item.key()] = item.value();
  }
  for (const auto& [name, tensor] : all_) averaged_[name] = tensor.detach().clone();
  if (options.keep > 0) {
    DFD_REQUIRE(!head_is_new_, ErrorCode::kInvalidArgument,
                "keep " << options.keep << ": the head is a new one, of which nothing is worth "
                        << "keeping; go on from a model with the same head, or leave it out");
    for (const auto& [name, tensor] : averaged_) first_[name] = tensor.clone();
  }
  const auto group = [&](std::vector<at::Tensor> tensors_of, double decay) {
    auto settings = std::make_unique<torch::optim::AdamWOptions>(options.learning_rate);
    settings->weight_decay(decay);
    return torch::optim::OptimizerParamGroup(std::move(tensors_of), std::move(settings));
  };
  optimizer_ = std::make_unique<torch::optim::AdamW>(std::vector<torch::optim::OptimizerParamGroup>{
      group(weights, options.weight_decay), group(others, 0)});
}

void TrainedNetwork::begin_head_with(const TensorMap& tensors) {
  const torch::NoGradGuard no_grad;
  const auto own = head_->named_parameters();
  const auto fits = [&](const auto& item) {
    const auto found = tensors.find(item.key());
    return found != tensors.end() && begins(found->second, item.value(), options_.rows.size());
  };
  head_is_new_ = own.size() != tensors.size() || !std::all_of(own.begin(), own.end(), fits);
  if (head_is_new_) return;
  for (const auto& item : own) {
    const at::Tensor& known = tensors.at(item.key());
    at::Tensor rows = item.value();
    rows.narrow(0, 0, known.size(0)).copy_(known);
    // What one more looks for is nearest to what the last one does.
    for (std::int64_t i = known.size(0); i < rows.size(0); ++i)
      rows[i].copy_(known[known.size(0) - 1]);
  }
}

at::Tensor TrainedNetwork::logits_of(const at::Tensor& pictures, std::int64_t windows,
                                     NormStatisticsMap& statistics) {
  const at::Tensor embeddings =
      learns_ ? backbone_->embed_training(taken(*backbone_, pictures.to(options_.device.type)),
                                          statistics)
              : embed_as_it_is(pictures);
  return head_->forward(embeddings.view({windows, -1, embeddings.size(1)}));
}

at::Tensor TrainedNetwork::embed_as_it_is(const at::Tensor& pictures) const {
  const torch::NoGradGuard no_grad;
  return backbone_->embed(taken(*backbone_, pictures.to(at::kFloat)));
}

// Of all groups alike, whoever made them.
void TrainedNetwork::keep_statistics(const NormStatisticsMap& sums, std::int64_t groups) {
  const torch::NoGradGuard no_grad;
  const auto count = static_cast<double>(groups);
  for (const auto& [norm, sum] : sums) {
    const std::string name = kBackbonePrefix + norm;
    all_.at(name + ".running_mean").lerp_(sum.mean / count, kStatisticsRate);
    all_.at(name + ".running_var").lerp_(sum.variance / count, kStatisticsRate);
  }
}

void TrainedNetwork::average(std::int64_t step) {
  const torch::NoGradGuard no_grad;
  // The first steps' weights are soon of no worth.
  const double kept =
      std::min(options_.average, static_cast<double>(1 + step) / static_cast<double>(10 + step));
  for (auto& [name, tensor] : averaged_) {
    if (tensor.is_floating_point()) tensor.lerp_(all_.at(name).detach(), 1 - kept);
  }
}

TensorMap TrainedNetwork::judged() const {
  if (first_.empty()) return averaged_;
  const torch::NoGradGuard no_grad;
  TensorMap mixed;
  for (const auto& [name, tensor] : averaged_) {
    mixed[name] = tensor.is_floating_point() ? tensor.lerp(first_.at(name), options_.keep) : tensor;
  }
  return mixed;
}

void TrainedNetwork::set_rate(std::int64_t step, double part) {
  const double warm =
      std::min(1.0, static_cast<double>(step + 1) /
                        static_cast<double>(std::max<std::int64_t>(1, options_.warm_up)));
  // To a hundredth of it: the last steps still do something.
  const double rate =
      options_.learning_rate * warm * (0.01 + 0.99 * (1 + std::cos(kPi * part)) / 2);
  for (auto& group : optimizer_->param_groups()) group.options().set_lr(rate);
}

// Adds up what all ranks have found, in one message.
double TrainedNetwork::sum_over_ranks(double loss, NormStatisticsMap& sums) {
  if (ranks_ == nullptr || ranks_->size() == 1) return loss;
  const at::Tensor losses = at::full({1}, loss, at::TensorOptions(options_.device.device));
  std::vector<at::Tensor> all{losses};
  for (at::Tensor& weight : trained_) {
    // All ranks send the same, also where nothing reached a weight.
    if (!weight.grad().defined()) weight.mutable_grad() = at::zeros_like(weight);
    all.push_back(weight.grad());
  }
  for (const auto& [norm, sum] : sums) {
    all.push_back(sum.mean);
    all.push_back(sum.variance);
  }
  ranks_->sum(all);
  return losses.item<double>();
}

double TrainedNetwork::step(const PictureBatch& batch, std::int64_t step, double part) {
  set_rate(step, part);
  head_->train();
  optimizer_->zero_grad();
  const std::int64_t windows = batch.labels.size(0);
  const std::int64_t all_windows = batch.all_windows > 0 ? batch.all_windows : windows;
  const std::int64_t samples = batch.pictures.size(0) / windows;
  const std::int64_t in_group = windows_in_group(options_.group, samples);
  DFD_CHECK(batch.first_window % in_group == 0);
  const at::Device& device = options_.device.device;
  const at::Tensor pictures = batch.pictures.to(device);
  const at::Tensor labels = batch.labels.to(device);
  const at::Tensor evidence = batch.evidence.to(device);
  NormStatisticsMap sums;
  double sum = 0;
  for (std::int64_t first = 0; first < windows; first += in_group) {
    // A group's chances are its own, whoever computes it.
    const std::int64_t group = (batch.first_window + first) / in_group;
    torch::manual_seed(mixed_seed(options_.seed, static_cast<std::uint64_t>(step),
                                  static_cast<std::uint64_t>(group), "dropout"));
    const std::int64_t count = std::min(in_group, windows - first);
    NormStatisticsMap statistics;
    const at::Tensor logits =
        logits_of(pictures.narrow(0, first * samples, count * samples), count, statistics);
    const at::Tensor loss =
        window_losses(logits, labels.narrow(0, first, count), evidence.narrow(0, first, count),
                      options_.label_smoothing)
            .sum() /
        static_cast<double>(all_windows);
    loss.backward();
    sum += loss.item<double>();
    add(statistics, sums);
  }
  sum = sum_over_ranks(sum, sums);
  if (!std::isfinite(sum)) return sum;  // The weights stay as they are.
  torch::nn::utils::clip_grad_norm_(trained_, options_.gradient_limit);
  optimizer_->step();
  keep_statistics(sums, (all_windows + in_group - 1) / in_group);
  average(step);
  return sum;
}

std::string TrainedNetwork::device() const {
  return std::string(options_.device.type == at::kBFloat16 ? "bf16" : "fp32") + " on " +
         options_.device.device.str();
}

TensorMap TrainedNetwork::state() const {
  TensorMap state;
  for (const auto& [name, tensor] : all_) state["now." + name] = tensor.detach().to(at::kCPU);
  for (const auto& [name, tensor] : averaged_) state["averaged." + name] = tensor.to(at::kCPU);
  torch::serialize::OutputArchive archive;
  optimizer_->save(archive);
  state["optimizer"] = packed(archive);
  return state;
}

void TrainedNetwork::restore(const TensorMap& state) {
  const torch::NoGradGuard no_grad;
  const auto get = [&](const std::string& name, const at::Tensor& into) {
    const auto found = state.find(name);
    DFD_INTACT(found != state.end() && found->second.sizes() == into.sizes(),
               "the state of the training: " << name << " is missing or of another shape");
    into.copy_(found->second);
  };
  for (const auto& [name, tensor] : all_) get("now." + name, tensor);
  for (const auto& [name, tensor] : averaged_) get("averaged." + name, tensor);
  const auto optimizer = state.find("optimizer");
  DFD_INTACT(optimizer != state.end(), "the state of the training: the optimizer's is missing");
  torch::serialize::InputArchive archive;
  read_packed(optimizer->second, options_.device.device, archive);
  optimizer_->load(archive);
}

ServedNetwork::ServedNetwork(const TensorMap& tensors, const ModelConfig& config) {
  const c10::NoGradGuard guard;
  TensorMap copies;
  for (const auto& [name, tensor] : tensors) {
    copies[name] = tensor.to(at::kCPU, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  }
  TensorSource source("the trained network", std::move(copies));
  networks_ = make_networks(source, config, at::kCPU, at::kFloat);
  networks_.backbone->fold(at::kCPU, at::kFloat);
}

at::Tensor ServedNetwork::logits(const at::Tensor& pictures, std::int64_t windows) const {
  const c10::InferenceMode guard;
  const at::Tensor embeddings = networks_.backbone->embed(taken(*networks_.backbone, pictures));
  return networks_.head->score_rows(embeddings.view({windows, -1, embeddings.size(1)}));
}

}  // namespace dfd
