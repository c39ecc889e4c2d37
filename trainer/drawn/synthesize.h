// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A small data set of drawn faces in Celeb-DF's layout, with forgeries of known kinds.
//
// It proves the machinery, not that real deepfakes are found. Shortcuts are closed: both classes
// get the same blur, noise, light, scale and compression, half of the real clips have their own
// face cut out and pasted back, and one kind of forgery occurs in the test list only.

#pragma once

#include <functional>

#include "drawn/clip_plan.h"

namespace dfd {

// Writes the data set: clips, List_of_testing_videos.txt, truth.jsonl (one line a clip). Throws
// Error: kInvalidArgument, kNotFound, kIo. progress: clips done, of.
void synthesize(const SynthesisOptions& options, const std::function<void(int, int)>& progress);

}  // namespace dfd
