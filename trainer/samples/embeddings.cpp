// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/embeddings.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "backbone/input.h"
#include "base/check.h"
#include "samples/cache.h"
#include "samples/crop_store.h"
#include "samples/kept_crops.h"
#include "samples/kept_file.h"
#include "scoring/clip_scorer.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// All but the clip that embeddings depend on.
std::string rule_key(const BackboneInfo& info, const SamplingRule& rule) {
  std::string key = info.digest + ' ' + info.name + ' ' + key_of(rule);
  for (const auto& [setting, value] : info.settings) {
    key.append(1, ' ').append(setting).append(1, '=').append(value);
  }
  return key;
}

std::string cache_name(const Clip& clip, const std::string& rule_key) {
  const std::string text = clip.digest + ' ' + rule_key;
  return sha256(text.data(), text.size()) + ".safetensors";
}

constexpr const char* kKeptKind = "features";  // As files of older versions have it.

std::string track_name(std::size_t number) { return "track." + std::to_string(number); }

at::Tensor embed(const Backbone& network, const std::vector<cv::Mat>& crops,
                 const InputRule& rule) {
  const c10::InferenceMode guard;
  if (const int clip = network.clip_length(); clip > 0) {
    return network.embed(to_clip(crops, clip, rule));
  }
  return network.embed(to_network_input(crops, rule).contiguous(at::MemoryFormat::ChannelsLast));
}

// None: not there, or damaged, which is said.
std::optional<KeptFile> read_cached(const std::string& path, const Say& say) {
  if (!fs::exists(path)) return std::nullopt;
  try {
    mark_used(path);
    return read_kept(path, kKeptKind);
  } catch (const Error& damage) {
    if (damage.code() != ErrorCode::kCorruptModel) throw;
    say(std::string(damage.what()) + "; it is set aside as " + set_aside(path) + " and made anew");
    return std::nullopt;
  }
}

KeptFile embed_all(const Backbone& network, const ClipCrops& crops, const InputRule& rule) {
  KeptFile kept;
  for (std::size_t i = 0; i < crops.tracks.size(); ++i) {
    kept.tensors[track_name(i)] = embed(network, pictures_of(crops.tracks[i]), rule);
  }
  kept.tensors["sample_rate"] = at::tensor({crops.sample_rate}, at::kDouble);
  return kept;
}

ClipEmbeddings unpack(const KeptFile& kept) {
  ClipEmbeddings found;
  for (auto track = kept.tensors.find(track_name(0)); track != kept.tensors.end();
       track = kept.tensors.find(track_name(found.tracks.size()))) {
    found.tracks.push_back(track->second);
  }
  found.sample_rate = kept.tensors.at("sample_rate")[0].item<double>();
  return found;
}

}  // namespace

std::vector<ClipEmbeddings> embed_clips(const std::vector<Clip>& clips, const Backbone& network,
                                        const BackboneInfo& info, const SamplingRule& rule,
                                        const std::string& cache, const EmbedProgress& progress) {
  make_cache_folder(cache);
  const std::string key = rule_key(info, rule);
  const auto path_of = [&](const Clip& clip) {
    return (fs::path(cache) / cache_name(clip, key)).string();
  };
  std::vector<ClipEmbeddings> embeddings(clips.size());
  std::vector<std::size_t> missing;
  std::vector<Clip> to_embed;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (const std::optional<KeptFile> kept = read_cached(path_of(clips[i]), progress.say)) {
      embeddings[i] = unpack(*kept);
      continue;
    }
    missing.push_back(i);
    to_embed.push_back(clips[i]);
  }
  if (missing.empty()) {
    progress.computed(0, 0, clips.size());
    return embeddings;
  }
  CropStore store(cache, CropFormat::kLossless, progress.say);
  visit_crops(to_embed, rule, store, progress.say,
              [&](std::size_t number, const std::optional<ClipCrops>& crops) {
                ClipEmbeddings& found = embeddings[missing[number]];
                if (crops) {
                  const KeptFile kept = embed_all(network, *crops, rule.input);
                  write_kept(path_of(to_embed[number]), kKeptKind, kept);
                  found = unpack(kept);
                } else {
                  found.failed = true;
                }
                progress.computed(number + 1, missing.size(), clips.size());
              });
  return embeddings;
}

}  // namespace dfd
