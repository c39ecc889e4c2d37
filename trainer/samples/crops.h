// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a clip to the crops that training sees: faces found, followed, judged and cut by the code
// that serving uses.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "data/clip.h"
#include "detector/config.h"
#include "detector/geometry.h"
#include "model/model_config.h"

namespace dfd {

enum class FrameChoice {
  kEven,  // floor(i * n / T): the whole clip. n may be wrong by half the distance of two samples.
  kSeed,  // Every max(n / T, 1)-th, the first T of them.
};

enum class TrackChoice {
  kLongest,  // The track with the most samples.
  kLargest,  // The one with the largest faces, of those with a quarter of T samples and more.
  kAll,      // Each of the latter by itself; all have the clip's label.
};
const char* to_string(TrackChoice choice) noexcept;  // As in model files: "longest", ...

// What a user may choose.
struct SamplingOptions {
  Region region = Region::kFaces;
  CropRule crop = CropRule::kBox;  // Of faces.
  std::optional<double> margin;  // As the crop rule counts it; none: 0 for kBox, else kUsualMargin.
  int frames = 20;               // T, [1, 256].
  TrackChoice tracks = TrackChoice::kLongest;
  std::string face_model;  // YuNet or MTCNN's weights; empty: OpenCV's cascade.
};

struct SamplingRule {
  InputRule input;
  int frames = 20;  // T
  FrameChoice choice = FrameChoice::kEven;
  TrackChoice tracks = TrackChoice::kLongest;
  std::string face_model;
  // Cut so instead of by input, which still says what is good enough to be a sample; its rule is
  // kSquare or kAligned.
  std::optional<InputRule> master;
};

// The rule of those options. input: the backbone's size, mean and deviation; the rest of it is the
// options' to say. Throws Error(kInvalidArgument) when they are out of range or landmarks are
// wanted without a face model; the face model's errors.
SamplingRule make_rule(const SamplingOptions& options, const InputRule& input);

// A face, or a whole frame, that was cut.
struct Crop {
  cv::Mat rgb;                             // CV_8UC3, S x S.
  std::optional<FaceLandmarks> landmarks;  // In its pixels, where the face detector gave them.
  float face_size = 0;                     // Shorter side of the face's box in the frame, pixels.
};

std::vector<cv::Mat> pictures_of(const std::vector<Crop>& crops);

struct ClipCrops {
  // Of each chosen track, or of the full frames, in order: at least one, at most T. Nothing where
  // no face was found.
  std::vector<std::vector<Crop>> tracks;
  double sample_rate = 0;  // Of a track's crops while its face is seen, in hertz; 0: unknown.
};

// All but the clip that its crops depend on, as a key for those that are kept. Throws Error(kIo,
// kNotFound) for the face model's file.
std::string key_of(const SamplingRule& rule);

// Thread-safe. Throws Error: kNotFound, kIo where the clip cannot be read; the face model's.
ClipCrops read_crops(const std::string& path, const SamplingRule& rule);
// The same of a clip that is kept by its digest; one without cannot be read.
ClipCrops read_crops(const Clip& clip, const SamplingRule& rule);

}  // namespace dfd
