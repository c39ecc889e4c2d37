// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/reconstructions.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iomanip>
#include <optional>
#include <sstream>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/file.h"
#include "data/random.h"
#include "samples/cache.h"
#include "samples/kept_file.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKeptKind = "autoencoder";
// To be counted up when layers or the training change.
constexpr const char* kAutoencoderVersion = "autoencoder 2";
// Likewise when crops are made smaller or chosen in another way.
constexpr const char* kCropsVersion = "reconstructed 1";

// As many as fit into memory with ease, 50 MiB, and more than so small a network can remember.
constexpr std::size_t kPictures = 256;

std::string digest(const std::string& text) { return sha256(text.data(), text.size()); }

// From 0 to below 2^24, the clip's own, whoever asks.
unsigned long number_of(const Clip& clip) {
  DFD_CHECK(clip.digest.size() >= 12);
  // The first digits choose the quantizer (samples/master_crops.h).
  return std::stoul(clip.digest.substr(6, 6), nullptr, 16);
}

double scale_of(const Clip& clip) {
  constexpr double kLeast = 0.6;
  return kLeast + (1 - kLeast) * static_cast<double>(number_of(clip)) / (1U << 24U);
}

Crop smaller(const Crop& crop, double scale) {
  const int side = std::max(1, static_cast<int>(std::lround(crop.rgb.cols * scale)));
  Crop small = crop;
  cv::resize(crop.rgb, small.rgb, {side, side}, 0, 0, cv::INTER_AREA);
  const float exact = static_cast<float>(side) / static_cast<float>(crop.rgb.cols);
  if (small.landmarks) {
    for (PointF& point : *small.landmarks) point = {point.x * exact, point.y * exact};
  }
  return small;
}

// One crop of each real clip, or of some of them, as large as they will be reconstructed.
std::vector<cv::Mat> training_pictures(const MasterClips& clips, const CropStore& store,
                                       std::uint64_t seed) {
  std::vector<std::size_t> real;
  for (std::size_t i = 0; i < clips.clips.size(); ++i) {
    if (!clips.clips[i].fake) real.push_back(i);
  }
  DFD_REQUIRE(!real.empty(), ErrorCode::kInvalidArgument,
              "there are no real clips with a face to train autoencoders on");
  std::vector<cv::Mat> pictures;
  const std::size_t wanted = std::min(kPictures, real.size());
  for (std::size_t i = 0; i < wanted; ++i) {
    const std::size_t clip = real[i * real.size() / wanted];
    Random random(seed, 0, i, "autoencoder picture");
    const auto draw = [&](std::size_t size) {
      return static_cast<std::size_t>(random.whole(0, static_cast<int>(size) - 1));
    };
    const CropStore::Clip& kept = *clips.crops[clip];
    const std::size_t track = draw(kept.tracks.size());
    const Crop crop = store.read(kept, track, draw(kept.tracks[track].size()));
    pictures.push_back(smaller(crop, scale_of(clips.clips[clip])).rgb);
  }
  return pictures;
}

// Of all that the weights depend on besides kind and training.
std::string pictures_digest(const MasterClips& clips) {
  std::string all;
  for (std::size_t i = 0; i < clips.clips.size(); ++i) {
    if (!clips.clips[i].fake) all += clips.clips[i].digest + ' ' + clips.crops[i]->checksum + ' ';
  }
  return digest(all);
}

AutoencoderTraining fitting(AutoencoderTraining training, const std::vector<cv::Mat>& pictures) {
  for (const cv::Mat& picture : pictures) {
    training.side = std::min(training.side, picture.cols / 8 * 8);
  }
  return training;
}

// None: not there, or damaged, which is said.
std::optional<Autoencoder> read_kept_one(const std::string& path, const AutoencoderKind& kind,
                                         const Say& say) {
  if (!fs::exists(path)) return std::nullopt;
  try {
    mark_used(path);
    return Autoencoder(kind, read_kept(path, kKeptKind).tensors);
  } catch (const Error& damage) {
    if (damage.code() != ErrorCode::kCorruptModel) throw;
    say(std::string(damage.what()) + "; it is set aside as " + set_aside(path) + " and made anew");
    return std::nullopt;
  }
}

// Of 255 levels, over some of the pictures.
double mean_error(const Autoencoder& autoencoder, const std::vector<cv::Mat>& pictures) {
  constexpr std::size_t kSome = 16;
  double sum = 0;
  double count = 0;
  for (std::size_t i = 0; i < std::min(kSome, pictures.size()); ++i) {
    sum += cv::norm(autoencoder.reconstruct(pictures[i]), pictures[i], cv::NORM_L1);
    count += static_cast<double>(3 * pictures[i].total());
  }
  return sum / count;
}

std::size_t versions_of(const CropStore::Clip& crops, std::size_t autoencoders) {
  constexpr std::size_t kReconstructions = 16;
  std::size_t count = 0;
  for (const auto& track : crops.tracks) count += track.size();
  return std::clamp<std::size_t>(kReconstructions / std::max<std::size_t>(1, count), 1,
                                 autoencoders);
}

