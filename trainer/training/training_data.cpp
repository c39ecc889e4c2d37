// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/training_data.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/file.h"
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

Split split(const TrainOptions& options, const Say& say) {
  Dataset dataset = read_dataset(options.data);
  if (const std::string remark = remark_on(dataset); !remark.empty()) say(remark);
  std::vector<Clip>& clips = dataset.clips;
  add_digests(clips);
  Split made = options.random_split ? split_at_random(clips, options.seed)
                                    : split_by_people(clips, options.seed);
  say(std::to_string(made.train.size()) + " clips to train, " +
      std::to_string(made.validation.size()) + " to validate, " + std::to_string(made.test.size()) +
      " to test, " + std::to_string(made.dropped) + " dropped; split: " + made.name);
  return made;
}

std::string digest_of_clips(const Split& split) {
  std::string all;
  for (const auto* clips : {&split.train, &split.validation}) {
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
  const Split parts = split(options, progress.say);
  TrainingData data;
  data.clips = parts.train.size() + parts.validation.size();
  data.digest = digest_of_clips(parts);
  data.split = parts.name;
  data.rule = rule;
  BackboneParts backbone = load_backbone(options.backbone, parts.train, rule, progress.say);
  if (options.seed_recipe) {  // Which a random backbone is not calibrated by.
    data.rule.input.mean = kImageNetMean;
    data.rule.input.std = kImageNetStd;
  }
  const std::string cache = cache_folder(options.cache, options.data);
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
