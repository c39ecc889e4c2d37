// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One clip through the element's own path: decoded, its faces found and followed, windows scored,
// verdicts given. What is measured is what runs.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include <opencv2/core.hpp>

#include "data/clip.h"
#include "detector/engine.h"
#include "judging/clip_score.h"

namespace dfd {

struct PlayOptions {
  std::string face_model;  // YuNet or MTCNN's weights, where the model was trained with one.
  // The model's calibration, by which scores become logits again.
  double temperature = 1;
  double bias = 0;
  // Changes each frame, RGB, CV_8UC3, before it is looked at; none: frames are as they are.
  std::function<cv::Mat(const cv::Mat& rgb)> change;
};

// What the data set says of a clip, and no score, for an error.
ClipScore unscored(const Clip& clip);

// A track's logit is the mean over its full windows, else that of its partial score; the clip has
// the highest among the tracks with at least half as many samples as the longest, and that track's
// verdict. Of a model that knows kinds of evidence, each kind's probability is that of its mean
// logit over the same windows. A clip without a score has none, and the reason why. A picture is a
// clip of one frame. Throws Error: kNotFound, kIo (the clip's); the session's.
ClipScore play_clip(const Clip& clip, const std::shared_ptr<Engine>& engine,
                    const PlayOptions& options);

}  // namespace dfd
