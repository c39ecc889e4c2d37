// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/provenance.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "judging/known_clips.h"
#include "samples/frozen_backbone.h"

namespace dfd {
namespace {

// In thousandths of a hertz.
Rate to_rate(double hertz) {
  const int thousandths = std::max(1, static_cast<int>(std::lround(hertz * 1000)));
  const int divisor = std::gcd(thousandths, 1000);
  return {thousandths / divisor, 1000 / divisor};
}

// What metadata say of the clips that a side holds: 12 digits of each one's digest, sorted.
// digests: those of what it goes on from, which are known as well.
std::string short_digests(const std::vector<Clip>& clips, std::set<std::string> digests) {
  for (const Clip& clip : clips) {
    if (!clip.digest.empty()) digests.insert(short_digest(clip));
  }
  return joined(digests);
}

}  // namespace

Rate rate_of(const TrainOptions& options, std::vector<double> rates) {
  if (options.sample_rate) return to_rate(*options.sample_rate);
  rates.erase(std::remove(rates.begin(), rates.end(), 0.0), rates.end());
  DFD_REQUIRE(!rates.empty(), ErrorCode::kInvalidArgument,
              options.data << ": no clip to train on has a sample rate; give --sample-rate, the "
                              "samples a second that the model is to be served with");
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return to_rate(*middle);
}

bool makes_manifest(const TrainOptions& options) {
  return std::filesystem::is_directory(options.data);
}

std::string manifest_path(const TrainOptions& options) {
  return options.output + ".manifest.jsonl";
}

Metadata to_metadata(const TrainOptions& options, const Provenance& of) {
  const std::string name = std::filesystem::path(options.data).filename().string();
  const Metadata before = training_of_backbone(options.backbone);
  Metadata metadata{
      {"data", utf8(name)},
      {"data_digest", of.data_digest},
      {"manifest_digest", manifest_digest(of.manifest)},
      {kTrainDigests, short_digests(of.train, digests_in(before, kTrainDigests))},
      {kValidationDigests, short_digests(of.validation, digests_in(before, kValidationDigests))},
      {"split", of.manifest.split},
      {"seed", std::to_string(options.seed)},
      {"tracks", to_string(of.rule.tracks)},
      {"clips", std::to_string(of.train.size())},
      {"validation_clips", std::to_string(of.validation.size())}};
  if (utf8(name) != name) metadata["data_hex"] = hexadecimal(name);
  return metadata;
}

}  // namespace dfd
