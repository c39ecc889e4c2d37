// SPDX-License-Identifier: LGPL-2.1-or-later

#include "sheets/pair_sheets.h"

#include <array>
#include <filesystem>
#include <utility>

#include <opencv2/core.hpp>

#include "base/check.h"
#include "data/dataset.h"
#include "data/picture.h"
#include "data/split.h"
#include "samples/cache.h"
#include "samples/crop_store.h"
#include "samples/frozen_backbone.h"
#include "samples/master_crops.h"
#include "samples/picture_pairs.h"
#include "samples/reconstructions.h"

namespace dfd {
namespace {

constexpr int kColumns = 16;
constexpr int kRule = 2;     // Paper between pairs,
constexpr int kBetween = 8;  // and between rows of them.
const cv::Scalar kPaper(32, 32, 32);

cv::Mat picture_of(const at::Tensor& crop, const InputRule& rule) {
  const at::Tensor pixels = crop.permute({1, 2, 0}).contiguous();
  cv::Mat normalised(rule.size, rule.size, CV_32FC3, pixels.data_ptr<float>());
  const cv::Scalar std(rule.std[0], rule.std[1], rule.std[2]);
  const cv::Scalar mean(rule.mean[0], rule.mean[1], rule.mean[2]);
  cv::Mat scaled;
  cv::multiply(normalised, std, scaled);
  cv::add(scaled, mean, scaled);
  cv::Mat rgb;
  scaled.convertTo(rgb, CV_8UC3);
  return rgb;
}

cv::Mat draw(const PictureBatch& batch, const InputRule& rule) {
  const int pairs = static_cast<int>(batch.labels.size(0) / 2);
  const int rows = (pairs + kColumns - 1) / kColumns;
  const int cell = rule.size + kRule;
  cv::Mat page(rows * (2 * cell + kBetween), kColumns * cell, CV_8UC3, kPaper);
  for (int i = 0; i < 2 * pairs; ++i) {
    const int pair = i / 2;
    const cv::Rect place(pair % kColumns * cell,
                         pair / kColumns * (2 * cell + kBetween) + i % 2 * cell, rule.size,
                         rule.size);
    picture_of(batch.pictures[i], rule).copyTo(page(place));
  }
  return page;
}

std::vector<Clip> clips_of(const std::string& data, const Say& say) {
  Manifest manifest = read_dataset(data);
  for (const std::string& remark : manifest.remarks) say(remark);
  // A folder may have a published test list and nothing else.
  if (Sides sides = sides_of(manifest); !sides.train.empty())
    manifest.clips = std::move(sides.train);
  add_digests(manifest.clips);
  return std::move(manifest.clips);
}

}  // namespace

std::vector<std::string> write_pair_sheets(const PairSheetOptions& options,
                                           const EmbedProgress& progress) {
  DFD_REQUIRE(options.pairs >= 1 && options.pairs <= 1024, ErrorCode::kInvalidArgument,
              "pairs " << options.pairs << ": 1 to 1024 expected");
  const SamplingRule rule =
      master_rule(make_rule(options.sampling, input_of_backbone(options.backbone)));
  std::error_code error;
  std::filesystem::create_directories(options.output, error);
  DFD_REQUIRE(!error, ErrorCode::kIo, options.output << ": cannot be made: " << error.message());
  CropStore store(cache_folder(options.cache), CropFormat::kLossless, progress.say);
  MasterClips clips = cut_master_crops(clips_of(options.data, progress.say), rule,
                                       /*recoded=*/true, store, progress);
  if (options.fakes.reconstruct > 0) {
    AutoencoderTraining training;
    training.seed = options.seed;
    training.steps = options.autoencoder_steps;
    reconstruct_clips(
        clips, kept_autoencoders(clips, store, training, cache_folder(options.cache), progress.say),
        /*recoded=*/true, store, progress);
  }
  PairOptions of_pairs;
  of_pairs.pairs = options.pairs;
  of_pairs.self_blend = options.fakes.self_blend;
  of_pairs.reconstruct = options.fakes.reconstruct;
  of_pairs.seed = options.seed;
  const PicturePairs pairs(of_pairs, rule, clips, store);
  constexpr std::array<std::pair<const char*, double>, 3> kSheets{
      {{"pairs-easy.png", 0.0}, {"pairs-middle.png", 0.5}, {"pairs-hard.png", 1.0}}};
  std::vector<std::string> written;
  for (const auto& [name, hardness] : kSheets) {
    written.push_back((std::filesystem::path(options.output) / name).string());
    write_picture(written.back(), draw(pairs.make("training", 0, hardness), rule.input));
  }
  return written;
}

}  // namespace dfd
