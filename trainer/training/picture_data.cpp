// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/picture_data.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "samples/cache.h"
#include "samples/frozen_backbone.h"
#include "samples/reconstructions.h"
#include "training/cut_together.h"
#include "training/device.h"
#include "training/kept_state.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

BackboneParts open_backbone(const TrainOptions& options, const NetworkTraining& training) {
  BackboneParts parts;
  if (!is_new(options.backbone)) {
    parts = read_backbone(options.backbone);
    if (training.unfreeze == 0) return parts;
    const std::string which =
        training.unfreeze < 0 ? "all" : "its last " + std::to_string(training.unfreeze);
    parts.info.source.append("; ").append(which).append(" layers trained further");
    parts.info.knows_people = false;  // Whatever it was: it has learned something else since.
    return parts;
  }
  parts.info.name = options.backbone.substr(std::string(kNewPrefix).size());
  parts.info.source = "trained from scratch, seed " + std::to_string(options.seed);
  parts.info.knows_people = false;
  const BackboneKind& kind = backbone_kind(parts.info.name, options.backbone);
  DFD_REQUIRE(kind.random_weights, ErrorCode::kInvalidArgument,
              options.backbone << ": there is no new one of this kind; import one");
  parts.info.settings = kind.settings;
  parts.tensors = kind.random_weights(options.seed, kind.settings);
  parts.input = kind.input;
  return parts;
}

// Both sides, by autoencoders that have seen the training side alone.
void reconstruct(const TrainOptions& options, const NetworkTraining& training,
                 const EmbedProgress& progress, Ranks& ranks, PictureData& data) {
  AutoencoderTraining of_autoencoders;
  of_autoencoders.device =
      training_device(training.device, training.precision, ranks.local_rank()).device;
  of_autoencoders.seed = options.seed;
  of_autoencoders.steps = training.autoencoder_steps;
  std::vector<Autoencoder> autoencoders;
  in_company(ranks, progress, [&](const EmbedProgress& heard) {
    autoencoders = kept_autoencoders(data.train.clips, *data.store, of_autoencoders,
                                     cache_folder(options.cache), heard.say);
  });
  // Where folders are not shared, each has trained them, and machines of several kinds round them
  // apart.
  for (Autoencoder& one : autoencoders) {
    TensorMap weights = broadcast_kept({{}, one.weights()}, ranks).tensors;
    for (auto& [name, weight] : weights) weight = weight.to(one.weights().at(name).device());
    one = Autoencoder(one.kind(), std::move(weights));
  }
  for (PictureSide* side : {&data.train, &data.validation}) {
    in_company(ranks, progress, [&](const EmbedProgress& heard) {
      reconstruct_clips(side->clips, autoencoders, training.recoded > 0, *data.store, heard);
    });
  }
}

void read_sides(const TrainOptions& options, const NetworkTraining& training,
                const EmbedProgress& progress, Ranks& ranks, PictureData& data) {
  data.clips = read_training_clips(options, progress.say);
  const std::string folder = cache_folder(options.cache);
  const CropFormat format = training.lossless ? CropFormat::kLossless : CropFormat::kJpeg;
  const bool recoded = training.recoded > 0;
  std::vector<Clip> all = data.clips.sides.train;
  const std::vector<Clip>& others = data.clips.sides.validation;
  all.insert(all.end(), others.begin(), others.end());
  cut_shares(all, data.rule, recoded, folder, format, ranks, progress);
  data.store.emplace(folder, format, progress.say);  // With what others have added.
  const auto cut = [&](const std::vector<Clip>& clips, PictureSide& side) {
    side.clips = cut_rest(clips, data.rule, recoded, *data.store, ranks, progress);
    if (const auto lost = side.clips.without_face; lost > 0) {
      progress.say("no face in " + std::to_string(lost) + " clips; they are left out");
    }
    if (const auto failed = side.clips.failed; failed > 0) {
      progress.say(std::to_string(failed) + " clips could not be read; they are left out");
    }
  };
  cut(data.clips.sides.train, data.train);
  cut(data.clips.sides.validation, data.validation);
  if (training.fakes.reconstruct > 0) reconstruct(options, training, progress, ranks, data);
  PairOptions pairs = pair_options(options, training);
  data.train.pairs.emplace(pairs, data.rule, data.train.clips, *data.store);
  progress.say(in_words(training.fakes));
  const double made = pairs.self_blend + pairs.reconstruct;
  const auto& unseen = data.validation.clips.clips;
  if (made > 0 &&
      std::none_of(unseen.begin(), unseen.end(), [](auto& clip) { return clip.fake; })) {
    if (left_of(training.fakes) > 0) {
      progress.say("there are no fakes to validate on but those that are made of real clips");
    }
    pairs.self_blend /= made;
    pairs.reconstruct /= made;
  }
  data.validation.pairs.emplace(pairs, data.rule, data.validation.clips, *data.store);
  pairs.samples = window_of(options, training);
  data.validation.windows.emplace(pairs, data.rule, data.validation.clips, *data.store);
  progress.say("kept crops: " + std::to_string(data.store->bytes() >> 20) + " MiB in " + folder);
}

}  // namespace

int window_of(const TrainOptions& options, const NetworkTraining& training) {
  return training.window > 0 ? training.window : options.sampling.frames;
}

PairOptions pair_options(const TrainOptions& options, const NetworkTraining& training) {
  PairOptions pairs;
  pairs.pairs = training.pairs;
  // The mean of logits is learned sample by sample; a head that remembers needs the window.
  pairs.samples = training.head == kMean ? 1 : window_of(options, training);
  pairs.self_blend = training.fakes.self_blend;
  pairs.reconstruct = training.fakes.reconstruct;
  pairs.recoded = training.recoded;
  pairs.videos = training.videos;
  pairs.seed = options.seed;
  return pairs;
}

void load(const TrainOptions& options, const NetworkTraining& training,
          const EmbedProgress& progress, Ranks& ranks, PictureData& data) {
  data.backbone = open_backbone(options, training);
  data.head = head_of_backbone(options.backbone);
  data.rule = master_rule(make_rule(options.sampling, data.backbone.input));
  read_sides(options, training, progress, ranks, data);
}

}  // namespace dfd
