// SPDX-License-Identifier: LGPL-2.1-or-later
//
// YuNet: what is read from made-up outputs of the net, which files are refused, and, where the
// shared test data has the file, that it finds faces.

#include "face/yunet_detector.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "detector/engine.h"
#include "detector/error.h"
#include "face/face_finder.h"
#include "support/test_model.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A grid of 4 x 3 cells of 8 pixels without faces.
struct MadeGrid {
  static constexpr int kColumns = 4;
  static constexpr int kRows = 3;
  std::vector<float> face = std::vector<float>(kColumns * kRows);
  std::vector<float> object = std::vector<float>(kColumns * kRows);
  std::vector<float> box = std::vector<float>(std::size_t{4} * kColumns * kRows);
  std::vector<float> landmarks = std::vector<float>(std::size_t{10} * kColumns * kRows);

  std::vector<FaceDetection> decoded() const {
    YunetGrid grid;
    grid.stride = 8;
    grid.columns = kColumns;
    grid.rows = kRows;
    grid.face = face.data();
    grid.object = object.data();
    grid.box = box.data();
    grid.landmarks = landmarks.data();
    std::vector<FaceDetection> faces;
    decode_yunet(grid, faces);
    return faces;
  }
};

FaceDetection face_of(float x, float y, float side, float confidence) {
  FaceDetection face;
  face.box = {x, y, side, side};
  face.confidence = confidence;
  face.landmarks.emplace();
  return face;
}

TEST(YunetOutput, IsBoxesAndLandmarksByCellAndStride) {
  MadeGrid grid;
  constexpr std::size_t kCell = 6;  // Column 2, row 1.
  grid.face[kCell] = 0.9F;
  grid.object[kCell] = 0.9F;
  grid.box[4 * kCell] = 0.5F;
  grid.box[4 * kCell + 1] = -0.25F;
  grid.box[4 * kCell + 2] = std::log(2.F);
  grid.box[4 * kCell + 3] = std::log(2.5F);
  grid.landmarks[10 * kCell + 4] = 0.25F;
  grid.landmarks[10 * kCell + 5] = 1;
  const auto faces = grid.decoded();
  ASSERT_EQ(faces.size(), 1U);
  const RectF& box = faces[0].box;
  // YuNet's own box: 16 x 20 around (20, 6). Heights are mapped to MTCNN's.
  EXPECT_FLOAT_EQ(box.width, 16);
  EXPECT_FLOAT_EQ(box.x, 12);
  EXPECT_FLOAT_EQ(box.height, 0.99F * 20);
  EXPECT_NEAR(box.y + box.height / 2, 6 - 0.005F * 20, 1e-4);
  EXPECT_NEAR(faces[0].confidence, 1 / (1 + std::exp(-5)), 1e-4);  // 0.25 above 0.65.
  EXPECT_FLOAT_EQ((*faces[0].landmarks)[2].x, 18);
  EXPECT_FLOAT_EQ((*faces[0].landmarks)[2].y, 16);
  EXPECT_FLOAT_EQ((*faces[0].landmarks)[4].x, 16);
}

TEST(YunetOutput, ScoresAreTheGeometricMeanOfTwoProbabilities) {
  MadeGrid grid;
  grid.face = {1, 0.4F, 0.5F, 0.7F, 9, kInfinity, -9, kNan, 0.9F, kNan, -kInfinity, 0};
  grid.object = {1, 1, 0.8F, 0.7F, 9, kInfinity, -9, 0.9F, kNan, kNan, 1, 0};
  const auto faces = grid.decoded();
  ASSERT_EQ(faces.size(), 4U);
  EXPECT_NEAR(faces[0].confidence, 1 / (1 + std::exp(-7)), 1e-4);  // A score of 1.
  EXPECT_NEAR(faces[1].confidence, 1 / (1 + std::exp(-1)), 1e-4);  // 0.7.
  EXPECT_EQ(faces[2].confidence, faces[0].confidence);
  EXPECT_EQ(faces[3].confidence, faces[0].confidence);
}

TEST(YunetOutput, GeometryThatIsNoneIsNoFace) {
  for (const float bad : {kNan, kInfinity, -kInfinity, 3e38F}) {
    for (std::size_t value = 0; value < 14; ++value) {
      MadeGrid grid;
      grid.face[5] = grid.object[5] = 1;
      if (value < 4) {
        grid.box[20 + value] = bad;
      } else {
        grid.landmarks[50 + value - 4] = bad;
      }
      EXPECT_TRUE(grid.decoded().empty()) << "value " << value << " is " << bad;
    }
  }
}

