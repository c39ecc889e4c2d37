// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/picture.h"

#include <filesystem>
#include <iterator>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

TEST(WritePicture, TakesTheFormatFromTheNameAndRefusesOthers) {
  const fs::path folder = test::scratch_folder("pictures");
  const cv::Mat red(8, 8, CV_8UC3, cv::Scalar(255, 0, 0));
  write_picture((folder / "red.png").string(), red);
  EXPECT_EQ(read_picture((folder / "red.png").string()).at<cv::Vec3b>(3, 3), cv::Vec3b(255, 0, 0));
  for (const char* name : {"red.text", "red"}) {
    EXPECT_THROW(write_picture((folder / name).string(), red), Error) << name;
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace dfd
