// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/train.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <utility>
#include <vector>

#include <torch/torch.h>

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "data/imagenet.h"
#include "samples/embeddings.h"
#include "samples/kept_file.h"
#include "samples/windows.h"

namespace dfd {
namespace {

// Of the file that a training is resumed from.
constexpr const char* kResume = "training-state";
constexpr const char* kState = "state";       // LibTorch's archive of head and optimizer.
constexpr const char* kBestPrefix = "best.";  // The head's tensors after its best epoch.

// Names and order of the layers are those of the seed's class, without its final sigmoid: the loss
// takes logits.
struct HeadModule : torch::nn::Module {
  explicit HeadModule(const HeadSizes& sizes)
      : lstm(register_module("lstm",
                             torch::nn::LSTM(torch::nn::LSTMOptions(sizes.embedding, sizes.hidden)
                                                 .num_layers(sizes.layers)
                                                 .batch_first(true)
                                                 .dropout(0.5)))),
        classifier(register_module(
            "classifier", torch::nn::Sequential(torch::nn::Linear(sizes.hidden, sizes.classifier),
                                                torch::nn::ReLU(), torch::nn::Dropout(0.5),
                                                torch::nn::Linear(sizes.classifier, 1)))) {}

  // float [N, T, D] -> logits [N]
  at::Tensor forward(const at::Tensor& embeddings) {
    const at::Tensor output = std::get<0>(lstm->forward(embeddings));
    return classifier->forward(output.select(1, output.size(1) - 1)).squeeze(1);
  }

  torch::nn::LSTM lstm;
  torch::nn::Sequential classifier;
};

// One side of the split.
struct Side {
  Windows windows;    // At least one.
  at::Tensor labels;  // float [N], 1 is fake

  std::int64_t size() const { return labels.size(0); }
};

Side make_side(const std::vector<Clip>& clips, const std::vector<ClipEmbeddings>& embeddings,
               int frames) {
  Windows windows = make_windows(clips, embeddings, frames);
  DFD_REQUIRE(!windows.clips.empty(), ErrorCode::kInvalidArgument,
              "no face was found in any of " << clips.size() << " clips, of which "
                                             << windows.failed << " could not be read");
  at::Tensor labels = labels_of(windows).to(at::kFloat);
  return {std::move(windows), std::move(labels)};
}

// The median over the clips, in thousandths of a hertz.
Rate median_rate(std::vector<double> rates) {
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  const int thousandths = std::max(1, static_cast<int>(std::lround(*middle * 1000)));
  const int divisor = std::gcd(thousandths, 1000);
  return {thousandths / divisor, 1000 / divisor};
}

// What metadata say of the clips that a side holds: 12 digits of each one's digest, sorted.
std::string short_digests(const std::vector<Clip>& clips) {
  std::set<std::string> digests;
  for (const Clip& clip : clips) {
    if (!clip.digest.empty()) digests.insert(short_digest(clip));
  }
  std::string all;
  for (const std::string& digest : digests) all += (all.empty() ? "" : " ") + digest;
  return all;
}

class Trainer {
 public:
  Trainer(const TrainOptions& options, const TrainProgress& progress)
      : options_(options), progress_(progress) {
    DFD_REQUIRE(options.epochs >= 1 && options.batch >= 1, ErrorCode::kInvalidArgument,
                "epochs and batch must be at least 1");
    constexpr double kMost = 1e30;  // Beyond, it is no float.
    DFD_REQUIRE(options.learning_rate > 0 && options.learning_rate <= kMost,
                ErrorCode::kInvalidArgument,
                "learning-rate " << options.learning_rate << ": above 0 expected, such as 0.001");
  }