TEST(YunetOutput, SizesNoFaceOfThePictureHasAreNoFaces) {
  const auto faces_of = [](float width, float height) {
    MadeGrid grid;
    grid.face[5] = grid.object[5] = 1;
    grid.box[22] = std::log(width / 8);
    grid.box[23] = std::log(height / 8);
    return grid.decoded().size();
  };
  EXPECT_EQ(faces_of(30, 20), 1U);
  EXPECT_EQ(faces_of(63, 47), 1U);  // The picture is 32 x 24.
  EXPECT_EQ(faces_of(65, 20), 0U);
  EXPECT_EQ(faces_of(30, 49), 0U);
  EXPECT_EQ(faces_of(0.5F, 20), 0U);
}

TEST(YunetOutput, RandomBitsNeverGiveABoxThatIsNoNumber) {
  std::mt19937 random(3);
  const auto fill = [&](std::vector<float>& values) {
    for (float& value : values) {
      const auto bits = static_cast<std::uint32_t>(random());
      std::memcpy(&value, &bits, sizeof value);
    }
  };
  int found = 0;
  for (int i = 0; i < 2000; ++i) {
    MadeGrid grid;
    fill(grid.face);
    fill(grid.object);
    fill(grid.box);
    fill(grid.landmarks);
    // Else hardly any would pass all checks.
    for (float& value : grid.landmarks) value = std::clamp(value, -9.F, 9.F);
    for (const FaceDetection& face : grid.decoded()) {
      ++found;
      EXPECT_TRUE(std::isfinite(face.box.x + face.box.y + face.box.width + face.box.height));
      EXPECT_TRUE(face.confidence >= 0.5F && face.confidence <= 1);
    }
  }
  EXPECT_GT(found, 0);
}

TEST(YunetSuppression, OfFacesOnEachOtherTheSurestStays) {
  std::vector<FaceDetection> faces{face_of(0, 0, 100, 0.7F), face_of(10, 5, 100, 0.9F),
                                   face_of(300, 0, 100, 0.6F), face_of(12, 0, 95, 0.8F)};
  suppress_yunet(faces);
  ASSERT_EQ(faces.size(), 2U);
  EXPECT_FLOAT_EQ(faces[0].box.x, 10);
  EXPECT_FLOAT_EQ(faces[1].box.x, 300);
}

TEST(YunetSuppression, NeighboursThatHardlyTouchBothStay) {
  std::vector<FaceDetection> faces{face_of(0, 0, 100, 0.7F), face_of(60, 0, 100, 0.9F)};
  suppress_yunet(faces);  // A quarter of both together.
  EXPECT_EQ(faces.size(), 2U);
}

TEST(YunetSuppression, KeepsNoMoreThanACrowd) {
  std::vector<FaceDetection> faces;
  for (int i = 0; i < 3000; ++i) faces.push_back(face_of(static_cast<float>(10 * i), 0, 9, 0.5F));
  faces.back().confidence = 0.9F;
  suppress_yunet(faces);
  EXPECT_EQ(faces.size(), 1024U);
  EXPECT_FLOAT_EQ(faces[0].confidence, 0.9F);
}

TEST(YunetLevels, TheSmallestFaceComesToTheComfortableSize) {
  EXPECT_EQ(yunet_levels({1920, 1080}, 48).front(), cv::Size(960, 540));
  EXPECT_EQ(yunet_levels({1920, 1080}, 10).front(), cv::Size(1920, 1080));
}

TEST(YunetLevels, SmallPicturesAreTakenAsTheyAre) {
  EXPECT_EQ(yunet_levels({640, 360}, 200), std::vector<cv::Size>({{640, 360}}));
  EXPECT_EQ(yunet_levels({1, 1}, 1), std::vector<cv::Size>({{1, 1}}));
}

TEST(YunetLevels, FacesTooLargeForOneAreLookedForInTheNext) {
  const auto levels = yunet_levels({3840, 2160}, 24);
  EXPECT_EQ(levels, std::vector<cv::Size>({{3840, 2160}, {960, 540}, {240, 135}}));
}

TEST(YunetLevels, NoPictureIsTooOddlyShaped) {
  EXPECT_TRUE(yunet_levels({0, 9}, 20).empty());
  EXPECT_EQ(yunet_levels({20000, 3}, 100000).front(), cv::Size(640, 1));
  EXPECT_EQ(yunet_levels({8, 8}, -3).front(), cv::Size(8, 8));
}

