// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How a model's scores hold when clips get worse: smaller, softer, compressed.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "data/clip.h"
#include "data/progress.h"
#include "detector/engine.h"
#include "judging/clip_score.h"
#include "judging/page/report.h"
#include "judging/play_clip.h"

namespace dfd {

// All clips under one change.
struct RobustnessPoint {
  // "none"; "jpeg" by quality: 90, 70, 50, 30; "scale" down by this factor and back up: 0.75, 0.5,
  // 0.35; "blur" by a Gaussian's sigma in pixels: 1, 2, 3; "h264" by quantizer: 23, 30, 37, 44.
  std::string change;
  std::optional<double> level;  // None of "none".
  std::optional<double> auc;    // Clips without a score rank lowest. None without both classes.
  std::optional<double> real;   // Mean probability of the class's scored clips; none without any.
  std::optional<double> fake;
  std::size_t unscored = 0;  // Clips.
};

// Which clips are to be played again, as places in the scores, rising: as many of each class, at
// most so many in all. Chosen by a hash of their names, so that the same set gives the same ones.
// Of one class alone half as many. Clips that could not be read are left out.
std::vector<std::size_t> robustness_clips(const std::vector<ClipScore>& scores, std::size_t most);

struct RobustnessProgress {
  Say say;
  std::function<void(int done, int of)> played;  // Clips, over all changes.
};

// "none" first, then each change from its weakest on. scores: of these clips, undisturbed. options:
// as they were played with. Video is encoded anew as a whole (samples/recoded.h), a picture as one
// frame. A clip that cannot be read or encoded has no score, and that is said. Throws Error:
// kInvalidArgument where there are not as many scores as clips; the session's.
std::vector<RobustnessPoint> measure_robustness(const std::vector<Clip>& clips,
                                                const std::vector<ClipScore>& scores,
                                                const std::shared_ptr<Engine>& engine,
                                                const PlayOptions& options,
                                                const RobustnessProgress& progress);

// {"change","level","auc","real","fake","unscored"}: null where there is none.
nlohmann::ordered_json to_json(const RobustnessPoint& point);

// Lines of aligned columns, for a terminal.
std::string robustness_table(const std::vector<RobustnessPoint>& points);

// AUC, and both mean probabilities, over the levels of each change; each line begins with the
// undisturbed clips. None without points.
std::vector<Series> robustness_series(const std::vector<RobustnessPoint>& points);

}  // namespace dfd
