// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/clips.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "data/clip_files.h"
#include "data/dataset.h"

namespace dfd {
namespace {

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

TrainingClips read_training_clips(const TrainOptions& options, const Say& say) {
  TrainingClips clips;
  clips.manifest = read_split_clips(options, say);
  clips.sides = sides_of(clips.manifest);
  const Sides& sides = clips.sides;
  say(std::to_string(sides.train.size()) + " clips to train, " +
      std::to_string(sides.validation.size()) + " to validate, " +
      std::to_string(sides.test.size()) + " to test, " + std::to_string(sides.unassigned) +
      " on no side; split: " + clips.manifest.split);
  require_rate(options, sides.train);
  clips.digest = digest_of_clips(sides);
  if (std::filesystem::is_directory(options.data)) {
    move_manifest(clips.manifest, folder_of(options.output));
  }
  return clips;
}

}  // namespace dfd