TEST(FaceModelKind, IsToldByTheFirstBytes) {
  const auto onnx = [](const std::string& bytes) {
    return looks_like_onnx(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  };
  const auto safetensors = [](const std::string& bytes) {
    return looks_like_safetensors(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                  bytes.size());
  };
  using namespace std::string_literals;
  EXPECT_TRUE(onnx("\x08\x06\x12\x07pytorch"s));
  EXPECT_TRUE(safetensors("\x40\x01\0\0\0\0\0\0{}"s));
  const std::string both = "\x08\x01\0\0\0\0\0\0{}"s;  // A header of 264 bytes.
  EXPECT_TRUE(safetensors(both));
  EXPECT_FALSE(onnx(both));
  for (const std::string& other :
       {""s, "\x08"s, "\x08\0\0\0"s, "\x08\x80"s, "PK\x03\x04"s, "{\"a\": 1}"s, "<?xml>   {"s}) {
    EXPECT_FALSE(onnx(other)) << other;
    EXPECT_FALSE(safetensors(other)) << other;
  }
}

TEST(SameBoxes, AreThoseOfOneDetectorAndOfYunetAndMtcnn) {
  EXPECT_TRUE(same_boxes("yunet", "mtcnn"));
  EXPECT_TRUE(same_boxes("mtcnn", "yunet"));
  EXPECT_TRUE(same_boxes("opencv-haar-frontalface", "opencv-haar-frontalface"));
  EXPECT_TRUE(same_boxes("any", "opencv-haar-frontalface"));
  EXPECT_TRUE(same_boxes("yunet", "any"));
  EXPECT_FALSE(same_boxes("yunet", "opencv-haar-frontalface"));
  EXPECT_FALSE(same_boxes("none", "mtcnn"));
}

std::string write(const std::string& name, const std::string& bytes) {
  const fs::path path = fs::path(DFD_TEST_SCRATCH) / name;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return path.string();
}

void expect_refused(const std::string& path, ErrorCode code, const std::string& text) {
  try {
    make_face_detector(path, CropRule::kBox);
    FAIL() << path << " is taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
  }
}

TEST(YunetFile, WhatIsNeitherKindIsRefusedByName) {
  expect_refused("/nowhere.onnx", ErrorCode::kNotFound, "opened");
  expect_refused(write("empty.onnx", ""), ErrorCode::kUnsupportedModel, "neither");
  expect_refused(write("text.onnx", "no net at all"), ErrorCode::kUnsupportedModel, "neither");
}

TEST(YunetFile, AnotherOnnxIsRefusedWithItsDigest) {
  // SHA-256 of these four bytes.
  const std::string path = write("other.onnx", "\x08\x06\x12\x01");
  expect_refused(path, ErrorCode::kUnsupportedModel,
                 "70ca9100c8ac4558b09ab7024ca28f7860dc38e7005e63bd5087295542bffd05");
  expect_refused(path, ErrorCode::kUnsupportedModel, "face_detection_yunet_2023mar.onnx");
}

TEST(YunetFile, OneTooLargeIsRefusedUnread) {
  const std::string path = write("large.onnx", "\x08\x06");
  fs::resize_file(path, (4U << 20) + 1);
  expect_refused(path, ErrorCode::kUnsupportedModel, "4194305 bytes");
}

class RealYunet : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path file = test::shared_data("yunet/yunet_s_640_640.onnx");
    if (file.empty()) GTEST_SKIP() << "YuNet's file is not there; set DEEPFAKE_TEST_DATA";
    file_ = file.string();
  }

  std::string file_;
};

TEST_F(RealYunet, IsToldFromMtcnnByItsContent) {
  EXPECT_EQ(make_face_detector(file_, CropRule::kAligned)->name(), "yunet");
  const std::string renamed = write("yunet.safetensors", test::bytes_of(file_));
  EXPECT_EQ(open_face_model(renamed)->name(), "yunet");
}

TEST_F(RealYunet, EveryChangedFileIsRefused) {
  const std::string good = test::bytes_of(file_);
  std::mt19937 random(11);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int i = 0; i < 2000; ++i) {
    std::string bad = good;
    if (i % 8 == 0) {
      bad.resize(below(bad.size()));
    } else {
      // The first two bytes tell the kind, and have their own test.
      for (std::size_t n = 1 + below(8); n > 0; --n) {
        bad[2 + below(bad.size() - 2)] ^= static_cast<char>(1U << below(8));
      }
    }
    if (bad == good) continue;
    EXPECT_THROW(open_face_model(write("changed.onnx", bad)), Error);
  }
}

TEST_F(RealYunet, PicturesOfAnySizeAreTaken) {
  const auto detector = open_face_model(file_);
  for (const cv::Size size : {cv::Size(1, 1), {3, 5}, {31, 77}, {400, 13}, {900, 700}}) {
    cv::Mat noise(size, CV_8UC3);
    cv::RNG(7).fill(noise, cv::RNG::UNIFORM, 0, 256);
    for (const FaceDetection& face : detector->detect(noise, 12)) {
      EXPECT_TRUE(std::isfinite(face.box.x + face.box.width));
      EXPECT_TRUE(face.landmarks.has_value());
    }
  }
  EXPECT_TRUE(detector->detect(cv::Mat(0, 0, CV_8UC3), 20).empty());
}

