// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/embeddings.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"
#include "samples/cache.h"
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

// None: the clip cannot be read, which is said.
std::optional<KeptFile> embeddings_of(const Clip& clip, const Backbone& network,
                                      const SamplingRule& rule, const Say& say) {
  if (clip.digest.empty()) {
    say(clip.path + ": cannot be read; this clip is left out");
    return std::nullopt;
  }
  const std::optional<ClipCrops> crops = read_crops_or_say(clip.path, rule, say);
  if (!crops) return std::nullopt;
  KeptFile kept;
  for (std::size_t i = 0; i < crops->tracks.size(); ++i) {
    kept.tensors[track_name(i)] = embed(network, pictures_of(crops->tracks[i]), rule.input);
  }
  kept.tensors["sample_rate"] = at::tensor({crops->sample_rate}, at::kDouble);
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
  std::vector<ClipEmbeddings> embeddings;
  const std::string key = rule_key(info, rule);
  int computed = 0;
  for (const Clip& clip : clips) {
    const std::string path = (fs::path(cache) / cache_name(clip, key)).string();
    std::optional<KeptFile> kept = read_cached(path, progress.say);
    if (!kept) {
      ++computed;
      kept = embeddings_of(clip, network, rule, progress.say);
      if (kept) write_kept(path, kKeptKind, *kept);
    }
    embeddings.push_back(kept ? unpack(*kept) : ClipEmbeddings{{}, 0, true});
    progress.embedded(static_cast<int>(embeddings.size()), static_cast<int>(clips.size()),
                      computed);
  }
  return embeddings;
}

}  // namespace dfd
