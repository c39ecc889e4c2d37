// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/export.h"

#include <cstdint>
#include <map>
#include <utility>

#include "backbone/inception_resnet_v1.h"
#include "base/check.h"
#include "import/checkpoint_writer.h"
#include "scoring/model_parts.h"
#include "window/lstm_windows.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

using Tensors = std::map<std::string, TensorBytes>;

// Or a face detector, or somebody else's file, which is an error.
bool is_model(const SafetensorsFile& file) {
  const auto found = file.metadata().find("kind");
  const std::string kind = found == file.metadata().end() ? "" : found->second;
  DFD_REQUIRE(kind == "model" || kind == "backbone", ErrorCode::kUnsupportedModel,
              file.path() << ": holds " << (kind.empty() ? "no kind of network" : "a " + kind)
                          << "; a model or a backbone can be exported");
  return kind == "model";
}

std::string about_input(const InputRule& input) {
  const std::string side = std::to_string(input.size);
  return "input: RGB, " + side + " x " + side +
         ", (value - mean) / std with values in [0, 255], mean " + print(input.mean) + ", std " +
         print(input.std);
}

std::string about_calibration(const ModelConfig& config) {
  return "probability: sigmoid((logit - bias) / temperature), bias " + print(config.bias) +
         ", temperature " + print(config.temperature) + "; manipulated from " +
         print(config.threshold) + " on";
}

void require_seed_networks(const ModelConfig& config, const std::string& path) {
  const auto numbers = [](const HeadSizes& sizes) {
    return std::vector{sizes.embedding, sizes.hidden, sizes.layers, sizes.classifier};
  };
  const bool has_head =
      config.head.type == kLstm && numbers(sizes_of(config.head, path)) == numbers(HeadSizes());
  DFD_REQUIRE(config.backbone.name == kInceptionResnetV1 && has_head, ErrorCode::kUnsupportedModel,
              path << ": its networks (" << config.backbone.name << ", " << config.head.type
                   << ") are not those of the seed recipe's class; export it without --for");
}

// What the seed's class has besides. All of it points into zeros, which grows.
std::string add_unused(Tensors& tensors, std::vector<std::uint8_t>& zeros) {
  // VGGFace2's people, of whom facenet-pytorch's classifier has one row each.
  constexpr std::int64_t kPeople = 8631;
  const std::string statistics = "running_var";  // Every batch norm has one.
  const std::string backbone = kBackbonePrefix;
  Tensors added;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t place = name.rfind(statistics);
    if (place == std::string::npos || place + statistics.size() != name.size()) continue;
    added[name.substr(0, place) + "num_batches_tracked"] = {
        "I64", {}, nullptr, sizeof(std::int64_t)};
  }
  const std::size_t counters = added.size();
  const std::int64_t width = HeadSizes().embedding;
  const auto bytes = [](std::int64_t elements) {
    return static_cast<std::uint64_t>(elements) * sizeof(float);
  };
  added[backbone + "logits.weight"] = {"F32", {kPeople, width}, nullptr, bytes(kPeople * width)};
  added[backbone + "logits.bias"] = {"F32", {kPeople}, nullptr, bytes(kPeople)};
  zeros.assign(bytes(kPeople * width), 0);
  for (auto& [name, tensor] : added) {
    tensor.data = zeros.data();
    tensors[name] = tensor;
  }
  return "added for the seed recipe's class, all zero: " + backbone +
         "logits.weight and .bias of " + std::to_string(kPeople) + " people, " +
         std::to_string(counters) + " num_batches_tracked";
}

std::vector<std::string> about_model(const SafetensorsFile& file, bool for_seed) {
  const ModelConfig config = read_config(file);
  TensorSource check(file.path(), read_tensors(file));
  make_networks(check, config, at::kCPU, at::kFloat);
  std::vector<std::string> notes{about_input(config.input), about_calibration(config)};
  const auto kinds = config.head.settings.find(kHeadEvidence);
  if (kinds != config.head.settings.end()) {
    notes.push_back("the head's rows: " + kinds->second +
                    ", each a logit; a window's is the largest of their means over its samples");
  }
  if (for_seed) {
    require_seed_networks(config, file.path());
    notes.emplace_back("the seed recipe's class returns sigmoid(logit), uncalibrated");
  }
  return notes;
}

}  // namespace

std::vector<std::string> export_torch(const ExportOptions& options) {
  const SafetensorsFile file(options.model);
  const bool whole_model = is_model(file);
  DFD_REQUIRE(whole_model || !options.for_seed, ErrorCode::kUnsupportedModel,
              options.model << ": a backbone has no head, and the seed recipe's class needs one; "
                               "export it without --for");
  std::vector<std::string> notes =
      whole_model ? about_model(file, options.for_seed)
                  : std::vector{about_input(read_backbone(options.model).input)};
  Tensors tensors = file.tensors();
  std::vector<std::uint8_t> zeros;
  if (options.for_seed) notes.push_back(add_unused(tensors, zeros));
  write_checkpoint(options.output, tensors);
  notes.insert(notes.begin(), std::to_string(tensors.size()) + " tensors written");
  return notes;
}

}  // namespace dfd
