// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/evaluate.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "base/translate.h"
#include "data/clip.h"
#include "data/dataset.h"
#include "data/manifest_check.h"
#include "data/read_or_say.h"
#include "data/split.h"
#include "detector/engine.h"
#include "judging/baselines.h"
#include "judging/card.h"
#include "judging/known_clips.h"
#include "judging/page/report.h"
#include "judging/play_clip.h"
#include "judging/robustness.h"
#include "judging/summary.h"
#include "samples/recoded.h"
#include "samples/serving.h"
#include "scoring/model_parts.h"
#include "sheets/explain.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

// As long as the page is read, not more precise than the clock.
std::string now() {
  const std::time_t time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts = {};
  gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &parts);
  return text.data();
}

// The lines of a training, one series a figure.
std::vector<Series> read_curves(const std::string& file) {
  std::vector<Series> curves;
  if (file.empty()) return curves;
  std::ifstream in(file);
  DFD_REQUIRE(in.good(), ErrorCode::kNotFound, file << ": cannot be read");
  std::string line;
  while (std::getline(in, line)) {
    const Json entry = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object()) continue;  // Words for people, between them.
    const char* x = entry.contains("step") ? "step" : "epoch";
    if (!entry.contains(x) || !entry[x].is_number()) continue;
    for (const char* y :
         {"train_loss", "validation_loss", "validation_auc", "validation_accuracy"}) {
      if (!entry.contains(y) || !entry[y].is_number()) continue;
      const std::string name = y;
      const std::string label =
          name.find("loss") != std::string::npos ? "log loss" : "AUC, accuracy";
      auto found = std::find_if(curves.begin(), curves.end(),
                                [&](const Series& series) { return series.name == name; });
      if (found == curves.end()) found = curves.insert(curves.end(), {name, x, label, {}, {}});
      found->x.push_back(entry[x].get<double>());
      found->y.push_back(entry[y].get<double>());
    }
  }
  DFD_REQUIRE(!curves.empty(), ErrorCode::kInvalidArgument,
              file << ": no line of a training, {\"step\" or \"epoch\", \"train_loss\", ...}");
  return curves;
}

class Evaluator {
 public:
  Evaluator(const EvaluateOptions& options, const EvaluateProgress& progress)
      : options_(options),
        progress_(progress),
        config_(read_config(SafetensorsFile(options.model))) {
    play_.face_model = options.face_model;
    play_.temperature = config_.temperature;
    play_.bias = config_.bias;
  }

  Evaluation run() {
    Manifest manifest = read_dataset(options_.data);
    for (const std::string& remark : manifest.remarks) say(remark);
    DFD_REQUIRE(!has_splits(manifest) || !sides_of(manifest).test.empty(),
                ErrorCode::kInvalidArgument,
                options_.data << ": its clips have splits, but none is \"test\"; see data split");
    add_digests(manifest.clips);
    const KnownClips sides = find_known(manifest.clips, config_);
    if (sides.known > 0) {
      say(std::to_string(sides.known) +
          " clips are left out: the model was trained on them or on others made from the same "
          "recordings, or its weights chosen by them");
    }
    DFD_REQUIRE(
        !sides.judged.empty(), ErrorCode::kInvalidArgument,
        options_.data << ": the model knows all " << sides.known
                      << " clips that it could be judged by, from its training; give others");
    const std::vector<Series> curves = read_curves(options_.curves);
    if (!options_.output.empty()) {
      static_cast<void>(FileReplacement(options_.output));  // Not after all clips.
    }
    EngineConfig config;
    config.model_file = options_.model;
    engine_ = Engine::load(config);
    // Whatever is wrong with the model or the face model is no clip's fault.
    static_cast<void>(open_session(engine_, options_.face_model));
    if (options_.robustness) require_encoder();
    play(sides.judged);
    SummaryOptions summary;
    summary.threshold = config_.threshold;
    summary.bootstrap.draws = options_.draws;
    summary.manifest_digest = manifest_digest(manifest);
    summary.model_id = engine_->model().id;
    Json result = summarize(scores_, summary);
    Json& figures = result["summary"];
    figures["side"] = sides.name;
    figures["known"] = sides.known;
    figures["failed"] = failed_;
    figures["warning"] = engine_->model().warning;
    // Splits with a proviso have it behind their name: "random, leaky", "people; ...".
    const auto split = config_.training.find("split");
    if (split != config_.training.end() && split->second.find_first_of(",;") != std::string::npos) {
      figures["remarks"].push_back("the model's own split: " + split->second);
    }
    if (options_.baselines) {
      figures["baselines"] = measure_baselines(
          sides.train, sides.judged, {options_.model, options_.face_model, options_.cache},
          progress_.embedding);
    }
    std::string table = summary_table(result);
    if (options_.robustness) {
      measure_changes(sides.judged);
      table += robustness_table(robustness_);
      figures["robustness"] = Json::array();
      for (const RobustnessPoint& point : robustness_) {
        figures["robustness"].push_back(to_json(point));
      }
    }
    progress_.print(result);
    if (!options_.output.empty()) write_card(result);
    if (!options_.report.empty()) {
      manifest.clips = sides.judged;
      write_report(manifest, result, curves);
    }
    return {sides.judged.size(), failed_, table};
  }

