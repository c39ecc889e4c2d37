// SPDX-License-Identifier: LGPL-2.1-or-later

#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "base/translate.h"
#include "runtime/engine_impl.h"
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
  info.region =
      model.config.input.crop == CropRule::kFullFrame ? Region::kFullFrame : Region::kFaces;
  info.face_detector = model.config.input.face_detector;
  info.window_length = model.config.window_length;
  info.sample_rate = model.config.sample_rate;
  info.threshold = model.config.threshold;
  return info;
}

// Engines in use or on their way, by content, device and precision. They die with their last
// session; the map only finds them.
class Registry {
 public:
  using Load = std::function<std::shared_ptr<EngineImpl>()>;

  // Loads what is not there. Whoever comes while another thread loads the same waits for it, and
  // for its error.
  std::shared_ptr<EngineImpl> get(const std::string& key, const Load& load) {
    std::promise<std::shared_ptr<EngineImpl>> promise;
    std::shared_future<std::shared_ptr<EngineImpl>> other;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (auto engine = engines_[key].lock()) return engine;
      const auto found = loading_.find(key);
      if (found == loading_.end()) {
        loading_[key] = promise.get_future().share();
      } else {
        other = found->second;
      }
    }
    if (other.valid()) return other.get();
    try {
      auto engine = load();
      finish(key, engine);
      promise.set_value(engine);
      return engine;
    } catch (...) {
      finish(key, nullptr);
      promise.set_exception(std::current_exception());
      throw;
    }
  }

 private:
  void finish(const std::string& key, const std::shared_ptr<EngineImpl>& engine) {
    const std::lock_guard<std::mutex> lock(mutex_);
    loading_.erase(key);
    if (engine) {
      engines_[key] = engine;
    } else {
      engines_.erase(key);
    }
  }

  std::mutex mutex_;  // Guards the maps; nothing is called or taken while it is held.
  std::map<std::string, std::weak_ptr<EngineImpl>> engines_;
  std::map<std::string, std::shared_future<std::shared_ptr<EngineImpl>>> loading_;
};

Registry& registry() {
  // Never destroyed: elements may outlive static objects at exit.
  static auto* const kRegistry = new Registry;
  return *kRegistry;
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
    const at::Device device = select_device(config.device);
    const Precision precision = select_precision(config.precision, device);
    const std::string digest = sha256_of_file(config.model_file);
    const std::string key = digest + " " + device.str() + " " + to_string(precision);
    return registry().get(key, [&] {
      LoadedModel model = load_model(config.model_file, device, precision);
      DFD_REQUIRE(model.digest == digest, ErrorCode::kIo,
                  config.model_file << ": was replaced while it was read; try again");
      return std::make_shared<EngineImpl>(std::move(model), device.str(), precision,
                                          config.threads);
    });
  });
}

}  // namespace dfd
