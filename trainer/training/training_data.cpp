// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/training_data.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "data/imagenet.h"
#include "samples/cache.h"
#include "samples/frozen_backbone.h"
#include "training/clips.h"
#include "training/rank_work.h"

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

}  // namespace

SamplingRule rule_of(const TrainOptions& options) {
  SamplingRule rule = make_rule(options.sampling, input_of_backbone(options.backbone));
  if (options.seed_recipe) rule.choice = FrameChoice::kSeed;
  return rule;
}

TrainingData load_training_data(const TrainOptions& options, const SamplingRule& rule,
                                const EmbedProgress& progress, Ranks& ranks) {
  const std::string cache = cache_folder(options.cache);  // Fails before all clips are read.
  TrainingData data;
  TrainingClips clips = read_training_clips(options, progress.say);
  const Sides& parts = clips.sides;
  require_sides(parts, options.data);
  data.clips = parts.train.size() + parts.validation.size();
  data.digest = clips.digest;
  data.split = clips.manifest.split;
  data.manifest = std::move(clips.manifest);
  data.rule = rule;
  BackboneParts backbone;
  in_company(ranks, progress, [&](const EmbedProgress& heard) {
    backbone = load_backbone(options.backbone, parts.train, rule, cache, heard.say);
  });
  if (options.seed_recipe) {  // Which a random backbone is not calibrated by.
    data.rule.input.mean = kImageNetMean;
    data.rule.input.std = kImageNetStd;
  }
  const auto embed = [&](const std::vector<Clip>& some) {
    std::vector<ClipEmbeddings> embeddings;
    in_company(ranks, progress, [&](const EmbedProgress& heard) {
      embeddings = embed_clips(some, *backbone.network, backbone.info, data.rule, cache, heard);
    });
    return embeddings;
  };
  const auto side_of = [&](const std::vector<Clip>& of_side) {
    if (ranks.size() > 1) embed(share_of(of_side, ranks));
    return make_side(of_side, embed(of_side), data.rule.frames);
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
