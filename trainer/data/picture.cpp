// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/picture.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/file.h"
#include "base/picture.h"

namespace dfd {

cv::Mat read_picture(const std::string& path) {
  DFD_REQUIRE(std::filesystem::exists(path), ErrorCode::kNotFound, path << ": no such file");
  cv::Mat picture;
  try {
    picture = cv::imread(path, cv::IMREAD_COLOR);
  } catch (const cv::Exception&) {  // As of sizes beyond its limits; the file's fault all the same.
  }
  DFD_REQUIRE(!picture.empty(), ErrorCode::kIo, path << ": not a picture that OpenCV can read");
  DFD_REQUIRE(std::max(picture.cols, picture.rows) <= kMostPixelsPerSide, ErrorCode::kIo,
              path << ": " << picture.cols << "x" << picture.rows << " pixels, at most "
                   << kMostPixelsPerSide << " a side expected");
  cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
  return picture;
}

void write_picture(const std::string& path, const cv::Mat& rgb) {
  cv::Mat picture;
  cv::cvtColor(rgb, picture, cv::COLOR_RGB2BGR);
  std::vector<uchar> bytes;
  bool encoded = false;
  try {
    encoded = cv::imencode(std::filesystem::path(path).extension().string(), picture, bytes);
  } catch (const cv::Exception&) {  // Some versions throw, some return false.
  }
  DFD_REQUIRE(encoded, ErrorCode::kInvalidArgument,
              path << ": a name ending in .png or .jpg expected");
  replace_file(path, [&](std::ostream& out) {
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  });
}

Frame frame_of(const cv::Mat& rgb) {
  Frame frame;
  const auto kept = std::make_shared<cv::Mat>(rgb);
  frame.view.width = kept->cols;
  frame.view.height = kept->rows;
  frame.view.format = PixelFormat::kRgb;
  frame.view.color.full_range = true;
  frame.view.planes[0] = {kept->data, static_cast<std::ptrdiff_t>(kept->step)};
  frame.owner = kept;
  return frame;
}

}  // namespace dfd