  TrainOutcome run(const std::atomic<bool>& stop) {
    static_cast<void>(FileReplacement(options_.output));  // Not after hours of work.
    rule_ = make_rule(options_.sampling);
    if (options_.seed_recipe) rule_.choice = FrameChoice::kSeed;
    if (options_.resume) require_resume();
    split();
    embed();
    identity_ = identity();
    torch::manual_seed(options_.seed);
    HeadModule head{HeadSizes()};
    torch::optim::Adam optimizer(head.parameters(), options_.learning_rate);
    int first = 1;
    if (options_.resume) first = resume(head, optimizer);
    progress_.started();
    for (int epoch = first; epoch <= options_.epochs && !stop; ++epoch) {
      EpochReport report = run_epoch(head, optimizer, epoch);
      report.best = best_.empty() || report.validation_loss < best_report_.validation_loss;
      if (report.best) keep_best(head, report);
      progress_.epoch(report);
      save_resume(head, optimizer, epoch);
    }
    DFD_REQUIRE(!best_.empty(), ErrorCode::kInvalidArgument,
                "stopped before the first epoch; no model is written");
    write_model();
    if (stop) say("stopped; " + options_.output + " holds the best model so far");
    return {split_.train.size() + split_.validation.size(),
            train_.windows.failed + validation_.windows.failed};
  }

 private:
  void say(const std::string& text) const { progress_.embedding.say(text); }

  void split() {
    Dataset dataset = read_dataset(options_.data);
    if (const std::string remark = remark_on(dataset); !remark.empty()) say(remark);
    std::vector<Clip>& clips = dataset.clips;
    add_digests(clips);
    split_ = options_.random_split ? split_at_random(clips, options_.seed)
                                   : split_by_people(clips, options_.seed);
    say(std::to_string(split_.train.size()) + " clips to train, " +
        std::to_string(split_.validation.size()) + " to validate, " +
        std::to_string(split_.test.size()) + " to test, " + std::to_string(split_.dropped) +
        " dropped; split: " + split_.name);
  }

  void embed() {
    Backbone backbone =
        load_backbone(options_.backbone, split_.train, rule_, progress_.embedding.say);
    rule_.input.size = backbone.input.size;
    rule_.input.mean = options_.seed_recipe ? kImageNetMean : backbone.input.mean;
    rule_.input.std = options_.seed_recipe ? kImageNetStd : backbone.input.std;
    const std::string cache = cache_folder(options_.cache, options_.data);
    const auto side_of = [&](const std::vector<Clip>& part) {
      return make_side(part, embed_clips(part, backbone, rule_, cache, progress_.embedding),
                       rule_.frames);
    };
    train_ = side_of(split_.train);
    validation_ = side_of(split_.validation);
    if (const auto lost = train_.windows.without_face + validation_.windows.without_face;
        lost > 0) {
      say("no face in " + std::to_string(lost) + " clips; they are left out");
    }
    if (const auto failed = train_.windows.failed + validation_.windows.failed; failed > 0) {
      say(std::to_string(failed) + " clips could not be read; they are left out");
    }
    config_.backbone = backbone.info;
    config_.input = rule_.input;
    config_.window_length = rule_.frames;
    config_.sample_rate = median_rate(train_.windows.rates);
    backbone_tensors_ = std::move(backbone.tensors);
  }

  EpochReport run_epoch(HeadModule& head, torch::optim::Adam& optimizer, int epoch) {
    EpochReport report;
    report.epoch = epoch;
    report.epochs = options_.epochs;
    // Every epoch has a seed of its own, so that a resumed training goes on as if never stopped.
    std::seed_seq seeds{options_.seed, static_cast<std::uint64_t>(epoch)};
    std::mt19937_64 random(seeds);
    torch::manual_seed(random());
    head.train();
    std::vector<std::int64_t> order(static_cast<std::size_t>(train_.size()));
    std::iota(order.begin(), order.end(), 0);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    const at::Tensor shuffled = at::tensor(order, at::kLong);
    for (std::int64_t at = 0; at < train_.size(); at += options_.batch) {
      const auto count = std::min<std::int64_t>(options_.batch, train_.size() - at);
      const at::Tensor index = shuffled.narrow(0, at, count);
      optimizer.zero_grad();
      const at::Tensor loss = torch::binary_cross_entropy_with_logits(
          head.forward(train_.windows.embeddings.index_select(0, index)),
          train_.labels.index_select(0, index));
      const auto value = loss.item<double>();
      require_finite(value, epoch, "training");
      loss.backward();
      optimizer.step();
      report.train_loss += value * static_cast<double>(count);
    }
    report.train_loss /= static_cast<double>(train_.size());
    validate(head, report);
    require_finite(report.validation_loss, epoch, "validation");
    return report;
  }

