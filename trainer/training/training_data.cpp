// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/training_data.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "data/clip_files.h"
#include "data/dataset.h"
#include "data/imagenet.h"
#include "data/split.h"
#include "samples/frozen_backbone.h"

namespace dfd {
namespace {

Side make_side(const std::vector<Clip>& clips, const std::vector<ClipEmbeddings>& embeddings,
               int frames) {
  Windows windows = make_windows(clips, embeddings, frames);
  DFD_REQUIRE(!windows.clips.empty(), ErrorCode::kInvalidArgument,
              "no face was found in any of " << clips.size() << " clips, of which "
                                             << windows.failed << " could not be read");
  at::Tensor labels = labels_of(windows).to(at::kFloat);
  return {std::move(windows), std::move(labels)};
}

// Those who test are of no use here, but of a published list.
constexpr double kValidationPart = 0.2;

// How many clips are copies of others on another side, and leak.
std::size_t count_leaks(const std::vector<Clip>& clips) {
  std::map<std::string, SplitSide> side_of;
  std::size_t leaks = 0;
  for (const Clip& clip : clips) {
    if (clip.digest.empty() || !clip.split) continue;
    if (side_of.emplace(clip.digest, *clip.split).first->second != *clip.split) ++leaks;
  }
  return leaks;
}

// With digests.
Manifest read_split_clips(const TrainOptions& options, const Say& say) {
  Manifest manifest = read_dataset(options.data);
  for (const std::string& remark : manifest.remarks) say(remark);
  add_digests(manifest.clips);
  if (std::filesystem::is_directory(options.data)) {
    split_clips(manifest, {options.split, options.seed, kValidationPart, 0});
    return manifest;
  }
  DFD_REQUIRE(options.split.empty(), ErrorCode::kInvalidArgument,
              options.data << ": a manifest has its own split; make another one with data split");
  DFD_REQUIRE(has_splits(manifest), ErrorCode::kInvalidArgument,
              options.data << ": no clip has a split; make a manifest with data split, such as "
                              "data split "
                           << options.data << " -o split.jsonl --by people");
  if (manifest.split.empty()) manifest.split = "manifest";
  if (const std::size_t leaks = count_leaks(manifest.clips); leaks > 0) {
    say("warning: " + std::to_string(leaks) +
        " clips are copies of clips on another side of the split; see data check");
  }
  return manifest;
}

void require_sides(const Sides& sides, const std::string& data) {
  const auto check = [&](const std::vector<Clip>& clips, const char* side) {
    const std::size_t fakes = count_fakes(clips);
    DFD_REQUIRE(fakes > 0 && fakes < clips.size(), ErrorCode::kInvalidArgument,
                data << ": the " << side << " side has " << fakes << " fakes of " << clips.size()
                     << " clips, both classes are needed; give more clips or another --seed");
  };
  check(sides.train, "training");
  check(sides.validation, "validation");
}

// Before anything is embedded.
void require_rate(const TrainOptions& options, const std::vector<Clip>& clips) {
  const bool only_pictures = std::all_of(clips.begin(), clips.end(),
                                         [](const Clip& clip) { return is_picture(clip.path); });
  DFD_REQUIRE(
      options.sample_rate || !only_pictures, ErrorCode::kInvalidArgument,
      options.data << ": all clips to train on are pictures, which have no sample rate; give "
                      "--sample-rate, the samples a second that the model is to be served "
                      "with");
}

std::string digest_of_clips(const Sides& sides) {
  std::string all;
  for (const auto* clips : {&sides.train, &sides.validation}) {
    for (const Clip& clip : *clips) all += clip.file + " " + clip.digest + "\n";
  }
  return sha256(all.data(), all.size());
}

}  // namespace

SamplingRule rule_of(const TrainOptions& options) {
  SamplingRule rule = make_rule(options.sampling, input_of_backbone(options.backbone));
  if (options.seed_recipe) rule.choice = FrameChoice::kSeed;
  return rule;
}

TrainingData load_training_data(const TrainOptions& options, const SamplingRule& rule,
                                const EmbedProgress& progress) {
  const std::string cache = cache_folder(options.cache);  // Fails before all clips are read.
  TrainingData data;
  data.manifest = read_split_clips(options, progress.say);
  const Sides parts = sides_of(data.manifest);
  progress.say(std::to_string(parts.train.size()) + " clips to train, " +
               std::to_string(parts.validation.size()) + " to validate, " +
               std::to_string(parts.test.size()) + " to test, " + std::to_string(parts.unassigned) +
               " on no side; split: " + data.manifest.split);
  require_sides(parts, options.data);
  require_rate(options, parts.train);
  data.clips = parts.train.size() + parts.validation.size();
  data.digest = digest_of_clips(parts);
  data.split = data.manifest.split;
  if (std::filesystem::is_directory(options.data)) {
    move_manifest(data.manifest, folder_of(options.output));
  }
  data.rule = rule;
  BackboneParts backbone = load_backbone(options.backbone, parts.train, rule, progress.say);
  if (options.seed_recipe) {  // Which a random backbone is not calibrated by.
    data.rule.input.mean = kImageNetMean;
    data.rule.input.std = kImageNetStd;
  }
  const auto side_of = [&](const std::vector<Clip>& clips) {
    return make_side(
        clips, embed_clips(clips, *backbone.network, backbone.info, data.rule, cache, progress),
        data.rule.frames);
  };
  data.train = side_of(parts.train);
  data.validation = side_of(parts.validation);
  const Windows& train = data.train.windows;
  const Windows& validation = data.validation.windows;
  if (const auto lost = train.without_face + validation.without_face; lost > 0) {
    progress.say("no face in " + std::to_string(lost) + " clips; they are left out");
  }
  if (const auto failed = train.failed + validation.failed; failed > 0) {
    progress.say(std::to_string(failed) + " clips could not be read; they are left out");
  }
  data.backbone = backbone.info;
  data.backbone_tensors = std::move(backbone.tensors);
  return data;
}

}  // namespace dfd
