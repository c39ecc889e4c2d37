// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pairs of a real window and a fake one, drawn from kept crops, changed by chance.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "data/random.h"
#include "detector/report.h"
#include "model/model_config.h"
#include "samples/augment.h"
#include "samples/crop_store.h"
#include "samples/master_crops.h"
#include "samples/self_blend.h"

namespace dfd {

// Pictures of so many windows: real and fake ones in turn, each fake behind the real one that it
// was made from, if it was.
struct PictureBatch {
  at::Tensor pictures;  // float [N T, 3, S, S], normalised.
  at::Tensor labels;    // float [N], 1 is fake.
  // float [N, 2], by kEvidence: 1 where the window shows it, 0 where not, -1 where that is not
  // known, or not to be learned from this pair. A pair's windows are known in the same columns, so
  // that each column has as many of 0 as of 1.
  at::Tensor evidence;
};

struct PairOptions {
  int pairs = 16;         // In a batch.
  int samples = 1;        // In a window (T).
  double self_blend = 1;  // Part of the pairs whose fake is made of the real one; the others' is a
                          // fake of the data set.
  double other_face = 0.2;  // Of these, another person's face in its place, where one fits.
  double recoded = 0.5;     // Part of the pairs, when they are hardest, of crops that were H.264.
  std::uint64_t seed = 1;
};

// Thread-safe after construction: a batch depends on the options, its number and how hard it is
// alone.
class PicturePairs {
 public:
  // clips, store: borrowed. rule: of master_rule(). Throws Error(kInvalidArgument) when there are
  // no real clips, or no fakes where some are wanted.
  PicturePairs(const PairOptions& options, const SamplingRule& rule, const MasterClips& clips,
               const CropStore& store);

  // Batch number `number` for that purpose. hardness: the curriculum, [0, 1].
  PictureBatch make(const std::string& purpose, std::int64_t number, double hardness) const;

  std::int64_t windows() const { return 2LL * options_.pairs; }  // In a batch.
  std::size_t real() const { return real_; }
  std::size_t fake() const { return fakes_.size(); }

 private:
  // Crops of one track of one clip, in time.
  using Faces = std::vector<Crop>;
  struct Pair {
    std::vector<cv::Mat> real, fake;             // Network crops.
    std::array<bool, kEvidence.size()> shows{};  // What the fake is known to show.
  };

  Pair make_pair(Random& random, double hardness) const;
  std::size_t draw_real(Random& random) const;
  std::size_t draw_fake(std::size_t real, Random& random) const;
  Faces read(std::size_t clip, bool recoded, Random& random) const;
  Faces blend(Faces& real, bool recoded, double hardness, Random& random) const;
  const Crop* fitting_face(const Crop& target, const std::vector<Crop>& candidates) const;
  FaceLandmarks landmarks_of(const Crop& crop) const;

  PairOptions options_;
  InputRule input_;
  AugmentOptions augment_;
  const MasterClips& clips_;
  const CropStore& store_;
  std::vector<std::vector<std::size_t>> people_;  // Real clips of each.
  std::size_t real_ = 0;
  std::vector<std::size_t> fakes_;                           // Clips.
  std::map<std::string, std::vector<std::size_t>> made_of_;  // Fakes, by their source's file.
};

}  // namespace dfd
