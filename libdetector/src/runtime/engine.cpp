// SPDX-License-Identifier: LGPL-2.1-or-later

#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/translate.h"
#include "runtime/engine_impl.h"
#include "runtime/engine_registry.h"
#include "runtime/process_end.h"
#include "scoring/device.h"

namespace dfd {
namespace {

// Enough of a digest to tell models apart in messages and logs.
constexpr std::size_t kIdDigits = 12;

ModelInfo info_of(const LoadedModel& model) {
  ModelInfo info;
  info.id = model.digest.substr(0, kIdDigits);
  info.backbone_source = model.config.backbone.source;
  info.warning = model.config.backbone.warning;
  info.knows_people = knows_people(model.config);
  info.explains = model.scorer->explains();
  info.region =
      model.config.input.crop == CropRule::kFullFrame ? Region::kFullFrame : Region::kFaces;
  info.face_detector = model.config.input.face_detector;
  info.window_length = model.config.window_length;
  info.sample_rate = model.config.sample_rate;
  info.threshold = model.config.threshold;
  return info;
}

}  // namespace

Engine::~Engine() = default;

EngineImpl::EngineImpl(LoadedModel model, std::string device, Precision precision, int threads)
    : config_(model.config),
      info_(info_of(model)),
      device_(std::move(device)),
      precision_(precision),
      threads_(threads),
      worker_(std::move(model.scorer), threads) {
  guard_exit("warm-up " + device_ + " " + to_string(precision));
}

std::shared_ptr<Engine> Engine::load(const EngineConfig& config) {
  return translate_errors([&]() -> std::shared_ptr<Engine> {
    guard_exit("load");
    const GuardedWork work;
    DFD_REQUIRE(work.allowed(), ErrorCode::kInternal, kProcessEnds);
    DFD_REQUIRE(!config.model_file.empty(), ErrorCode::kInvalidArgument,
                "no model file was given; make one with deepfake-trainer train");
    DFD_REQUIRE(config.threads >= 0 && config.threads <= 1024, ErrorCode::kInvalidArgument,
                "threads " << config.threads << ": expected 0 to 1024");
    DFD_REQUIRE(config.keep_alive >= std::chrono::nanoseconds(0), ErrorCode::kInvalidArgument,
                "keep_alive is negative");
    const at::Device device = select_device(config.device);
    const Precision precision = select_precision(config.precision, device);
    const std::string digest = sha256_of_file(config.model_file);
    const std::string key = digest + " " + device.str() + " " + to_string(precision);
    return EngineRegistry::get().find_or_load(key, config.keep_alive, [&] {
      LoadedModel model = load_model(config.model_file, device, precision);
      DFD_REQUIRE(model.digest == digest, ErrorCode::kIo,
                  config.model_file << ": was replaced while it was read; try again");
      return std::make_shared<EngineImpl>(std::move(model), device.str(), precision,
                                          config.threads);
    });
  });
}

}  // namespace dfd
