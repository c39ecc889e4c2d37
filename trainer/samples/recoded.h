// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a video's encoder does to pictures: through H.264 and back. By files of the system's
// temporary folder ($TMPDIR, else /tmp), which are taken away whatever happens.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "detector/frame.h"

namespace dfd {

// A new, empty folder in the system's temporary folder, for its owner alone; it goes with all that
// is in it. Thread-compatible.
class TemporaryFolder {
 public:
  TemporaryFolder();  // Throws Error(kIo).
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Frames that come at any time, as a video of a steady rate shows them: each until the next one is
// due, so that what happens at a time still happens then. Thread-compatible.
class SteadyRate {
 public:
  explicit SteadyRate(int fps) : fps_(fps) {}  // >= 1.

  // How often the frame before this one is to be shown; 0: never, or there is none before. Call in
  // order. A step back, or one of more than 10 s, is damage, and counts as one frame.
  std::size_t shown_before(Timestamp time);

 private:
  int fps_;
  std::optional<Timestamp> last_;
  Timestamp elapsed_{};     // On the video's own clock.
  std::int64_t shown_ = 0;  // Frames so far.
};

// So many frames a second as the steps between these times say, whole and in [1, 120]: of their
// median, rounded. 25 where there is no step forward.
int steady_fps(const std::vector<Timestamp>& times);

// A video encoded anew, without sound, for as long as the object lives. Frames are upright, their
// times are kept to a frame's duration. Thread-compatible.
class RecodedVideo {
 public:
  // quantizer: of H.264, [0, 50]. Throws Error: kInvalidArgument; kNotFound, kIo (the video's, also
  // where its frames change their size; the encoder's).
  RecodedVideo(const std::string& path, int quantizer);

  const std::string& path() const { return path_; }

 private:
  TemporaryFolder folder_;
  std::string path_;
};

// A short sequence of RGB pictures, CV_8UC3, of one size, encoded as one H.264 stream and decoded
// again: as many, as large, in the same order. quantizer: [0, 50], higher is worse; fps: [1, 1000].
// Edges are doubled up to a size that the encoder takes, and cut off again. Slow to begin (some
// hundredths of a second a call), so give a sequence at once. For any thread; GStreamer must have
// been initialised. Throws Error: kInvalidArgument for no picture, one without pixels or of another
// type or size than the first, or a number out of range; kIo (the encoder's).
std::vector<cv::Mat> through_h264(const std::vector<cv::Mat>& rgb, int quantizer, int fps);

// Tries it, so that an encoder that is missing is known before hours of work, and is no clip's
// fault. Throws Error(kIo).
void require_encoder();

}  // namespace dfd
