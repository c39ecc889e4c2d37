// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/recoded.h"

#include <stdlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/orientation.h"
#include "base/picture.h"
#include "data/video.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr char kFileName[] = "clip.mp4";
// Of frames whose times do not tell.
constexpr int kUsualFps = 25;

void require_quantizer(int quantizer) {
  // H.264 itself knows 51 too, but x264enc does not.
  constexpr int kWorst = 50;
  DFD_REQUIRE(quantizer >= 0 && quantizer <= kWorst, ErrorCode::kInvalidArgument,
              "a quantizer of H.264 from 0 to " << kWorst << " expected, got " << quantizer);
}

// Half-size chroma wants even sides, and nothing is gained by less than a macroblock.
cv::Size encodable(const cv::Size& size) {
  constexpr int kMacroblock = 16;
  const auto side = [=](int given) { return std::max(kMacroblock, given + given % 2); };
  return {side(size.width), side(size.height)};
}

cv::Mat padded(const cv::Mat& rgb) {
  const cv::Size size = encodable(rgb.size());
  if (size == rgb.size()) return rgb;
  cv::Mat larger;
  cv::copyMakeBorder(rgb, larger, 0, size.height - rgb.rows, 0, size.width - rgb.cols,
                     cv::BORDER_REPLICATE);
  return larger;
}

cv::Mat upright(const Frame& frame) {
  return rgb_region(frame.view, {{}, upright_size(frame.view)});
}

// Of the clip's first frames: enough for a median that no hiccup moves.
int fps_of(const std::string& path) {
  constexpr std::size_t kEnough = 50;
  std::vector<Timestamp> times;
  VideoReader reader(path);
  while (times.size() < kEnough) {
    const std::optional<Frame> frame = reader.next();
    if (!frame) break;
    times.push_back(frame->time);
  }
  DFD_REQUIRE(!times.empty(), ErrorCode::kIo, path << ": no frame of video");
  return steady_fps(times);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  DFD_REQUIRE(!error, ErrorCode::kIo,
              "there is no folder for temporary files: " << error.message()
                                                         << "; set TMPDIR to one that exists");
  path_ = (parent / "deepfake-XXXXXX").string();
  DFD_REQUIRE(mkdtemp(path_.data()) != nullptr, ErrorCode::kIo,
              parent.string() << ": no temporary folder can be made there: " << std::strerror(errno)
                              << "; set TMPDIR to another");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;  // What cannot be taken away stays; a destructor has nobody to tell.
  fs::remove_all(path_, error);
}

std::size_t SteadyRate::shown_before(Timestamp time) {
  if (!last_) {
    last_ = time;
    return 0;
  }
  constexpr std::chrono::seconds kLongestStep{10};
  const Timestamp one_frame = Timestamp(std::chrono::seconds(1)) / fps_;
  const Timestamp step = time - *last_;
  elapsed_ += step < Timestamp(0) || step > kLongestStep ? one_frame : step;
  last_ = time;
  // Frame n is due at n / fps; the nearest one, since times are rounded in files.
  const auto due =
      static_cast<std::int64_t>(std::chrono::duration<double>(elapsed_).count() * fps_ + 0.5);
  const std::int64_t count = due - shown_;
  shown_ = due;
  return static_cast<std::size_t>(count);
}

int steady_fps(const std::vector<Timestamp>& times) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const double step = std::chrono::duration<double>(times[i] - times[i - 1]).count();
    if (step > 0) steps.push_back(step);
  }
  if (steps.empty()) return kUsualFps;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  // More than any camera's needs no room on disk.
  return static_cast<int>(std::clamp(1 / *middle + 0.5, 1.0, 120.0));
}

RecodedVideo::RecodedVideo(const std::string& path, int quantizer)
    : path_((fs::path(folder_.path()) / kFileName).string()) {
  require_quantizer(quantizer);
  const int fps = fps_of(path);
  VideoReader reader(path);
  std::optional<VideoWriter> writer;
  SteadyRate rate(fps);
  cv::Mat last;
  cv::Size size;
  while (const std::optional<Frame> frame = reader.next()) {
    const cv::Mat rgb = upright(*frame);
    if (!writer) {
      size = rgb.size();
      writer.emplace(path_, EncoderSettings{encodable(size), fps, quantizer});
    }
    DFD_REQUIRE(rgb.size() == size, ErrorCode::kIo,
                path << ": its frames change from " << size << " to " << rgb.size()
                     << " pixels; it cannot be encoded anew as one video");
    for (std::size_t i = rate.shown_before(frame->time); i > 0; --i) writer->write(last);
    last = padded(rgb);
  }
  DFD_REQUIRE(writer, ErrorCode::kIo, path << ": no frame of video");
  writer->write(last);
  writer->close();
}

std::vector<cv::Mat> through_h264(const std::vector<cv::Mat>& rgb, int quantizer, int fps) {
  require_quantizer(quantizer);
  DFD_REQUIRE(fps >= 1 && fps <= 1000, ErrorCode::kInvalidArgument,
              "1 to 1000 frames a second expected, got " << fps);
  DFD_REQUIRE(!rgb.empty(), ErrorCode::kInvalidArgument, "no pictures to encode as H.264");
  const cv::Size size = rgb.front().size();
  for (std::size_t i = 0; i < rgb.size(); ++i) {
    DFD_REQUIRE(rgb[i].type() == CV_8UC3 && !rgb[i].empty(), ErrorCode::kInvalidArgument,
                "picture " << i << " to encode as H.264 is not RGB of 8 bits, or without pixels");
    DFD_REQUIRE(rgb[i].size() == size, ErrorCode::kInvalidArgument,
                "pictures to encode as H.264 are of one size: the first has "
                    << size << " pixels, number " << i << " has " << rgb[i].size());
  }
  const TemporaryFolder folder;
  const std::string path = (fs::path(folder.path()) / kFileName).string();
  VideoWriter writer(path, {encodable(size), fps, quantizer});
  for (const cv::Mat& picture : rgb) writer.write(padded(picture));
  writer.close();
  std::vector<cv::Mat> decoded;
  VideoReader reader(path);
  while (const std::optional<Frame> frame = reader.next()) {
    decoded.push_back(rgb_region(frame->view, {{}, size}));
  }
  DFD_REQUIRE(decoded.size() == rgb.size(), ErrorCode::kIo,
              "of " << rgb.size() << " pictures that were encoded as H.264, " << decoded.size()
                    << " were decoded");
  return decoded;
}

void require_encoder() {
  constexpr int kSide = 16;
  constexpr int kQuantizer = 23;
  through_h264({cv::Mat::zeros(kSide, kSide, CV_8UC3)}, kQuantizer, kUsualFps);
}

}  // namespace dfd
