// SPDX-License-Identifier: LGPL-2.1-or-later

#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/translate.h"
#include "runtime/device.h"
#include "runtime/engine_impl.h"

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
  info.region =
      model.config.input.crop == CropRule::kFullFrame ? Region::kFullFrame : Region::kFaces;
  info.face_detector = model.config.input.face_detector;
  info.window_length = model.config.window_length;
  info.sample_rate = model.config.sample_rate;
  info.threshold = model.config.threshold;
  return info;
}

// Engines in use, by content and device. They die with their last session; the map only finds them.
struct Registry {
  std::mutex mutex;  // Guards engines; nothing is called or taken while it is held.
  std::map<std::string, std::weak_ptr<EngineImpl>> engines;

  std::shared_ptr<EngineImpl> find(const std::string& key) {
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = engines.find(key);
    return found == engines.end() ? nullptr : found->second.lock();
  }

  // Another thread may have loaded the same model meanwhile; then its engine wins.
  std::shared_ptr<EngineImpl> keep(const std::string& key, std::shared_ptr<EngineImpl> engine) {
    const std::lock_guard<std::mutex> lock(mutex);
    auto& place = engines[key];
    if (auto other = place.lock()) return other;
    place = engine;
    return engine;
  }
};

Registry& registry() {
  // Never destroyed: elements may outlive static objects at exit.
  static auto* const kRegistry = new Registry;
  return *kRegistry;
}

}  // namespace

EngineImpl::EngineImpl(LoadedModel model, std::string device, int threads)
    : config_(model.config),
      info_(info_of(model)),
      device_(std::move(device)),
      worker_(std::move(model.scorer), threads) {}

std::shared_ptr<Engine> Engine::load(const EngineConfig& config) {
  return translate_errors([&]() -> std::shared_ptr<Engine> {
    DFD_REQUIRE(!config.model_file.empty(), ErrorCode::kInvalidArgument,
                "no model file was given; make one with deepfake-trainer train");
    DFD_REQUIRE(config.threads >= 0 && config.threads <= 1024, ErrorCode::kInvalidArgument,
                "threads " << config.threads << ": expected 0 to 1024");
    const at::Device device = select_device(config.device);
    const std::string key = sha256_of_file(config.model_file) + " " + device.str() + " " +
                            std::to_string(config.threads);
    if (auto engine = registry().find(key)) return engine;
    auto engine = std::make_shared<EngineImpl>(load_model(config.model_file, device), device.str(),
                                               config.threads);
    return registry().keep(key, std::move(engine));
  });
}

}  // namespace dfd
