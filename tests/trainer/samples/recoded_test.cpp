// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/recoded.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "base/orientation.h"
#include "base/picture.h"
#include "data/video.h"
#include "detector/error.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""us;
using std::chrono_literals::operator""s;

// A texture in grey over a colour that tells its number: half-size chroma loses nothing of it.
cv::Mat picture(const cv::Size& size, int number) {
  cv::Mat rgb(size, CV_8UC3);
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const int light = (x * y / 3 + 5 * (x % 7)) % 60;
      rgb.at<cv::Vec3b>(y, x) = {static_cast<uchar>(60 + 12 * number + light),
                                 static_cast<uchar>(90 + light),
                                 static_cast<uchar>(70 + 10 * number + light)};
    }
  }
  return rgb;
}

std::vector<cv::Mat> sequence(const cv::Size& size, int count) {
  std::vector<cv::Mat> pictures;
  for (int i = 0; i < count; ++i) pictures.push_back(picture(size, i));
  return pictures;
}

double mean_psnr(const std::vector<cv::Mat>& a, const std::vector<cv::Mat>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += cv::PSNR(a[i], b[i]);
  return sum / static_cast<double>(a.size());
}

void expect_refused(const std::vector<cv::Mat>& rgb, int quantizer, int fps,
                    const std::string& because) {
  try {
    through_h264(rgb, quantizer, fps);
    ADD_FAILURE() << "accepted: " << because;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
    EXPECT_NE(std::string(error.what()).find(because), std::string::npos) << error.what();
  }
}

std::ptrdiff_t entries_of(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

// The system's temporary folder, for one test.
class OwnTemporaryFolder {
 public:
  explicit OwnTemporaryFolder(const std::string& folder) {
    const char* before = std::getenv("TMPDIR");
    if (before != nullptr) before_ = before;
    setenv("TMPDIR", folder.c_str(), 1);
  }
  ~OwnTemporaryFolder() {
    if (before_) {
      setenv("TMPDIR", before_->c_str(), 1);
    } else {
      unsetenv("TMPDIR");
    }
  }
  OwnTemporaryFolder(const OwnTemporaryFolder&) = delete;
  OwnTemporaryFolder& operator=(const OwnTemporaryFolder&) = delete;

 private:
  std::optional<std::string> before_;
};

TEST(ThroughH264, KeepsCountSizeAndOrder) {
  const std::vector<cv::Mat> before = sequence({64, 48}, 9);
  const std::vector<cv::Mat> after = through_h264(before, 20, 25);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].type(), CV_8UC3);
    ASSERT_EQ(after[i].size(), before[i].size());
    std::size_t nearest = 0;
    for (std::size_t j = 0; j < before.size(); ++j) {
      if (cv::PSNR(after[i], before[j]) > cv::PSNR(after[i], before[nearest])) nearest = j;
    }
    EXPECT_EQ(nearest, i);
  }
}

TEST(ThroughH264, GetsWorseWithTheQuantizer) {
  const std::vector<cv::Mat> before = sequence({96, 80}, 4);
  double last = 100;
  for (const int quantizer : {0, 15, 23, 30, 37, 44, 50}) {
    const double psnr = mean_psnr(before, through_h264(before, quantizer, 25));
    EXPECT_LT(psnr, last) << quantizer;
    last = psnr;
  }
}

TEST(ThroughH264, ColoursStayThemselves) {
  // What is flat survives all but rounding, so no matrix or range is taken for another. Large
  // pictures have another matrix.
  for (const cv::Size& size : {cv::Size(64, 64), cv::Size(1280, 720)}) {
    const cv::Mat before(size, CV_8UC3, cv::Scalar(210, 60, 40));
    const cv::Mat after = through_h264({before}, 10, 25).front();
    const cv::Scalar mean = cv::mean(after);
    EXPECT_NEAR(mean[0], 210, 4) << size;
    EXPECT_NEAR(mean[1], 60, 4) << size;
    EXPECT_NEAR(mean[2], 40, 4) << size;
  }
}