  void require_finite(double loss, int epoch, const char* which) const {
    DFD_REQUIRE(std::isfinite(loss), ErrorCode::kInference,
                "epoch " << epoch << ": the " << which << " loss is " << loss
                         << ", so no model is written; give a --learning-rate below "
                         << options_.learning_rate
                         << ", and see that the backbone's embeddings are numbers "
                            "(deepfake-trainer embed)");
  }

  void validate(HeadModule& head, EpochReport& report) const {
    const torch::NoGradGuard no_grad;
    head.eval();
    const at::Tensor logits = head.forward(validation_.windows.embeddings);
    const at::Tensor& labels = validation_.labels;
    report.validation_loss = torch::binary_cross_entropy_with_logits(logits, labels).item<double>();
    report.validation_accuracy =
        (logits > 0).eq(labels > 0.5).to(at::kDouble).mean().item<double>();
    const double share = labels.mean().item<double>();
    report.majority_accuracy = std::max(share, 1 - share);
    const double guess = std::clamp(train_.labels.mean().item<double>(), 1e-7, 1 - 1e-7);
    report.constant_loss = -share * std::log(guess) - (1 - share) * std::log(1 - guess);
  }

  void keep_best(const HeadModule& head, const EpochReport& report) {
    best_report_ = report;
    for (const auto& item : head.named_parameters()) {
      best_[item.key()] = item.value().detach().clone();
    }
  }

  void write_model() {
    ModelConfig config = config_;
    const std::string data = std::filesystem::path(options_.data).filename().string();
    config.training = {{"data", utf8(data)},
                       {"data_digest", data_digest()},
                       {"train_digests", short_digests(train_.windows.clips)},
                       {"validation_digests", short_digests(validation_.windows.clips)},
                       {"split", split_.name},
                       {"seed", std::to_string(options_.seed)},
                       {"recipe", options_.seed_recipe ? "seed" : "default"},
                       {"tracks", to_string(rule_.tracks)},
                       {"clips", std::to_string(train_.windows.rates.size())},
                       {"validation_clips", std::to_string(validation_.windows.rates.size())},
                       {"epoch", std::to_string(best_report_.epoch)},
                       {"validation_loss", std::to_string(best_report_.validation_loss)},
                       {"validation_accuracy", std::to_string(best_report_.validation_accuracy)}};
    if (utf8(data) != data) config.training["data_hex"] = hexadecimal(data);
    TensorMap tensors;
    for (const auto& [name, tensor] : backbone_tensors_) tensors[kBackbonePrefix + name] = tensor;
    for (const auto& [name, tensor] : best_) tensors[name] = tensor;
    write_tensors(options_.output, to_metadata(config), tensors);
  }

  std::string data_digest() {
    if (data_digest_.empty()) {
      std::string all;
      for (const auto* clips : {&split_.train, &split_.validation}) {
        for (const Clip& clip : *clips) all += clip.file + " " + clip.digest + "\n";
      }
      data_digest_ = sha256(all.data(), all.size());
    }
    return data_digest_;
  }

  // What must not change between a training and its resumption.
  std::string identity() {
    std::ostringstream all;
    all << data_digest() << ' ' << split_.name << ' ' << options_.seed << ' ' << options_.backbone
        << ' ' << to_string(rule_.input.crop) << ' ' << rule_.frames << ' ' << rule_.input.margin
        << ' ' << to_string(rule_.tracks) << ' ' << options_.seed_recipe << ' ' << options_.batch
        << ' ' << config_.backbone.digest;
    // A clip that could not be read then, or cannot now, makes it another training.
    for (const Side* side : {&train_, &validation_}) {
      all << " side";
      for (const Clip& clip : side->windows.clips) all << ' ' << clip.digest;
    }
    for (const std::string& file : {options_.backbone, rule_.face_model}) {
      if (std::filesystem::is_regular_file(file)) all << ' ' << sha256_of_file(file);
    }
    const std::string text = all.str();
    return sha256(text.data(), text.size());
  }

