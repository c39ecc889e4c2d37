// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fakes made of real pictures: a face is blended into itself after one of the two was changed
// (Shiohara and Yamasaki 2022, "Detecting Deepfakes with Self-Blended Images"), or into another
// person's. What is to be learned is the seam and the difference between its sides, which every
// face swap has, and nothing of a certain generator.
//
// Real and fake come in pairs of the same frame and are the same but for the mask.

#pragma once

#include <optional>

#include <opencv2/core.hpp>

#include "data/random.h"
#include "detector/geometry.h"
#include "samples/degrade.h"
#include "samples/face_mask.h"

namespace dfd {

// Pixels are those of the master crop (samples/augment.h).
struct BlendOptions {
  // The curriculum, [0, 1]. At 1 every blend is full, colours differ twice as much, and small masks
  // are left out; at 0 all is as below, where differences may be hard to see.
  double easiness = 0;

  // How often each kind of mask is drawn, in parts of their sum; >= 0, not all 0. A swap is of the
  // whole face or most of it; lip-sync and retouching leave the rest.
  double whole_face = 0.3;
  double no_forehead = 0.2;
  double inner_face = 0.2;
  double lower_face = 0.1;
  double mouth = 0.1;
  double eyes = 0.1;

  // Of the fakes, in which the source is changed; in the others the target, and so the real picture
  // too: no change of a whole picture tells fake from real.
  double alter_source = 0.5;

  // Less than what augmentation does to whole pictures: within one picture the eye sees it.
  ColorRange color_range{0.12, 0.1, 0.06, 0.08, 0.15, 4};

  // What else is done to it: one of these (or none, the rest to 1). Together at most 1. Ranges are
  // for faces of 100 to 200 pixels: resolutions of 40 pixels, a first network's, to 90; blur and
  // sharpening from just seen to plainly seen.
  double rescale = 0.25;
  Range rescale_factor{0.25, 0.6};
  double sharpen = 0.2;
  Range sharpen_amount{0.3, 1.0};
  Range sharpen_sigma{0.8, 2};
  double blur = 0.2;
  Range blur_sigma{0.6, 2};
  double regenerate = 0.25;

  // The altered side's own sensor and file, in some: less than what augmentation adds to both.
  double noise = 0.2;
  Range noise_sigma{1, 5};
  double jpeg = 0.3;
  Range jpeg_quality{30, 95};

  // The source's place and size are a little off, as after landmarks of two pictures were matched.
  double shift = 0.03;  // Of the face's side, across; half of it down; [0, 0.5].
  double scale = 0.05;  // From 1 / 1.05 to 1.05; [0, 1].
};

// The trace of a generator's decoder: it makes a picture from one of half the resolution, and its
// way of doing so repeats with a period of two of its own pixels.
struct Regeneration {
  bool zero_insertion = true;  // Zeros between pixels, then a kernel of 3; else nearest pixels.
  double scale = 0.7;          // The generator's resolution over the picture's, (0, 1].
  double unevenness = 0.04;    // Of the kernel: even places are so much brighter, odd ones darker.
  double detail = 0.5;         // Of what half the resolution loses, how much is made up, [0, 1].
};

// All that was drawn. It does not depend on the picture.
struct BlendPlan {
  MaskPlan mask;
  double ratio = 1;          // Of source in the mask's inside, (0, 1].
  bool alter_source = true;  // Else the target is altered.
  Degradation alteration;
  std::optional<Regeneration> regeneration;  // Before the alteration.
  cv::Point2d shift;                         // Of the source, in parts of the face's side.
  double scale = 1;                          // Of the source, about the face's middle.
};

// Throws Error(kInvalidArgument) naming the option that is out of its range.
BlendPlan draw_blend(const BlendOptions& options, Random& random);

// The plan for the next frame of a sequence: mask, place and brightness tremble, the noise is a new
// one, all else stays. So a network over time cannot live on flicker alone. Draw from the plan of
// the sequence each time, not from the last frame's, or it wanders off.
BlendPlan jittered(const BlendPlan& plan, Random& random);

// A master crop, square, RGB, CV_8UC3, borrowed; landmarks in its pixels.
struct BlendFace {
  const cv::Mat& picture;
  FaceLandmarks landmarks;
};

struct Blended {
  cv::Mat real;  // The target, altered if the plan says so. CV_8UC3 as the picture.
  cv::Mat fake;  // Where the mask is 0, the same bytes as real.
  cv::Mat mask;  // CV_32FC1 in [0, 1]: the part of the source.
};

// The face blended into itself. A plan that would change next to nothing in this picture is made
// stronger (the whole ratio, then other light), always in the same way, so that every pair teaches
// something. Pure functions, for any thread. Throw Error(kInvalidArgument) for a picture that is no
// such square, landmarks that are no face in it, and a plan whose numbers are out of their ranges.
Blended self_blend(const BlendFace& target, const BlendPlan& plan);

// Another person's face in the target's place: moved by the landmarks' similarity, its colours
// brought to the target's within the mask (mean and deviation in L*a*b*, Reinhard and others 2001).
// The pictures may differ in size. Its pose is not changed: choose one near the target's, or its
// background comes along.
Blended blend_faces(const BlendFace& target, const BlendFace& source, const BlendPlan& plan);

// How far apart landmarks lie once both faces are upright and of one size: root of the mean square,
// in parts of the face's side. Of two portraits mostly below 0.02; from 0.05 on one face is turned
// away from the other. Throws Error(kInvalidArgument) for landmarks that are no face's.
double pose_difference(const FaceLandmarks& a, const FaceLandmarks& b);

}  // namespace dfd