TEST(ThroughH264, TakesSmallAndOddSizes) {
  for (const cv::Size& size : {cv::Size(1, 1), cv::Size(2, 1), cv::Size(1, 33), cv::Size(17, 31),
                               cv::Size(63, 48), cv::Size(64, 47)}) {
    const std::vector<cv::Mat> before(3, cv::Mat(size, CV_8UC3, cv::Scalar(120, 130, 110)));
    const std::vector<cv::Mat> after = through_h264(before, 20, 25);
    ASSERT_EQ(after.size(), 3U) << size;
    EXPECT_EQ(after.back().size(), size);
    EXPECT_GT(cv::PSNR(after.back(), before.back()), 30) << size;
  }
}

TEST(ThroughH264, OnePictureIsOneFrame) {
  const std::vector<cv::Mat> after = through_h264({picture({50, 40}, 0)}, 23, 1);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].size(), cv::Size(50, 40));
}

TEST(ThroughH264, GivesTheSameForTheSame) {
  const std::vector<cv::Mat> before = sequence({64, 48}, 5);
  const std::vector<cv::Mat> once = through_h264(before, 30, 25);
  const std::vector<cv::Mat> again = through_h264(before, 30, 25);
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(cv::norm(once[i], again[i]), 0) << i;
}

TEST(ThroughH264, RunsInSeveralThreads) {
  const std::vector<cv::Mat> before = sequence({48, 48}, 3);
  const std::vector<cv::Mat> alone = through_h264(before, 30, 25);
  std::vector<std::future<std::vector<cv::Mat>>> others;
  for (int i = 0; i < 4; ++i) {
    others.push_back(std::async(std::launch::async, [&] { return through_h264(before, 30, 25); }));
  }
  for (auto& other : others) {
    const std::vector<cv::Mat> after = other.get();
    ASSERT_EQ(after.size(), alone.size());
    for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(cv::norm(after[i], alone[i]), 0);
  }
}

TEST(ThroughH264, RefusesWhatIsNoSequence) {
  const cv::Mat good = picture({32, 32}, 0);
  expect_refused({}, 23, 25, "no pictures");
  expect_refused({good, picture({32, 30}, 1)}, 23, 25, "of one size");
  expect_refused({good, cv::Mat()}, 23, 25, "picture 1");
  expect_refused({cv::Mat(32, 32, CV_8UC1)}, 23, 25, "picture 0");
  expect_refused({cv::Mat(32, 32, CV_32FC3)}, 23, 25, "picture 0");
  expect_refused({good}, -1, 25, "quantizer");
  expect_refused({good}, 51, 25, "quantizer");
  expect_refused({good}, 23, 0, "frames a second");
  expect_refused({good}, 23, 1001, "frames a second");
}

TEST(ThroughH264, LeavesNothingBehind) {
  const fs::path folder = test::scratch_folder("recoded_temporary");
  const OwnTemporaryFolder own(folder.string());
  through_h264(sequence({32, 32}, 2), 23, 25);
  EXPECT_EQ(entries_of(folder), 0);
  const std::string broken = (test::scratch_folder("recoded_broken") / "text.mp4").string();
  std::ofstream(broken) << "no video";
  EXPECT_THROW(RecodedVideo(broken, 23), Error);
  EXPECT_EQ(entries_of(folder), 0);
}

TEST(ThroughH264, SaysWhereThereIsNoPlaceForFiles) {
  const OwnTemporaryFolder own("/nowhere");
  try {
    through_h264({picture({32, 32}, 0)}, 23, 25);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_NE(std::string(error.what()).find("TMPDIR"), std::string::npos) << error.what();
  }
}

