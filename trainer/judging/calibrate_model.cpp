// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/calibrate_model.h"

#include <memory>
#include <set>
#include <sstream>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "data/clip.h"
#include "data/dataset.h"
#include "data/read_or_say.h"
#include "detector/engine.h"
#include "judging/card.h"
#include "judging/known_clips.h"
#include "judging/play_clip.h"
#include "model/weights.h"
#include "samples/serving.h"
#include "scoring/model_parts.h"

namespace dfd {
namespace {

// Its weights may have been chosen by them, which the few numbers that are fitted here bear.
std::vector<Clip> held_out(const Manifest& manifest, const ModelConfig& config) {
  std::vector<Clip> clips;
  const bool sides = has_splits(manifest);
  const KnownClips known = find_known(manifest.clips, config);
  for (const Clip& clip : manifest.clips) {
    if (sides && clip.split != SplitSide::kValidation) continue;
    if (known.trained_recordings.count(recording_of(clip)) == 0) clips.push_back(clip);
  }
  return clips;
}

}  // namespace

nlohmann::ordered_json calibrate_model(const CalibrateOptions& options, const Say& say,
                                       const std::function<void(int done, int of)>& judged) {
  static_cast<void>(FileReplacement(options.output));  // Not after all clips.
  const SafetensorsFile file(options.model);
  ModelConfig config = read_config(file);
  Manifest manifest = read_dataset(options.data);
  for (const std::string& remark : manifest.remarks) say(remark);
  add_digests(manifest.clips);
  const std::vector<Clip> clips = held_out(manifest, config);
  DFD_REQUIRE(!clips.empty(), ErrorCode::kInvalidArgument,
              options.data << ": no clips to calibrate by: those of the validation side, or of a "
                              "list without sides, that the model was not trained on");
  EngineConfig engine_config;
  engine_config.model_file = options.model;
  const std::shared_ptr<Engine> engine = Engine::load(engine_config);
  // Whatever is wrong with the model or the face model is no clip's fault.
  static_cast<void>(open_session(engine, options.face_model));
  PlayOptions play;
  play.face_model = options.face_model;
  play.temperature = config.temperature;
  play.bias = config.bias;
  std::vector<LabeledLogit> logits;
  std::size_t without_score = 0;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto score = read_or_say([&] { return play_clip(clips[i], engine, play); }, say,
                                   "; this clip is left out");
    if (score && score->logit) {
      logits.push_back({*score->logit, clips[i].fake});
    } else {
      ++without_score;
    }
    judged(static_cast<int>(i + 1), static_cast<int>(clips.size()));
  }
  CalibrationOptions fit = options.fit;
  fit.present_temperature = config.temperature;
  fit.present_bias = config.bias;
  const Calibration found = calibrate(logits, fit);
  config.temperature = found.temperature;
  config.bias = found.bias;
  config.threshold = found.threshold;
  nlohmann::ordered_json line = to_json(found);
  line["manifest"] = manifest_digest(manifest);
  line["unscored"] = without_score;
  config.training["calibration"] = line.dump();
  std::set<std::string> digests = digests_in(config.training, kCalibrationDigests);
  for (const Clip& clip : clips) digests.insert(short_digest(clip));
  config.training[kCalibrationDigests] = joined(digests);
  config.training.erase(kCardKey);  // What it says was measured with the old calibration.
  write_tensors(options.output, with_config(file, config), read_tensors(file));
  return line;
}

}  // namespace dfd
