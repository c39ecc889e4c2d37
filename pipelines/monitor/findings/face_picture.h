// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Faces as pictures of their own.

#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace dfd::monitor {

struct SeenFace {
  // In the picture's result.
  unsigned index = 0;
  std::uint64_t track_id = 0;
  // So far; fewer than before where the track goes on with somebody else.
  std::uint64_t samples = 0;
  // In [0, 1]; absent where there is none.
  std::optional<double> probability;
  double detection_confidence = 0;
  // Its heatmap is with it.
  bool explained = false;
};

// Of a picture that left deepfakedetect, if it is itself the one that was analysed, and not one
// that merely comes with the newest result. `running_time` is the picture's. Any thread.
std::vector<SeenFace> faces_analysed_in(GstBuffer* buffer, GstClockTime running_time);

// The face and what is around it, in the shape that is shown, with its result and heatmap; its
// longer side has up to `most_size` pixels. Null where it lies outside, or its place is not known.
// Any thread.
std::shared_ptr<GstSample> cut_face(GstCaps* caps, GstBuffer* buffer, unsigned index,
                                    int most_size);

// The worst of the faces alone: that with the worst verdict, of these the likeliest. In the
// picture's own pixels with up to its own size around it on each side, and nothing of another
// face's box. Null where no face has a probability, or another is too near for a little room around
// it. Any thread.
std::shared_ptr<GstSample> cut_worst_face(GstCaps* caps, GstBuffer* buffer);

}  // namespace dfd::monitor
