// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One video as serving sees it, with what in its faces spoke for "manipulated".

#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "detector/config.h"
#include "detector/report.h"

namespace dfd {

struct ExplainOptions {
  std::string model;
  std::string video;
  std::string output;      // Folder.
  std::string face_model;  // YuNet or MTCNN's weights, where the model was trained with one.
  ExplainMethod method = ExplainMethod::kGradCam;
  double rate = 1000;  // Explained frames a second of the video at most: no video has as many.
};

struct ExplainedTrack {
  TrackId id;
  Verdict verdict;     // The last.
  double probability;  // The last, [0, 1].
  int explained;       // Samples.
  std::string sheet;   // Path.
};

// Plays the video through a session, every frame in its turn. Prints {"track","time" (seconds),
// "probability","score","verdict","region":[x,y,width,height],"columns","rows","map":[...]} of each
// explained sample and writes track-N.png of each track that was scored. say: what people should
// know. Throws Error: kNotFound, kIo, kInvalidArgument when no face was found or none was seen for
// a whole window; the engine's and the session's.
std::vector<ExplainedTrack> explain_video(
    const ExplainOptions& options, const std::function<void(const std::string&)>& say,
    const std::function<void(const nlohmann::ordered_json&)>& print);

}  // namespace dfd
