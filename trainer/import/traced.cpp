// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/traced.h"

#include <cstdint>
#include <utility>

#include <c10/core/InferenceMode.h>

#include "backbone/traced.h"
#include "base/check.h"
#include "import/foreign.h"
#include "import/straight_line.h"
#include "model/model_config.h"
#include "traced/interpreter.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

// What an untrained guess of threshold and calibration is: none.
constexpr const char* kUncalibrated =
    "not calibrated: temperature 1, bias 0, threshold 0.5; `calibrate` fits them to clips";

std::vector<std::int64_t> shape_of(const TracedOptions& options, std::int64_t count) {
  const std::int64_t side = options.size;
  if (!options.takes_clips) return {count, 3, side, side};
  if (options.channels_first) return {count, 3, options.frames, side, side};
  return {count, options.frames, 3, side, side};
}

// D, from the shape of what it gives for count inputs.
std::int64_t numbers_each(const at::Tensor& result, std::int64_t count,
                          const TracedOptions& options) {
  const bool rows = (result.dim() == 1 || result.dim() == 2) && result.size(0) == count;
  const std::int64_t each = rows && result.dim() == 2 ? result.size(1) : 1;
  const char* expected = "[N, D]";
  bool fits = rows && result.is_floating_point();
  if (options.gives == Gives::kLogit) {
    expected = "[N] or [N, 1]";
    fits = fits && each == 1;
  } else if (options.gives == Gives::kTwoLogits) {
    expected = "[N, 2]";
    fits = fits && each == 2;
  } else {
    fits = fits && result.dim() == 2;
  }
  DFD_REQUIRE(fits, ErrorCode::kUnsupportedModel,
              options.input << ": for an input of " << at::IntArrayRef(shape_of(options, count))
                            << " the network gives " << result.dtype() << " of " << result.sizes()
                            << ", floats of " << expected << " expected");
  return each;
}

// Runs it on one and on two inputs. Returns D.
std::int64_t try_out(const TracedNetwork& network, const TracedOptions& options) {
  traced::Tensors weights;
  for (const traced::Weight& weight : network.graph.weights()) {
    weights.push_back(network.weights.at(weight.name));
  }
  const traced::Interpreter interpreter(network.graph, std::move(weights));
  const c10::InferenceMode guard;
  const auto run = [&](const at::Tensor& input) {
    try {
      return interpreter.run(input);
    } catch (const Error& error) {
      throw Error(ErrorCode::kUnsupportedModel,
                  options.input + ": cannot run on " + std::to_string(input.size(0)) +
                      " inputs of --size " + std::to_string(options.size) + ": " + error.what() +
                      "; was it traced with inputs of this size?");
    }
  };
  // Zeros, and a ramp: sameness of what they give must not come from sameness of inputs.
  const at::Tensor zeros = at::zeros(shape_of(options, 1));
  const at::Tensor ramp = at::linspace(-1, 1, zeros.numel()).view(zeros.sizes());
  const at::Tensor alone = run(zeros);
  const std::int64_t each = numbers_each(alone, 1, options);
  const at::Tensor together = run(at::cat({zeros, ramp}));
  DFD_REQUIRE(numbers_each(together, 2, options) == each, ErrorCode::kUnsupportedModel,
              options.input << ": how many numbers it gives for an input hangs on how many inputs "
                               "there are");
  // Sums in another order differ in the last digits.
  constexpr double kClose = 1e-3;
  const at::Tensor first = together.slice(0, 0, 1);
  DFD_REQUIRE(first.isfinite().all().item<bool>() && first.allclose(alone, kClose, kClose),
              ErrorCode::kUnsupportedModel,
              options.input << ": what it gives for an input hangs on the others of the batch, or "
                               "is not finite; trace it with model.eval(), with no number of "
                               "inputs written into its code");
  return each;
}

void check(const TracedOptions& options) {
  require_size(traced_kind(), options.size, ErrorCode::kInvalidArgument, "--size");
  DFD_REQUIRE(!options.takes_clips || options.frames > 0, ErrorCode::kInvalidArgument,
              "--takes clip needs --frames, the crops in a clip");
  DFD_REQUIRE(options.takes_clips || options.frames == 0, ErrorCode::kInvalidArgument,
              "--frames is of --takes clip; how many crops make a verdict is --window");
  require_clip(options.frames, options.size, ErrorCode::kInvalidArgument, "--frames");
  for (const double value : options.std) {
    DFD_REQUIRE(value > 0, ErrorCode::kInvalidArgument, "--std " << value << ": above 0 expected");
  }
}

InputRule input_of(const TracedOptions& options) {
  InputRule input;
  input.size = options.size;
  input.mean = options.mean;
  input.std = options.std;
  return in_squares(input, options.margin);
}

}  // namespace

std::vector<std::string> import_traced(const TracedOptions& options) {
  check(options);
  TracedNetwork network = read_traced(options.input);
  const std::int64_t numbers = try_out(network, options);
  BackboneInfo info;
  info.name = kTraced;
  info.source = "traced network, sha256 " + sha256_of_file(options.input);
  info.knows_people = false;
  info.settings = {{"graph", network.graph.text()}, {"embedding_size", std::to_string(numbers)}};
  if (options.takes_clips) {
    info.settings[kFrames] = std::to_string(options.frames);
    info.settings["layout"] = options.channels_first ? "channels-first" : "frames-first";
  }
  std::vector<std::string> notes{std::to_string(network.graph.nodes().size()) + " operators, " +
                                 std::to_string(network.weights.size()) + " tensors, " +
                                 std::to_string(numbers) + " numbers for an input"};
  if (options.gives == Gives::kEmbedding) {
    write_tensors(options.output, backbone_metadata(info, input_of(options)), network.weights);
    return notes;
  }
  ModelConfig config;
  config.backbone = info;
  config.input = input_of(options);
  config.window_length = options.takes_clips ? options.frames : options.window;
  config.sample_rate = options.rate;
  config.head = none_info(numbers, options.fake_index);
  config.training = {{"recipe", "traced"}};
  write_tensors(options.output, to_metadata(config), join_tensors({network.weights, {}}));
  notes.emplace_back(kUncalibrated);
  return notes;
}

}  // namespace dfd
