// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/picture_pairs.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"
#include "samples/face_mask.h"

namespace dfd {
namespace {

std::size_t index(Random& random, std::size_t size) {
  return static_cast<std::size_t>(random.whole(0, static_cast<int>(size) - 1));
}

}  // namespace

PicturePairs::PicturePairs(const PairOptions& options, const SamplingRule& rule,
                           const MasterClips& clips, const CropStore& store)
    : options_(options),
      input_(rule.input),
      augment_(augment_options(rule)),
      clips_(clips),
      store_(store) {
  DFD_REQUIRE(options.pairs >= 1 && options.samples >= 1, ErrorCode::kInvalidArgument,
              "pairs and samples: at least 1 expected");
  DFD_REQUIRE(options.self_blend >= 0 && options.self_blend <= 1, ErrorCode::kInvalidArgument,
              "self-blend " << options.self_blend << ": 0 to 1 expected");
  std::map<std::string, std::vector<std::size_t>> people;
  for (std::size_t i = 0; i < clips.clips.size(); ++i) {
    const Clip& clip = clips.clips[i];
    if (clip.fake) {
      fakes_.push_back(i);
      if (!clip.source.empty()) made_of_[clip.source].push_back(i);
    } else {
      people[people_of(clip)[0]].push_back(i);
      ++real_;
    }
  }
  for (auto& [name, real] : people) people_.push_back(std::move(real));
  DFD_REQUIRE(real_ > 0, ErrorCode::kInvalidArgument,
              "there are no real clips with a face to train or to validate on");
  DFD_REQUIRE(!fakes_.empty() || options.self_blend == 1, ErrorCode::kInvalidArgument,
              "there are no fakes with a face; give --fakes self-blend, which makes them of the "
              "real clips");
}

// Everybody alike, however many clips show them.
std::size_t PicturePairs::draw_real(Random& random) const {
  const auto& clips = people_[index(random, people_.size())];
  return clips[index(random, clips.size())];
}

// One made of the real clip, if there is any.
std::size_t PicturePairs::draw_fake(std::size_t real, Random& random) const {
  const auto found = made_of_.find(clips_.clips[real].file);
  const auto& from = found == made_of_.end() ? fakes_ : found->second;
  return from[index(random, from.size())];
}

PicturePairs::Faces PicturePairs::read(std::size_t clip, bool recoded, Random& random) const {
  const CropStore::Clip& kept = *(recoded ? clips_.recoded : clips_.crops)[clip];
  const std::size_t track = index(random, kept.tracks.size());
  const auto count = static_cast<std::int64_t>(kept.tracks[track].size());
  const std::int64_t wanted = options_.samples;
  const std::int64_t first = count > wanted ? random.whole(0, static_cast<int>(count - wanted)) : 0;
  Faces faces;
  for (std::int64_t i = 0; i < wanted; ++i) {
    // A short track is read there and back again; nothing is made of zeros.
    const std::int64_t period = std::max<std::int64_t>(1, 2 * (count - 1));
    const std::int64_t place = (first + i) % period;
    faces.push_back(
        store_.read(kept, track, static_cast<std::size_t>(place < count ? place : period - place)));
  }
  return faces;
}

FaceLandmarks PicturePairs::landmarks_of(const Crop& crop) const {
  const int size = crop.rgb.cols;
  const double usual = size / augment_.master_margin;
  const cv::Rect2f picture(0, 0, static_cast<float>(size), static_cast<float>(size));
  if (crop.landmarks &&
      std::all_of(crop.landmarks->begin(), crop.landmarks->end(), [&](const PointF& point) {
        return picture.contains({point.x, point.y});
      })) {
    // Detectors err: what is half or twice as large as the face's box is none of this face's.
    const double side = side_of(face_to_picture(*crop.landmarks));
    if (side > usual / 2 && side < usual * 2) return *crop.landmarks;
  }
  return usual_landmarks(usual, size);
}

const Crop* PicturePairs::fitting_face(const Crop& target,
                                       const std::vector<Crop>& candidates) const {
  // From here on one face is turned away from the other (samples/self_blend.h).
  constexpr double kFarthest = 0.05;
  const Crop* best = nullptr;
  double least = kFarthest;
  for (const Crop& candidate : candidates) {
    if (!candidate.landmarks || !target.landmarks) continue;
    const double difference = pose_difference(*target.landmarks, *candidate.landmarks);
    if (difference < least) {
      least = difference;
      best = &candidate;
    }
  }
  return best;
}

// Changes the real faces too, where the plan says so.
PicturePairs::Faces PicturePairs::blend(Faces& real, bool recoded, double hardness,
                                        Random& random) const {
  BlendOptions options;
  options.easiness = 1 - hardness;
  const BlendPlan plan = draw_blend(options, random);
  std::optional<Crop> other;
  // A window of several frames keeps its own face: another's would have to move as it does.
  if (options_.samples == 1 && random.chance(options_.other_face)) {
    std::vector<Crop> candidates(4);
    for (Crop& candidate : candidates) candidate = read(draw_real(random), recoded, random)[0];
    if (const Crop* fits = fitting_face(real[0], candidates)) other = *fits;
  }
  Faces fakes = real;
  for (std::size_t i = 0; i < real.size(); ++i) {
    const BlendPlan of_frame = i == 0 ? plan : jittered(plan, random);
    const BlendFace target{real[i].rgb, landmarks_of(real[i])};
    Blended blended = other ? blend_faces(target, {other->rgb, *other->landmarks}, of_frame)
                            : self_blend(target, of_frame);
    fakes[i].rgb = std::move(blended.fake);
    real[i].rgb = std::move(blended.real);
  }
  return fakes;
}

PicturePairs::Pair PicturePairs::make_pair(Random& random, double hardness) const {
  const std::size_t clip = draw_real(random);
  // Both or neither: else the codec would tell.
  const bool recoded = random.chance(options_.recoded * hardness) && !clips_.recoded.empty();
  Faces real = read(clip, recoded, random);
  const bool self = fakes_.empty() || random.chance(options_.self_blend);
  const Faces fake = self ? blend(real, recoded, hardness, random)
                          : read(draw_fake(clip, random), recoded, random);
  AugmentOptions options = augment_;
  options.strength = hardness;
  const Augmentation augmentation = draw_augmentation(options, random);
  Pair pair;
  pair.shows[0] = self;  // A seam.
  for (const Crop& crop : real) pair.real.push_back(augment(crop.rgb, augmentation, options));
  for (const Crop& crop : fake) pair.fake.push_back(augment(crop.rgb, augmentation, options));
  return pair;
}

PictureBatch PicturePairs::make(const std::string& purpose, std::int64_t number,
                                double hardness) const {
  std::vector<cv::Mat> crops;
  std::vector<float> labels;
  std::vector<float> evidence;
  for (int i = 0; i < options_.pairs; ++i) {
    Random random(options_.seed, static_cast<std::uint64_t>(number), static_cast<std::uint64_t>(i),
                  purpose);
    Pair pair = make_pair(random, hardness);
    for (auto* window : {&pair.real, &pair.fake}) {
      std::move(window->begin(), window->end(), std::back_inserter(crops));
      labels.push_back(window == &pair.fake ? 1.F : 0.F);
      for (const bool shown : pair.shows) evidence.push_back(shown ? labels.back() : -1.F);
    }
  }
  return {to_network_input(crops, input_), at::tensor(labels),
          at::tensor(evidence).view({-1, static_cast<std::int64_t>(kEvidence.size())})};
}

}  // namespace dfd
