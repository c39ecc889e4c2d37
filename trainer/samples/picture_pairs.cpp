// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/picture_pairs.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "backbone/input.h"
#include "base/check.h"
#include "samples/equal_sharpness.h"
#include "samples/face_mask.h"

namespace dfd {
namespace {

// As PictureBatch has it. shows: what the pair's fake is known to show.
float known_of(Trace trace, const std::set<Trace>& shows, FakeKind kind, bool fake) {
  if (shows.count(trace) > 0) return fake ? 1.F : 0.F;
  // Data sets have few real clips to tell generated ones from. That no generator has made what is
  // blended here is known too; else this logit says anything of faces unlike theirs.
  if (trace == Trace::kGenerated && kind == FakeKind::kSelfBlend) return 0.F;
  return -1.F;
}

std::size_t index(Random& random, std::size_t size) {
  return static_cast<std::size_t>(random.whole(0, static_cast<int>(size) - 1));
}

// Everybody alike, however many clips show them.
std::size_t draw_clip(const std::vector<std::vector<std::size_t>>& people, Random& random) {
  const auto& clips = people[index(random, people.size())];
  return clips[index(random, clips.size())];
}

std::vector<std::vector<std::size_t>> values_of(
    const std::map<std::string, std::vector<std::size_t>>& clips) {
  std::vector<std::vector<std::size_t>> values;
  for (const auto& [name, of] : clips) values.push_back(of);
  return values;
}

// Else a picture, which has one frame.
bool is_video(const CropStore::Clip& kept) {
  return std::any_of(kept.tracks.begin(), kept.tracks.end(),
                     [](const auto& track) { return track.size() > 1; });
}

// Where a network's face stands in another picture: a swap's, or what makes lips follow a voice.
MaskPlan draw_face_mask(Random& random) {
  constexpr std::array<MaskKind, 5> kKinds{MaskKind::kWholeFace, MaskKind::kNoForehead,
                                           MaskKind::kInnerFace, MaskKind::kLowerFace,
                                           MaskKind::kMouth};
  return draw_mask(kKinds[index(random, kKinds.size())], random);
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
  const double left = left_of({options.self_blend, options.reconstruct});
  DFD_REQUIRE(options.reconstruct >= 0 && left >= 0, ErrorCode::kInvalidArgument,
              "self-blend " << options.self_blend << " and reconstruct " << options.reconstruct
                            << ": parts of at most 1 together expected");
  std::map<std::string, std::vector<std::size_t>> people;
  std::map<std::string, std::vector<std::size_t>> faked;
  std::map<std::pair<std::string, bool>, std::map<std::string, std::vector<std::size_t>>> beside;
  for (std::size_t i = 0; i < clips.clips.size(); ++i) {
    const Clip& clip = clips.clips[i];
    const std::string person = people_of(clip)[0];
    if (clip.fake) {
      faked[person].push_back(i);
      ++fake_;
      continue;
    }
    people[person].push_back(i);
    ++real_;
    real_of_file_[clip.file] = i;
    for (const std::string& group : std::set<std::string>{clip.group, ""}) {
      beside[{group, is_video(*clips.crops[i])}][person].push_back(i);
    }
  }
  people_ = values_of(people);
  faked_ = values_of(faked);
  for (const auto& [place, found] : beside) beside_[place] = values_of(found);
  DFD_REQUIRE(!options.videos || (*options.videos >= 0 && *options.videos <= 1),
              ErrorCode::kInvalidArgument, "videos " << *options.videos << ": 0 to 1 expected");
  DFD_REQUIRE(real_ > 0, ErrorCode::kInvalidArgument,
              "there are no real clips with a face to train or to validate on");
  DFD_REQUIRE(fake_ > 0 || left == 0, ErrorCode::kInvalidArgument,
              "there are no fakes with a face; give --fakes self-blend, which makes them of the "
              "real clips");
  DFD_REQUIRE(
      options.reconstruct == 0 || (clips.reconstructed.size() == clips.clips.size() &&
                                   clips.recoded_reconstructed.size() == clips.recoded.size()),
      ErrorCode::kInvalidArgument, "there are no reconstructions of the clips");
}

std::size_t PicturePairs::draw_real(std::optional<std::size_t> like, Random& random) const {
  const auto pictures = beside_.find({"", false});
  const auto videos = beside_.find({"", true});
  if (!options_.videos || pictures == beside_.end() || videos == beside_.end()) {
    return draw_clip(people_, random);
  }
  const bool video = like ? is_video(*clips_.crops[*like]) : random.chance(*options_.videos);
  return draw_clip((video ? videos : pictures)->second, random);
}

// The clip that it was made of, if it is here. Else one of its group and medium, or at least of its
// medium, so that neither camera nor compression tells which is fake; a medium that no real clip
// has tells, whatever is done.
std::size_t PicturePairs::real_beside(std::size_t fake, Random& random) const {
  const Clip& clip = clips_.clips[fake];
  if (const auto source = real_of_file_.find(clip.source); source != real_of_file_.end()) {
    return source->second;
  }
  const bool video = is_video(*clips_.crops[fake]);
  for (const std::string& group : {clip.group, std::string()}) {
    const auto found = beside_.find({group, video});
    if (found != beside_.end()) return draw_clip(found->second, random);
  }
  return draw_clip(people_, random);
}

PicturePairs::Place PicturePairs::draw_place(const CropStore::Clip& kept, std::size_t tracks,
                                             Random& random) const {
  Place place;
  place.track = index(random, tracks);
  const auto count = static_cast<std::int64_t>(kept.tracks[place.track].size());
  const std::int64_t wanted = options_.samples;
  if (count > wanted) place.first = random.whole(0, static_cast<int>(count - wanted));
  return place;
}

PicturePairs::Faces PicturePairs::read(const CropStore::Clip& kept, const Place& from) const {
  const auto count = static_cast<std::int64_t>(kept.tracks[from.track].size());
  Faces faces;
  for (std::int64_t i = 0; i < options_.samples; ++i) {
    // A short track is read there and back again; nothing is made of zeros.
    const std::int64_t period = std::max<std::int64_t>(1, 2 * (count - 1));
    const std::int64_t place = (from.first + i) % period;
    faces.push_back(store_.read(kept, from.track,
                                static_cast<std::size_t>(place < count ? place : period - place)));
  }
  return faces;
}

PicturePairs::Faces PicturePairs::read(std::size_t clip, bool recoded, Random& random) const {
  const CropStore::Clip& kept = *(recoded ? clips_.recoded : clips_.crops)[clip];
  return read(kept, draw_place(kept, kept.tracks.size(), random));
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
PicturePairs::Faces PicturePairs::blend(Faces& real, std::size_t clip, bool recoded,
                                        double hardness, Random& random) const {
  BlendOptions options;
  options.easiness = 1 - hardness;
  const BlendPlan plan = draw_blend(options, random);
  std::optional<Crop> other;
  // A window of several frames keeps its own face: another's would have to move as it does.
  if (options_.samples == 1 && random.chance(options_.other_face)) {
    std::vector<Crop> candidates(4);
    for (Crop& candidate : candidates)
      candidate = read(draw_real(clip, random), recoded, random)[0];
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

PicturePairs::Drawn PicturePairs::self_blended(bool recoded, double hardness,
                                               Random& random) const {
  Drawn drawn;
  const std::size_t clip = draw_real({}, random);
  drawn.real = read(clip, recoded, random);
  drawn.fake = blend(drawn.real, clip, recoded, hardness, random);
  drawn.real_clip = drawn.fake_clip = clip;
  drawn.shows = {Trace::kSeam};
  return drawn;
}

PicturePairs::Drawn PicturePairs::reconstructed(bool recoded, Random& random) const {
  const std::size_t clip = draw_real({}, random);
  const auto& from = recoded ? clips_.recoded_reconstructed : clips_.reconstructed;
  const CropStore::Clip& kept = *from[clip];
  // The clip's own tracks, then as many of each autoencoder.
  const std::size_t tracks = clips_.crops[clip]->tracks.size();
  const std::size_t autoencoder = 1 + index(random, kept.tracks.size() / tracks - 1);
  Place place = draw_place(kept, tracks, random);
  Drawn drawn;
  drawn.kind = FakeKind::kReconstruct;
  drawn.real_clip = drawn.fake_clip = clip;
  drawn.real = read(kept, place);
  place.track += autoencoder * tracks;
  drawn.fake = read(kept, place);
  const EqualSharpness changes =
      equal_sharpness(drawn.real[0].rgb, drawn.fake[0].rgb, /*by_blur=*/random.chance(0.5));
  const bool whole = random.chance(0.5);
  const MaskPlan mask = draw_face_mask(random);
  for (std::size_t i = 0; i < drawn.real.size(); ++i) {
    Crop& real = drawn.real[i];
    Crop& fake = drawn.fake[i];
    real.rgb = degrade(real.rgb, changes.first);
    fake.rgb = degrade(fake.rgb, changes.second);
    if (whole) continue;
    fake.rgb = mixed_by(face_mask(mask, landmarks_of(real), real.rgb.cols), real.rgb, fake.rgb);
  }
  drawn.shows = {Trace::kReconstructed};
  if (!whole) drawn.shows.insert(Trace::kSeam);
  return drawn;
}

PicturePairs::Drawn PicturePairs::of_data_set(bool recoded, Random& random) const {
  const std::size_t fake = draw_clip(faked_, random);
  Drawn drawn;
  drawn.kind = FakeKind::kDataSet;
  drawn.fake_clip = fake;
  drawn.real_clip = real_beside(fake, random);
  drawn.real = read(drawn.real_clip, recoded, random);
  drawn.fake = read(fake, recoded, random);
  drawn.shows = traces_of(clips_.clips[fake]);
  return drawn;
}

PicturePairs::Pair PicturePairs::make_pair(Random& random, double hardness) const {
  // Both or neither: else the codec would tell.
  const bool recoded = random.chance(options_.recoded * hardness) && !clips_.recoded.empty();
  const double kind = random.between(0, 1);
  Drawn drawn;
  // Where the data set has no fakes, rounding must not ask for one.
  if (kind < options_.reconstruct) {
    drawn = reconstructed(recoded, random);
  } else if (fake_ == 0 || kind < options_.reconstruct + options_.self_blend) {
    drawn = self_blended(recoded, hardness, random);
  } else {
    drawn = of_data_set(recoded, random);
  }
  AugmentOptions options = augment_;
  options.strength = hardness;
  const Augmentation augmentation = draw_augmentation(options, random);
  Pair pair;
  pair.shows = drawn.shows;
  pair.kind = drawn.kind;
  for (std::size_t i = 0; i < drawn.real.size(); ++i) {
    const Augmentation of_frame = i == 0 ? augmentation : trembled(augmentation, random);
    pair.real.push_back(augment(drawn.real[i].rgb, of_frame, options));
    pair.fake.push_back(augment(drawn.fake[i].rgb, of_frame, options));
  }
  const auto quality = [&](const cv::Mat& crop, std::size_t clip) {
    const int quantizer = recoded ? quantizer_of(clips_.clips[clip]) : 0;
    return picture_quality(crop, augmentation.degradation, quantizer);
  };
  pair.real_quality = quality(pair.real[0], drawn.real_clip);
  pair.fake_quality = quality(pair.fake[0], drawn.fake_clip);
  return pair;
}

PictureBatch PicturePairs::make(const std::string& purpose, std::int64_t number,
                                double hardness) const {
  return make(purpose, number, hardness, {0, options_.pairs});
}

PictureBatch PicturePairs::make(const std::string& purpose, std::int64_t number, double hardness,
                                const PairRange& pairs) const {
  DFD_CHECK(pairs.first >= 0 && pairs.first < pairs.end && pairs.end <= options_.pairs);
  std::vector<cv::Mat> crops;
  std::vector<float> labels;
  std::vector<float> evidence;
  std::vector<float> fakes;
  std::vector<float> quality;
  for (int i = pairs.first; i < pairs.end; ++i) {
    Random random(options_.seed, static_cast<std::uint64_t>(number), static_cast<std::uint64_t>(i),
                  purpose);
    Pair pair = make_pair(random, hardness);
    fakes.insert(fakes.end(), 2, static_cast<float>(pair.kind));
    for (const PictureQuality& of : {pair.real_quality, pair.fake_quality}) {
      quality.insert(quality.end(), of.begin(), of.end());
    }
    for (auto* window : {&pair.real, &pair.fake}) {
      std::move(window->begin(), window->end(), std::back_inserter(crops));
      labels.push_back(window == &pair.fake ? 1.F : 0.F);
      for (const Trace trace : options_.traces) {
        evidence.push_back(known_of(trace, pair.shows, pair.kind, window == &pair.fake));
      }
    }
  }
  return {to_network_input(crops, input_),
          at::tensor(labels),
          at::tensor(evidence).view({static_cast<std::int64_t>(labels.size()),
                                     static_cast<std::int64_t>(options_.traces.size())}),
          at::tensor(fakes),
          at::tensor(quality).view({-1, static_cast<std::int64_t>(kQualities.size())}),
          2 * pairs.first,
          2 * options_.pairs};
}

}  // namespace dfd
