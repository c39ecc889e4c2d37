// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The engine behind the public interface, and what makes sessions of it.

#pragma once

#include <memory>
#include <string>

#include "detector/engine.h"
#include "detector/session.h"
#include "face/face_detector.h"
#include "runtime/worker.h"
#include "scoring/scorer.h"

namespace dfd {

class EngineImpl : public Engine {
 public:
  // Not shared through load(): for tests, which bring their own scorer.
  EngineImpl(LoadedModel model, std::string device, Precision precision, int threads);

  const ModelInfo& model() const noexcept override { return info_; }
  const std::string& device() const noexcept override { return device_; }
  Precision precision() const noexcept override { return precision_; }
  int threads() const noexcept override { return threads_; }
  const ModelConfig& config() const noexcept { return config_; }
  Worker& worker() noexcept { return worker_; }

 private:
  ModelConfig config_;
  ModelInfo info_;
  std::string device_;
  Precision precision_;
  int threads_;
  Worker worker_;
};

// detector: may be null for the full-frame region. Throws Error(kInvalidArgument).
std::unique_ptr<Session> make_session(std::shared_ptr<EngineImpl> engine,
                                      const SessionConfig& config,
                                      std::unique_ptr<FaceDetector> detector);

}  // namespace dfd