 private:
  void say(const std::string& text) const { progress_.embedding.say(text); }

  void play(const std::vector<Clip>& clips) {
    for (const Clip& clip : clips) {
      const std::optional<ClipScore> played =
          read_or_say([&] { return play_clip(clip, engine_, play_); }, progress_.embedding.say,
                      "; this clip has no score");
      if (!played) ++failed_;
      ClipScore score = played ? *played : unscored(clip);
      progress_.print(to_json(score));
      scores_.push_back(std::move(score));
      progress_.judged(static_cast<int>(scores_.size()), static_cast<int>(clips.size()));
    }
  }

  void write_card(const Json& result) const {
    ModelConfig config = config_;
    config.training[kCardKey] =
        card_of(result).dump(-1, ' ', false, Json::error_handler_t::replace);
    const SafetensorsFile file(options_.model);
    write_tensors(options_.output, with_config(file, config), read_tensors(file));
    say(options_.output + " is the model with this card");
  }

  void measure_changes(const std::vector<Clip>& judged) {
    std::vector<Clip> clips;
    std::vector<ClipScore> scores;
    for (const std::size_t place : robustness_clips(scores_, options_.robustness_clips)) {
      clips.push_back(judged[place]);
      scores.push_back(scores_[place]);
    }
    const std::size_t fakes = count_fakes(clips);
    say("robustness: " + std::to_string(clips.size() - fakes) + " real and " +
        std::to_string(fakes) + " fake clips are played again");
    robustness_ = measure_robustness(clips, scores, engine_, play_,
                                     {progress_.embedding.say, progress_.changed});
  }

  // Evidence of the clips that the page shows, as deepfake-trainer explain draws it.
  std::vector<ClipPicture> draw(const std::vector<Clip>& clips,
                                const std::vector<std::size_t>& shown) const {
    std::vector<ClipPicture> pictures;
    const std::string folder = (std::filesystem::path(options_.report) / ".evidence").string();
    for (const std::size_t place : shown) {
      try {
        ExplainOptions explain;
        explain.model = options_.model;
        explain.video = clips[place].path;
        explain.output = folder;
        explain.face_model = options_.face_model;
        const auto tracks = translate_errors([&] {
          return explain_video(
              explain, [](const std::string&) {}, [](const Json&) {});
        });
        const auto worst = std::max_element(
            tracks.begin(), tracks.end(),
            [](const auto& a, const auto& b) { return a.probability < b.probability; });
        std::ifstream in(worst->sheet, std::ios::binary);
        pictures.push_back({clips[place].file, {std::istreambuf_iterator<char>(in), {}}});
      } catch (const Error&) {
        continue;  // No whole window: there is nothing to show.
      }
    }
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    return pictures;
  }

  void write_report(const Manifest& judged, const Json& summary,
                    const std::vector<Series>& curves) const {
    std::error_code error;
    std::filesystem::create_directories(options_.report, error);
    DFD_REQUIRE(!error, ErrorCode::kIo, options_.report << ": cannot be made: " << error.message());
    ReportInput input;
    input.date = now();
    input.clips = scores_;
    input.summary = summary;
    input.training = curves;
    input.robustness = robustness_series(robustness_);
    if (options_.pictures) {
      input.pictures = draw(judged.clips, worst_clips(scores_, config_.threshold, input.worst));
    }
    const Findings findings = check_manifest(judged, {}, progress_.checked);
    input.data_check = findings.report;
    input.data_check["faults"] = findings.faults;
    input.data_check["remarks"] = findings.remarks;
    input.provenance = {{"model", options_.model},
                        {"backbone", config_.backbone.name + ", " + config_.backbone.source},
                        {"head", config_.head.type},
                        {"data", options_.data}};
    for (const auto& [key, value] : config_.training) {
      // Digests of clips are for programs.
      if (key.find("_digests") == std::string::npos)
        input.provenance.emplace_back("training: " + key, value);
    }
    const std::string page = make_report(input);
    const std::string path = (std::filesystem::path(options_.report) / "report.html").string();
    replace_file(path, [&](std::ostream& out) { out << page; });
    say(path + " is written");
  }

  const EvaluateOptions& options_;
  const EvaluateProgress& progress_;
  ModelConfig config_;
  PlayOptions play_;
  std::shared_ptr<Engine> engine_;
  std::vector<ClipScore> scores_;
  std::vector<RobustnessPoint> robustness_;  // Empty where nobody asks.
  std::size_t failed_ = 0;
};

}  // namespace

Evaluation evaluate(const EvaluateOptions& options, const EvaluateProgress& progress) {
  return Evaluator(options, progress).run();
}

}  // namespace dfd
