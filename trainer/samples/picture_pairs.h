// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pairs of a real window and a fake one, drawn from kept crops, changed by chance.

#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "data/random.h"
#include "detector/report.h"
#include "model/model_config.h"
#include "samples/augment.h"
#include "samples/crop_store.h"
#include "samples/fake_parts.h"
#include "samples/master_crops.h"
#include "samples/picture_quality.h"
#include "samples/self_blend.h"

namespace dfd {

// Some of a batch's pairs, [first, end).
struct PairRange {
  int first = 0, end = 0;
};

// Pictures of so many windows: real and fake ones in turn, each fake behind the real one that it
// was made from, if it was.
struct PictureBatch {
  at::Tensor pictures;  // float [N T, 3, S, S], normalised.
  at::Tensor labels;    // float [N], 1 is fake.
  // float [N, R], by PairOptions::traces: 1 where the window shows it, 0 where not, -1 where that
  // is not known, or not to be learned from this pair. A pair's windows are known in the same
  // columns.
  at::Tensor evidence;
  at::Tensor fakes;    // float [N], places in kFakeKinds: of each window's pair.
  at::Tensor quality;  // float [N, Q], by kQualities: of each window's first picture.
  // Where others have made the rest: which of how many windows the first of these is. 0: these are
  // all.
  std::int64_t first_window = 0, all_windows = 0;
};

struct PairOptions {
  int pairs = 16;   // In a batch.
  int samples = 1;  // In a window (T).
  // Parts of the pairs; what they leave has fakes of the data set.
  double self_blend = 1;   // The real picture blended into itself.
  double reconstruct = 0;  // As an autoencoder sees it, whole or its inner face.
  // Of self-blended ones, another person's face in its place, where one fits.
  double other_face = 0.2;
  double recoded = 0.5;  // Part of the pairs, when they are hardest, of crops that were H.264.
  // Part of those that are made of real clips, which is made of videos, where there are pictures
  // too. None: everybody is drawn alike, whatever shows them.
  std::optional<double> videos;
  std::vector<Trace> traces;  // Columns of a batch's evidence, each once.
  std::uint64_t seed = 1;
};

// Thread-safe after construction: a batch depends on the options, its number and how hard it is
// alone.
class PicturePairs {
 public:
  // clips, store: borrowed. rule: of master_rule(). Throws Error(kInvalidArgument) when there are
  // no real clips, or no fakes or reconstructions where some are wanted.
  PicturePairs(const PairOptions& options, const SamplingRule& rule, const MasterClips& clips,
               const CropStore& store);

  // Batch number `number` for that purpose. hardness: the curriculum, [0, 1].
  PictureBatch make(const std::string& purpose, std::int64_t number, double hardness) const;
  // Those of its pairs, at least one: the same as among all.
  PictureBatch make(const std::string& purpose, std::int64_t number, double hardness,
                    const PairRange& pairs) const;

  std::int64_t windows() const { return 2LL * options_.pairs; }  // In a batch.
  const std::vector<Trace>& traces() const { return options_.traces; }
  std::size_t real() const { return real_; }
  std::size_t fake() const { return fake_; }

 private:
  // Crops of one track of one clip, in time.
  using Faces = std::vector<Crop>;
  struct Pair {
    std::vector<cv::Mat> real, fake;  // Network crops.
    std::set<Trace> shows;            // What the fake is known to.
    FakeKind kind = FakeKind::kSelfBlend;
    PictureQuality real_quality{}, fake_quality{};
  };
  // Master crops.
  struct Drawn {
    Faces real, fake;
    std::size_t real_clip = 0, fake_clip = 0;
    std::set<Trace> shows;
    FakeKind kind = FakeKind::kSelfBlend;
  };
  // Where a window begins in a clip.
  struct Place {
    std::size_t track = 0;
    std::int64_t first = 0;  // Sample.
  };
  // Clips of each.
  using People = std::vector<std::vector<std::size_t>>;

  Pair make_pair(Random& random, double hardness) const;
  Drawn self_blended(bool recoded, double hardness, Random& random) const;
  Drawn reconstructed(bool recoded, Random& random) const;
  Drawn of_data_set(bool recoded, Random& random) const;
  // What fakes are made of. like: of its medium; none: of either.
  std::size_t draw_real(std::optional<std::size_t> like, Random& random) const;
  std::size_t real_beside(std::size_t fake, Random& random) const;
  Place draw_place(const CropStore::Clip& kept, std::size_t tracks, Random& random) const;
  Faces read(const CropStore::Clip& kept, const Place& place) const;
  Faces read(std::size_t clip, bool recoded, Random& random) const;
  Faces blend(Faces& real, std::size_t clip, bool recoded, double hardness, Random& random) const;
  const Crop* fitting_face(const Crop& target, const std::vector<Crop>& candidates) const;
  FaceLandmarks landmarks_of(const Crop& crop) const;

  PairOptions options_;
  InputRule input_;
  AugmentOptions augment_;
  const MasterClips& clips_;
  const CropStore& store_;
  People people_;  // Real clips.
  People faked_;   // Fakes.
  // Real clips of a group, "" for all, and a medium: whether they are videos.
  std::map<std::pair<std::string, bool>, People> beside_;
  std::map<std::string, std::size_t> real_of_file_;  // Clips.
  std::size_t real_ = 0;
  std::size_t fake_ = 0;
};

}  // namespace dfd