TEST_F(RealYunet, DetectorsOfOneFileRunSideBySide) {
  cv::Mat noise(96, 96, CV_8UC3);
  cv::RNG(7).fill(noise, cv::RNG::UNIFORM, 0, 256);
  std::vector<std::thread> threads;
  std::atomic<int> done{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const auto detector = open_face_model(file_);
      // More sizes than are kept.
      for (int side = 1; side <= 20; ++side) {
        detector->detect(cv::Mat(32 * side, 32, CV_8UC3, cv::Scalar::all(10 * i)), 20);
        detector->detect(noise, 20);
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 80);
}

// MTCNN's boxes and landmarks of the same photographs, as facenet-pytorch gave them.
class YunetBesideMtcnn : public RealYunet {
 protected:
  void SetUp() override {
    RealYunet::SetUp();
    folder_ = test::shared_data("faces");
    if (!IsSkipped() && folder_.empty()) GTEST_SKIP() << "no photographs; set DEEPFAKE_TEST_DATA";
  }

  fs::path folder_;
};

TEST_F(YunetBesideMtcnn, BoxesAndLandmarksAreTheSameToATenth) {
  const auto detector = open_face_model(file_);
  std::ifstream stream(folder_ / "mtcnn_boxes.json");
  const auto reference = nlohmann::json::parse(stream)["images"];
  const cv::Mat picture = cv::imread((folder_ / "multiface.jpg").string());
  ASSERT_FALSE(picture.empty());
  cv::Mat rgb;
  cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB);
  const auto faces = detector->detect(rgb, 20);
  EXPECT_TRUE(std::is_sorted(faces.begin(), faces.end(), [](const auto& a, const auto& b) {
    return a.box.width * a.box.height > b.box.width * b.box.height;
  }));
  const auto& expected = reference.at("multiface.jpg")["full"];
  ASSERT_EQ(expected.size(), 6U);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto corners = expected[i]["box"].get<std::vector<float>>();
    const RectF box{corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1]};
    const auto found = std::max_element(
        faces.begin(), faces.end(),
        [&](const auto& a, const auto& b) { return iou(a.box, box) < iou(b.box, box); });
    ASSERT_NE(found, faces.end());
    EXPECT_GT(iou(found->box, box), 0.8F) << i;
    EXPECT_GE(found->confidence, detector->least_confidence()) << i;
    for (std::size_t j = 0; j < 5; ++j) {
      EXPECT_NEAR((*found->landmarks)[j].x, expected[i]["landmarks"][j][0], 0.1 * box.width);
      EXPECT_NEAR((*found->landmarks)[j].y, expected[i]["landmarks"][j][1], 0.1 * box.height);
    }
  }
}

TEST_F(YunetBesideMtcnn, LargeFacesAreFoundInLargePictures) {
  const auto detector = open_face_model(file_);
  const cv::Mat picture = cv::imread((folder_ / "input512_kate_siegel.png").string());
  ASSERT_FALSE(picture.empty());
  cv::Mat rgb;
  cv::cvtColor(picture, rgb, cv::COLOR_BGR2RGB);
  const auto once = detector->detect(rgb, 20);
  ASSERT_EQ(once.size(), 1U);
  constexpr int kTimes = 5;  // A face of more than a thousand pixels.
  cv::resize(rgb, rgb, {}, kTimes, kTimes, cv::INTER_LINEAR);
  const auto found = detector->detect(rgb, 20);
  ASSERT_EQ(found.size(), 1U);
  RectF expected = once[0].box;
  for (float* value : {&expected.x, &expected.y, &expected.width, &expected.height}) {
    *value *= kTimes;
  }
  EXPECT_GT(iou(found[0].box, expected), 0.85F);
}

TEST_F(YunetBesideMtcnn, AFaceIsFoundAgainWhereItIsExpected) {
  const auto detector = open_face_model(file_);
  cv::Mat rgb = cv::imread((folder_ / "multiface.jpg").string());
  ASSERT_FALSE(rgb.empty());
  cv::cvtColor(rgb, rgb, cv::COLOR_BGR2RGB);
  FrameView view;
  view.format = PixelFormat::kRgb;
  view.width = rgb.cols;
  view.height = rgb.rows;
  view.color.full_range = true;
  view.planes[0] = {rgb.data, static_cast<std::ptrdiff_t>(rgb.step)};
  std::vector<RectF> expected;
  for (const auto& face : detect_reduced(*detector, view, 64)) expected.push_back(face.box);
  ASSERT_FALSE(expected.empty());
  const auto again = detector->detect_near(view, expected);
  for (const RectF& box : expected) {
    EXPECT_TRUE(std::any_of(again.begin(), again.end(), [&](const auto& face) {
      return iou(face.box, box) > 0.7F;
    })) << box.x;
  }
}

}  // namespace
}  // namespace dfd
