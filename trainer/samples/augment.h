// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From the master crop of a face to a network's crop: as serving cuts it, or changed by chance as
// phones, networks and imprecise face detectors change pictures.
//
// A master crop is RGB, CV_8UC3, M x M: the square around the middle of the face's square whose
// side is master_margin times that one's. The network's crop is its middle, of margin times that
// side, so that there is room to move.
//
// Everything here is done alike to a real crop and to the fake made from it, its noise included.
// What is drawn never depends on the label: a network must not learn that blurred is fake.

#pragma once

#include <string>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

#include "data/random.h"
#include "model/model_config.h"
#include "samples/degrade.h"

namespace dfd {

// Probabilities are in [0, 1]. Lengths and factors are in pixels of the network's crop, so that
// they mean the same whatever M is. Each range ends where serving would not judge a face any more,
// or where the picture would not be one that people send around.
struct AugmentOptions {
  int size = 128;                // S, [16, 1024].
  double margin = kUsualMargin;  // [1, master_margin]
  double master_margin = 1.8;    // [1, 4]
  // The curriculum, [0, 1]. All probabilities but the flip's and JPEG's are multiplied by it,
  // JPEG's lowest quality and the jitter grow with it. At 0: flip, a fifth of the jitter, easy
  // JPEG.
  double strength = 1;

  double flip = 0.5;  // A face in the mirror is a face.
  // What landmarks and boxes of a detector are off by from frame to frame, and between detectors.
  double shift = 0.08;  // Of the crop's side, both ways; [0, 0.5].
  double scale = 0.10;  // From 1 / 1.1 to 1.1; [0, 1].
  double turn = 5;      // Degrees, both ways; [0, 45].

  // Light and cameras' colours. Wider, and skin is none any more; narrower, and a fake's other
  // colour is told by its place in the histogram.
  double color = 0.5;
  ColorRange color_range{0.25, 0.2, 0.1, 0.1, 0.3, 8};
  double grey = 0.03;  // Rare among videos, but there.

  // At 1.5 pixels and more the fine traces are gone, and nothing is left to be learned from.
  double blur = 0.2;
  Range blur_sigma{0.3, 1.5};
  double motion = 0.25;  // Of the blurs, which are by motion.
  Range motion_length{2, 6};

  // Daylight to a dark room; above, serving calls the face too dark or too noisy to see.
  double noise = 0.2;
  Range noise_sigma{1, 8};

  double sharpen = 0.15;  // What phones do; above, there are bright seams that nobody likes.
  Range sharpen_amount{0.3, 1.2};
  Range sharpen_sigma{0.6, 1.5};

  // 0.3 of 128 pixels is a face of 30: about the smallest that serving judges.
  double rescale = 0.25;
  Range rescale_factor{0.3, 0.9};

  // 25 is a messenger's worst. Twice: recorded, then uploaded, where the blocks lie elsewhere.
  double jpeg = 0.6;
  double second_jpeg = 0.3;  // Of these.
  Range jpeg_quality{25, 100};
};

// What was drawn: it does not depend on M.
struct Augmentation {
  bool flip = false;
  cv::Point2d shift;  // Of the crop's side: the crop's middle moves so far in the master crop.
  double scale = 1;   // Of the crop's side.
  double turn = 0;    // Degrees; the crop turns clockwise, so the face turns the other way.
  Degradation degradation;  // In pixels of the network's crop.
};

// Throws Error(kInvalidArgument) naming the option that is out of its range, as all of these do.
Augmentation draw_augmentation(const AugmentOptions& options, Random& random);

// The same for another frame of a sequence: the face's place trembles as a detector's boxes do from
// frame to frame, the noise is a new one, all else stays. Draw from the sequence's first frame each
// time, not from the last one's.
Augmentation trembled(const Augmentation& augmentation, Random& random);

// The network's crop, CV_8UC3, S x S. Throws Error(kInvalidArgument) for a master crop that is no
// CV_8UC3 square. Pure functions, for any thread.
cv::Mat augment(const cv::Mat& master, const Augmentation& augmentation,
                const AugmentOptions& options);

// The same without any change: what serving cuts by landmarks (backbone/input.h, make_crop).
cv::Mat middle_crop(const cv::Mat& master, const AugmentOptions& options);

// For people: of each change its name, and what is drawn and how often, at these options' strength.
std::vector<std::pair<std::string, std::string>> describe(const AugmentOptions& options);

}  // namespace dfd
