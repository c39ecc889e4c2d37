// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MTCNN without its real weights: numbers of the nets, and pictures of every kind. With them:
// tests/trainer/judging/detect_test.cpp.

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "detector/error.h"
#include "face/face_detector.h"
#include "face/face_finder.h"
#include "face/mtcnn_nets.h"
#include "support/formula.h"
#include "support/test_model.h"

namespace dfd {
namespace {

at::Tensor wave(std::int64_t side) {
  return at::sin(at::arange(3 * side * side, at::kFloat) * 0.37).view({1, 3, side, side});
}

void expect_values(const at::Tensor& found, const nlohmann::json& expected) {
  const at::Tensor flat = found.contiguous().view(-1);
  ASSERT_EQ(flat.numel(), static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto value = expected[i].get<double>();
    EXPECT_NEAR(flat.data_ptr<float>()[i], value, 1e-5 * std::max(1.0, std::abs(value))) << i;
  }
}

TEST(MtcnnNets, GivePytorchsNumbersInBothLayouts) {
  const auto reference = test::read_reference("mtcnn_nets.json");
  TensorSource source("formula", test::formula_weights(reference["keys"], 0));
  const MtcnnNets nets(source);
  source.require_empty();
  const auto& outputs = reference["outputs"];
  for (const auto layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const auto proposed = nets.propose(wave(24).contiguous(layout));
    expect_values(proposed.probability, outputs["pnet"]["probability"]);
    expect_values(proposed.correction, outputs["pnet"]["correction"]);
    const auto refined = nets.refine(wave(24).contiguous(layout));
    expect_values(refined.probability, outputs["rnet"]["probability"]);
    expect_values(refined.correction, outputs["rnet"]["correction"]);
    const auto last = nets.finalize(wave(48).contiguous(layout));
    expect_values(last.probability, outputs["onet"]["probability"]);
    expect_values(last.correction, outputs["onet"]["correction"]);
    expect_values(last.landmarks, outputs["onet"]["landmarks"]);
  }
}

TEST(MtcnnDetector, APictureSmallerThanTheSmallestFaceHasNone) {
  const auto detector = make_mtcnn_detector(test::formula_mtcnn());
  for (const cv::Size size : {cv::Size(1, 1), {3, 5}, {19, 400}, {400, 19}}) {
    EXPECT_TRUE(detector->detect(cv::Mat(size, CV_8UC3, cv::Scalar(90, 90, 90)), 20).empty())
        << size;
  }
}

// Weights that see faces everywhere, cut by every edge: nothing may be lost track of or read
// outside the picture.
TEST(MtcnnDetector, AnyPictureGivesFiniteFacesLargestFirst) {
  MtcnnOptions options;
  options.thresholds = {0, 0, 0};
  const auto detector = make_mtcnn_detector(test::formula_mtcnn(), options);
  for (const cv::Size size : {cv::Size(12, 12), {31, 77}, {160, 90}, {400, 13}}) {
    cv::Mat noise(size, CV_8UC3);
    cv::RNG(7).fill(noise, cv::RNG::UNIFORM, 0, 256);
    const auto faces = detector->detect(noise, 12);
    EXPECT_FALSE(faces.empty()) << size;
    for (const FaceDetection& face : faces) {
      EXPECT_TRUE(std::isfinite(face.box.x) && std::isfinite(face.box.width));
      EXPECT_TRUE(face.landmarks.has_value());
    }
    EXPECT_TRUE(std::is_sorted(faces.begin(), faces.end(), [](const auto& a, const auto& b) {
      return a.box.width * a.box.height > b.box.width * b.box.height;
    }));
  }
}

TEST(MtcnnDetector, SaysWhatIsWrongWithAFile) {
  const auto expect = [](const std::string& path, ErrorCode code, const std::string& text) {
    try {
      make_mtcnn_detector(path);
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
  };
  expect("/nowhere.safetensors", ErrorCode::kNotFound, "/nowhere.safetensors");
  expect(test::shared_model(), ErrorCode::kUnsupportedModel, "face-detector");
  MtcnnOptions options;
  options.factor = 1;
  EXPECT_THROW(make_mtcnn_detector(test::formula_mtcnn(), options), Error);
}

TEST(FaceDetector, IsTheCascadeWithoutWeights) {
  EXPECT_EQ(make_face_detector("", CropRule::kBox)->name(), "opencv-haar-frontalface");
  EXPECT_EQ(make_face_detector(test::formula_mtcnn(), CropRule::kAligned)->name(), "mtcnn");
}

}  // namespace
}  // namespace dfd