  std::string resume_path() const { return options_.output + ".resume"; }

  void save_resume(const HeadModule& head, const torch::optim::Adam& optimizer, int epoch) const {
    torch::serialize::OutputArchive archive;
    torch::serialize::OutputArchive weights;
    torch::serialize::OutputArchive moments;
    head.save(weights);
    optimizer.save(moments);
    archive.write("head", weights);
    archive.write("optimizer", moments);
    // Not to a file: on a full disk LibTorch's writer throws from a destructor.
    std::ostringstream bytes;
    archive.save_to(bytes);
    std::string text = bytes.str();
    KeptFile kept;
    kept.tensors[kState] =
        at::from_blob(text.data(), {static_cast<std::int64_t>(text.size())}, at::kByte).clone();
    for (const auto& [name, tensor] : best_) kept.tensors[kBestPrefix + name] = tensor;
    kept.metadata = {{"identity", identity_},
                     {"epoch", std::to_string(epoch)},
                     {"best_epoch", std::to_string(best_report_.epoch)}};
    kept.tensors["best_numbers"] =
        at::tensor({best_report_.validation_loss, best_report_.validation_accuracy}, at::kDouble);
    write_kept(resume_path(), kResume, kept);
  }

  void require_resume() const {
    DFD_REQUIRE(std::filesystem::exists(resume_path()), ErrorCode::kNotFound,
                resume_path() << ": nothing to resume; train without --resume first");
  }

  KeptFile read_resume() const {
    try {
      return read_kept(resume_path(), kResume);
    } catch (const Error& damage) {
      if (damage.code() != ErrorCode::kCorruptModel) throw;
      throw Error(ErrorCode::kIo, std::string(damage.what()) +
                                      "; it is damaged, or of an older version, and set aside as " +
                                      set_aside(resume_path()) + "; train without --resume");
    }
  }

  // Returns the epoch to go on with.
  int resume(HeadModule& head, torch::optim::Adam& optimizer) {
    KeptFile kept = read_resume();
    DFD_REQUIRE(
        kept.metadata["identity"] == identity_, ErrorCode::kInvalidArgument,
        resume_path() << ": of other clips, another backbone, rule, batch or seed, or some clips "
                         "can be read now that could not then, or the other way round; give the "
                         "options it was trained with, or train without --resume");
    const at::Tensor& state = kept.tensors.at(kState);
    std::istringstream bytes(
        std::string(static_cast<const char*>(state.data_ptr()), state.nbytes()));
    torch::serialize::InputArchive archive;
    torch::serialize::InputArchive weights;
    torch::serialize::InputArchive moments;
    archive.load_from(bytes);
    archive.read("head", weights);
    archive.read("optimizer", moments);
    head.load(weights);
    optimizer.load(moments);
    // Which came with the state; another one may be just what a resumed training needs.
    for (auto& group : optimizer.param_groups()) group.options().set_lr(options_.learning_rate);
    const std::string prefix = kBestPrefix;
    for (const auto& [name, tensor] : kept.tensors) {
      if (name.rfind(prefix, 0) == 0) best_[name.substr(prefix.size())] = tensor;
    }
    const at::Tensor& numbers = kept.tensors.at("best_numbers");
    best_report_.validation_loss = numbers[0].item<double>();
    best_report_.validation_accuracy = numbers[1].item<double>();
    best_report_.epoch = std::stoi(kept.metadata["best_epoch"]);
    const int epoch = std::stoi(kept.metadata["epoch"]);
    say("resuming after epoch " + std::to_string(epoch));
    return epoch + 1;
  }

  TrainOptions options_;
  TrainProgress progress_;
  SamplingRule rule_;
  Split split_;
  Side train_, validation_;
  ModelConfig config_;
  TensorMap backbone_tensors_;
  std::string data_digest_;
  std::string identity_;
  TensorMap best_;  // The head after its best epoch; empty before the first.
  EpochReport best_report_;
};

}  // namespace

TrainOutcome train(const TrainOptions& options, const TrainProgress& progress,
                   const std::atomic<bool>& stop) {
  return Trainer(options, progress).run(stop);
}

}  // namespace dfd