TEST(RecodedVideo, KeepsFramesAndTimesAndGoesWithItsObject) {
  const fs::path folder = test::scratch_folder("recoded_video");
  const std::string path = (folder / "clip.mp4").string();
  {
    VideoWriter writer(path, {{64, 48}, 10, 10});
    for (const cv::Mat& rgb : sequence({64, 48}, 12)) writer.write(rgb);
    writer.close();
  }
  const OwnTemporaryFolder own((test::scratch_folder("recoded_video_temporary")).string());
  std::optional<RecodedVideo> recoded(std::in_place, path, 30);
  const std::string where = recoded->path();
  VideoReader before(path);
  VideoReader after(where);
  int frames = 0;
  while (const std::optional<Frame> frame = before.next()) {
    const std::optional<Frame> same = after.next();
    ASSERT_TRUE(same) << frames;
    EXPECT_EQ(same->time, frame->time) << frames;
    const cv::Rect all({}, upright_size(frame->view));
    const double psnr = cv::PSNR(rgb_region(frame->view, all), rgb_region(same->view, all));
    EXPECT_GT(psnr, 25) << frames;
    EXPECT_LT(psnr, 60) << frames;  // It is encoded anew.
    ++frames;
  }
  EXPECT_FALSE(after.next());
  EXPECT_EQ(frames, 12);
  EXPECT_TRUE(fs::exists(where));
  recoded.reset();
  EXPECT_FALSE(fs::exists(fs::path(where).parent_path()));
}

TEST(RecodedVideo, SaysWhatIsWrong) {
  const auto code_of = [](const std::string& path, int quantizer) {
    try {
      RecodedVideo video(path, quantizer);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code_of("/nowhere/clip.mp4", 23), ErrorCode::kNotFound);
  EXPECT_EQ(code_of("/nowhere/clip.mp4", 51), ErrorCode::kInvalidArgument);
}

TEST(SteadyRate, ShowsEachFrameUntilTheNext) {
  SteadyRate rate(10);
  EXPECT_EQ(rate.shown_before(5s), 0U);
  EXPECT_EQ(rate.shown_before(5100ms), 1U);
  EXPECT_EQ(rate.shown_before(5400ms), 3U);
  EXPECT_EQ(rate.shown_before(5410ms), 0U);
  EXPECT_EQ(rate.shown_before(5500ms), 1U);
}

TEST(SteadyRate, DoesNotDriftFromWhatIsNoWholeRate) {
  SteadyRate rate(30);
  std::size_t shown = 0;
  for (int i = 0; i <= 30000; ++i) shown += rate.shown_before(Timestamp(i * 33366667LL));
  // 30000 frames of 29.97 a second are 1001 seconds.
  EXPECT_EQ(shown, 30030U);
}

TEST(SteadyRate, CountsDamagedTimesAsOneFrame) {
  SteadyRate rate(25);
  EXPECT_EQ(rate.shown_before(1s), 0U);
  EXPECT_EQ(rate.shown_before(2s), 25U);
  EXPECT_EQ(rate.shown_before(0s), 1U);
  EXPECT_EQ(rate.shown_before(24 * 3600s), 1U);
  EXPECT_EQ(rate.shown_before(24 * 3600s + 40ms), 1U);
}

TEST(SteadyFps, IsTheMedianOfTheSteps) {
  EXPECT_EQ(steady_fps({0ms, 40ms, 80ms, 120ms}), 25);
  EXPECT_EQ(steady_fps({0us, 33367us, 66733us}), 30);
  EXPECT_EQ(steady_fps({0ms, 40ms, 5s, 5040ms, 5080ms}), 25);
  EXPECT_EQ(steady_fps({0ms, 5s}), 1);
  EXPECT_EQ(steady_fps({0ms, 1ms, 2ms}), 120);
}

TEST(SteadyFps, TakesWhatIsUsualWhereTimesDoNotTell) {
  EXPECT_EQ(steady_fps({}), 25);
  EXPECT_EQ(steady_fps({7s}), 25);
  EXPECT_EQ(steady_fps({7s, 7s, 6s}), 25);
}

}  // namespace
}  // namespace dfd
