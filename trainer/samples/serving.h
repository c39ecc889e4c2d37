// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A session that judges clips as the element does.

#pragma once

#include <memory>
#include <string>

#include "detector/config.h"
#include "detector/engine.h"
#include "detector/session.h"

namespace dfd {

// With the element's defaults and the region that the model was trained on. face_model: YuNet or
// MTCNN's weights, or empty. Throws Error(kInvalidArgument) when the model was trained on faces
// that another detector found; the session's errors.
std::unique_ptr<Session> open_session(const std::shared_ptr<Engine>& engine,
                                      const std::string& face_model,
                                      const ExplainConfig& explain = {});

}  // namespace dfd
