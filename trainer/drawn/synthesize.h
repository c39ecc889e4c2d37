// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A small data set of drawn faces in Celeb-DF's layout, with forgeries of known kinds.
//
// It proves the machinery, not that real deepfakes are found. Shortcuts are closed: both classes
// get the same blur, noise, light, scale and compression, half of the real clips have their own
// face cut out and pasted back, and one kind of forgery occurs in the test list only.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "detector/geometry.h"

namespace dfd {

struct SynthesisOptions {
  std::string output;
  int clips = 40;  // Nearly half of them forged, >= 8.
  std::uint64_t seed = 1;
  double seconds = 4;  // Of each clip, (0, 60].
};

// Kinds of forgery. The last one is never in training.
enum class Forgery { kNone, kBlend, kFlicker, kWarp, kRescale };
const char* to_string(Forgery forgery);

struct ClipPlan {
  std::string file;         // Below the output folder.
  std::uint64_t seed = 0;   // Of the forger.
  std::uint64_t scene = 0;  // Of everything else: a forgery has its source's.
  int person = 0;           // Of the body and background.
  int other_person = 0;     // Whose face is put in, for kBlend and kFlicker.
  Forgery forgery = Forgery::kNone;
  bool pasted_back = false;
  bool test = false;
};

// What is truly in a frame, in its pixels.
struct FrameTruth {
  RectF box;
  FaceLandmarks landmarks;
};

// Which clips a data set consists of. Throws Error(kInvalidArgument).
std::vector<ClipPlan> plan_clips(const SynthesisOptions& options);

// Draws a clip of that plan; calls with every picture (CV_8UC3, RGB) and its truth.
void draw_clip(const ClipPlan& plan, double seconds,
               const std::function<void(const cv::Mat&, const FrameTruth&)>& frame);

// Writes the data set: clips, List_of_testing_videos.txt, truth.jsonl (one line a clip). Throws
// Error: kInvalidArgument, kNotFound, kIo. progress: clips done, of.
void synthesize(const SynthesisOptions& options, const std::function<void(int, int)>& progress);

constexpr int kSynthesisFps = 25;
constexpr int kSynthesisWidth = 320;
constexpr int kSynthesisHeight = 256;

}  // namespace dfd