ClipCrops reconstructed(const Clip& clip, const ClipCrops& crops,
                        const std::vector<const Autoencoder*>& by) {
  ClipCrops all;
  all.sample_rate = crops.sample_rate;
  const double scale = scale_of(clip);
  for (const auto& track : crops.tracks) {
    auto& small = all.tracks.emplace_back();
    for (const Crop& crop : track) small.push_back(smaller(crop, scale));
  }
  for (const Autoencoder* autoencoder : by) {
    for (std::size_t i = 0; i < crops.tracks.size(); ++i) {
      std::vector<Crop> track = all.tracks[i];
      for (Crop& crop : track) crop.rgb = autoencoder->reconstruct(crop.rgb);
      all.tracks.push_back(std::move(track));
    }
  }
  return all;
}

// What is kept of a clip.
struct Wanted {
  std::vector<const Autoencoder*> by;
  std::string key;
  std::string recoded_key;
};

Wanted wanted_of(const Clip& clip, const CropStore::Clip& crops,
                 const std::vector<Autoencoder>& autoencoders,
                 const std::vector<std::string>& digests) {
  Wanted wanted;
  std::string text = clip.digest + ' ' + crops.checksum + ' ' + kCropsVersion;
  const std::size_t first = number_of(clip);
  for (std::size_t i = 0; i < versions_of(crops, autoencoders.size()); ++i) {
    const std::size_t which = (first + i) % autoencoders.size();
    wanted.by.push_back(&autoencoders[which]);
    text += ' ' + digests[which];
  }
  wanted.key = digest(text);
  wanted.recoded_key = digest(text + " h264 1");
  return wanted;
}

// Makes what the store lacks of it. Was there anything?
bool keep(const Clip& clip, const CropStore::Clip& crops, const Wanted& wanted, bool recoded,
          CropStore& store) {
  const CropStore::Clip* kept = store.find(wanted.key);
  const bool to_recode = recoded && store.find(wanted.recoded_key) == nullptr;
  if (kept != nullptr && !to_recode) return false;
  const ClipCrops made =
      kept != nullptr ? store.read(*kept) : reconstructed(clip, store.read(crops), wanted.by);
  if (kept == nullptr) store.add(wanted.key, made);
  if (to_recode) store.add(wanted.recoded_key, through_encoder(made, clip));
  return true;
}

}  // namespace

std::vector<Autoencoder> kept_autoencoders(const MasterClips& clips, const CropStore& store,
                                           const AutoencoderTraining& training,
                                           const std::string& cache, const Say& say) {
  make_cache_folder(cache);
  const std::string from = pictures_digest(clips);
  std::vector<cv::Mat> pictures;  // Read when the first one is to be trained.
  std::vector<Autoencoder> found;
  for (const AutoencoderKind& kind : kAutoencoderKinds) {
    std::ostringstream about;
    about << kAutoencoderVersion << ' ' << to_string(kind) << ' ' << training.seed << ' '
          << training.steps << ' ' << training.batch << ' ' << training.side << ' '
          << training.learning_rate << ' ' << from;
    const std::string path = (fs::path(cache) / (digest(about.str()) + ".safetensors")).string();
    std::optional<Autoencoder> kept = read_kept_one(path, kind, say);
    if (!kept) {
      if (pictures.empty()) pictures = training_pictures(clips, store, training.seed);
      say("training autoencoder " + to_string(kind) + " on " + std::to_string(pictures.size()) +
          " crops");
      kept = train_autoencoder(kind, pictures, fitting(training, pictures), {});
      write_kept(path, kKeptKind, {{{"autoencoder", to_string(kind)}}, kept->weights()});
      std::ostringstream told;
      told << "autoencoder " << to_string(kind) << ": off by " << std::fixed << std::setprecision(1)
           << mean_error(*kept, pictures) << " levels of 255 in the mean";
      say(told.str());
    }
    found.push_back(kept->on(training.device));
  }
  return found;
}

void reconstruct_clips(MasterClips& clips, const std::vector<Autoencoder>& autoencoders,
                       bool recoded, CropStore& store, const EmbedProgress& progress) {
  DFD_CHECK(!autoencoders.empty());
  std::vector<std::string> digests;
  for (const Autoencoder& autoencoder : autoencoders) {
    digests.push_back(digest_of(autoencoder.on(at::kCPU).weights()));
  }
  std::vector<Wanted> wanted(clips.clips.size());
  int made = 0;
  for (std::size_t i = 0; i < clips.clips.size(); ++i) {
    if (!clips.clips[i].fake) {
      wanted[i] = wanted_of(clips.clips[i], *clips.crops[i], autoencoders, digests);
      made += keep(clips.clips[i], *clips.crops[i], wanted[i], recoded, store) ? 1 : 0;
    }
    progress.embedded(static_cast<int>(i + 1), static_cast<int>(clips.clips.size()), made);
  }
  store.flush();
  const auto get = [&](std::size_t clip, const std::string& key) -> const CropStore::Clip* {
    if (clips.clips[clip].fake) return nullptr;
    const CropStore::Clip* kept = store.find(key);
    DFD_REQUIRE(kept != nullptr, ErrorCode::kIo,
                clips.clips[clip].path << ": its reconstructions were written, but cannot be read; "
                                          "the disk that the cache is on may be failing");
    return kept;
  };
  for (std::size_t i = 0; i < clips.clips.size(); ++i) {
    clips.reconstructed.push_back(get(i, wanted[i].key));
    if (recoded) clips.recoded_reconstructed.push_back(get(i, wanted[i].recoded_key));
  }
}

}  // namespace dfd
