// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/serving.h"

#include "base/check.h"
#include "face/face_detector.h"

namespace dfd {

std::unique_ptr<Session> open_session(const std::shared_ptr<Engine>& engine,
                                      const std::string& face_model, const ExplainConfig& explain) {
  const ModelInfo& model = engine->model();
  SessionConfig config;
  config.region = model.region;
  config.face_model_file = face_model;
  config.explain = explain;
  const auto require = [&](bool same, const std::string& found_by) {
    DFD_REQUIRE(config.region == Region::kFullFrame || same, ErrorCode::kInvalidArgument,
                "the model was trained on faces found by "
                    << model.face_detector << ", " << found_by
                    << " would find them here; give --face-model as in training");
  };
  // A session would speak of the element's property.
  if (face_model.empty()) require(same_boxes(kCascadeName, model.face_detector), kCascadeName);
  std::unique_ptr<Session> session = Session::create(engine, config);
  require(same_boxes(session->face_detector(), model.face_detector), session->face_detector());
  return session;
}

}  // namespace dfd
