// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/picture_data.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "samples/cache.h"
#include "samples/frozen_backbone.h"
#include "samples/recoded.h"
#include "samples/reconstructions.h"
#include "training/device.h"
#include "training/kept_state.h"
#include "training/rank_work.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

std::string known_of(const Metadata& settings) {
  std::string known;
  for (const auto& [key, value] : settings) known += (known.empty() ? "" : ", ") + key;
  return known;
}

BackboneParts open_backbone(const TrainOptions& options, const NetworkTraining& training) {
  BackboneParts parts;
  if (!is_new(options.backbone)) {
    DFD_REQUIRE(training.settings.empty(), ErrorCode::kInvalidArgument,
                "setting " << training.settings.begin()->first
                           << ": only a new network has a choice, " << options.backbone
                           << " is what it is");
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
  for (const auto& [key, value] : training.settings) {
    DFD_REQUIRE(kind.settings.count(key) > 0, ErrorCode::kInvalidArgument,
                "setting " << key << ": " << parts.info.name << " has "
                           << (kind.settings.empty() ? "none" : known_of(kind.settings)));
    parts.info.settings[key] = value;
  }
  parts.input = kind.input;
  parts.tensors = kind.random_weights(options.seed, parts.info.settings);
  TensorSource source(options.backbone, parts.tensors);
  parts.network = kind.make(source, "", parts.info.settings);
  return parts;
}

// A clip network's window is its clip, whatever else was asked for.
void set_window(const TrainOptions& options, const NetworkTraining& training, PictureData& data) {
  const int clip = data.backbone.network->clip_length();
  const int frames = options.sampling.frames;
  if (clip == 0) {
    data.window = training.window > 0 ? training.window : frames;
    // The mean of logits is learned sample by sample; a head that remembers needs the window.
    data.samples = data.head_type == kMean ? 1 : data.window;
    return;
  }
  const std::string& name = data.backbone.info.name;
  DFD_REQUIRE(training.window == 0 || training.window == clip, ErrorCode::kInvalidArgument,
              "window " << training.window << ": " << name << " takes clips of " << clip
                        << " samples; leave --window out");
  DFD_REQUIRE(frames >= clip, ErrorCode::kInvalidArgument,
              "frames " << frames << ": " << name << " takes clips of " << clip
                        << " samples; give --frames " << clip << " or more");
  data.window = clip;
  data.samples = clip;
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

PairOptions pair_options(const TrainOptions& options, const NetworkTraining& training,
                         int samples) {
  PairOptions pairs;
  pairs.pairs = training.pairs;
  pairs.samples = samples;
  pairs.self_blend = training.fakes.self_blend;
  pairs.reconstruct = training.fakes.reconstruct;
  pairs.recoded = training.recoded;
  pairs.videos = training.videos;
  pairs.seed = options.seed;
  return pairs;
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
  PairOptions pairs = pair_options(options, training, data.samples);
  if (data.head_type == kMean) data.traces = traces_of(training.fakes, data.train.clips.clips);
  pairs.traces = data.traces;
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
  pairs.samples = data.window;
  data.validation.windows.emplace(pairs, data.rule, data.validation.clips, *data.store);
  progress.say("kept crops: " + std::to_string(data.store->bytes() >> 20) + " MiB in " + folder);
}

}  // namespace

void load(const TrainOptions& options, const NetworkTraining& training,
          const EmbedProgress& progress, Ranks& ranks, PictureData& data) {
  if (training.recoded > 0) require_encoder();
  data.backbone = open_backbone(options, training);
  if (training.size) {
    const std::string& name = data.backbone.info.name;
    require_size(backbone_kind(name, name), *training.size, ErrorCode::kInvalidArgument,
                 "size of " + name);
    data.backbone.input.size = *training.size;
  }
  data.head = head_of_backbone(options.backbone);
  data.fake_index = fake_index_of_backbone(options.backbone);
  // A network that classifies by itself goes on doing so.
  const Metadata& settings = data.backbone.info.settings;
  data.head_type = settings.count(kClasses) > 0 ? kNone
                   : options.head.empty()       ? kMean
                                                : options.head;
  set_window(options, training, data);
  data.rule = master_rule(make_rule(options.sampling, data.backbone.input));
  read_sides(options, training, progress, ranks, data);
}

}  // namespace dfd
