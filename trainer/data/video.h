// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Video files, decoded and encoded with GStreamer: training sees the pixels that serving sees.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <opencv2/core.hpp>

#include "detector/frame.h"

namespace dfd {

// How long nothing may happen before a file counts as broken: decodebin swallows some errors. A
// frame is decoded in a fraction of a second, also on a busy machine.
constexpr std::chrono::seconds kPatience{10};

// Decodes one file in order. Frames come in a format the element takes. Thread-compatible.
class VideoReader {
 public:
  // Throws Error: kNotFound, kIo with the decoder's own words when the file cannot be read as
  // video.
  explicit VideoReader(const std::string& path, std::chrono::nanoseconds patience = kPatience);
  ~VideoReader();
  VideoReader(const VideoReader&) = delete;
  VideoReader& operator=(const VideoReader&) = delete;

  // Empty at the end. A frame without a timestamp follows the one before it. Frames know how the
  // file's tags turn them. Throws Error(kIo), also when no frame comes within the patience.
  std::optional<Frame> next();

  // How many frames the file should have by the length and the rate that it states; 0 before the
  // first frame, and where it does not state them. Right for most files, a guess for all.
  std::int64_t expected_frames() const;

  // The picture's, as the file's parser names it: "H.264 (High Profile)". Empty before the first
  // frame, and where nobody says.
  const std::string& codec() const;

 private:
  struct Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
};

struct EncoderSettings {
  cv::Size size;
  int fps = 25;
  int quantizer = 23;  // Of H.264, [0, 51]; higher is worse.
};

// Encodes RGB pictures (CV_8UC3) as H.264 in MP4. There is no file before close().
class VideoWriter {
 public:
  // Throws Error(kIo).
  VideoWriter(const std::string& path, const EncoderSettings& settings);
  ~VideoWriter();
  VideoWriter(const VideoWriter&) = delete;
  VideoWriter& operator=(const VideoWriter&) = delete;

  void write(const cv::Mat& rgb);
  void close();  // Finishes the file. Throws Error(kIo).

 private:
  struct Pipeline;
  std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace dfd
