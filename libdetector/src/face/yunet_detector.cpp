// SPDX-License-Identifier: LGPL-2.1-or-later
//
// YuNet (Wu et al. 2023), the file face_detection_yunet_2023mar.onnx of OpenCV's zoo. OpenCV 4.6
// has a class for it, cv::FaceDetectorYN, but that takes only its forerunner of 2022.

#include "face/yunet_detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include <opencv2/core/version.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/file.h"
#include "face/idle_pool.h"

namespace dfd {
namespace {

// The measurements behind all these numbers: docs/decisions/0009-yunet.md.

// The only files that are taken. OpenCV's reader of ONNX can be crashed by others.
constexpr std::array<const char*, 1> kKnownFiles{
    "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"};
constexpr const char* kSourceName = "face_detection_yunet_2023mar.onnx";
constexpr std::size_t kMostBytes = 4U << 20;  // Sixteen times the known file.

// The net halves its picture five times.
constexpr int kGridStep = 32;
constexpr std::array<int, 3> kStrides{8, 16, 32};

// What scores less is no face more often than not.
constexpr float kLeastScore = 0.65F;

// Scores of faces lie close together, 0.87 to 0.95 for nine in ten, and are not probabilities:
// confidence is their logistic around the least one, 0.9 at a score of 0.76. With that faces are
// followed as well as MTCNN's.
constexpr float kScoreSpread = 0.05F;

// From YuNet's box to MTCNN's around the same face: height, and how much lower the centre is, in
// units of YuNet's height. Widths are the same.
constexpr float kHeight = 0.99F;
constexpr float kShiftY = -0.005F;

constexpr float kMostOverlap = 0.3F;  // Intersection over union; OpenCV's for this net.
constexpr std::size_t kMostFaces = 1024;

// A face may stand out of the picture by half of itself on each side.
constexpr float kMostOfPicture = 2;

// Shorter sides of faces: from the first on more pixels hardly help to find a frontal one, turned
// and dark ones are found at the second. Up to 448 pixels are found reliably; a level is a quarter
// of the one before, which leaves a wide overlap.
constexpr int kComfortableSize = 24;
constexpr int kFollowedSize = 48;
constexpr int kLargestFace = 448;
constexpr int kLevelFactor = 4;

// The side of the pictures that the file was made for; with these there is no need to save.
constexpr double kLongSideKept = 640;

// Idle ones that are kept: of each size of frame its own and its quarter, and a few of faces side
// by side.
constexpr std::size_t kMostPlans = 16;

int padded(int length) { return (length + kGridStep - 1) / kGridStep * kGridStep; }

// NaN stays NaN, and fails the comparison with the least score.
float probability(float value) { return std::clamp(value, 0.F, 1.F); }

bool is_finite(const FaceDetection& face) {
  const RectF& box = face.box;
  bool finite = std::isfinite(box.x + box.y + box.width + box.height);
  for (const PointF& point : *face.landmarks) finite = finite && std::isfinite(point.x + point.y);
  return finite;
}

FaceDetection face_at(const YunetGrid& grid, int x, int y, std::ptrdiff_t n, float score) {
  const auto stride = static_cast<float>(grid.stride);
  const auto left = static_cast<float>(x);
  const auto top = static_cast<float>(y);
  const float* box = grid.box + 4 * n;
  const float height = std::exp(box[3]) * stride;
  FaceDetection face;
  face.box.width = std::exp(box[2]) * stride;
  face.box.height = kHeight * height;
  face.box.x = (left + box[0]) * stride - face.box.width / 2;
  face.box.y = (top + box[1]) * stride + kShiftY * height - face.box.height / 2;
  face.confidence = 1 / (1 + std::exp((kLeastScore - score) / kScoreSpread));
  const float* points = grid.landmarks + 10 * n;
  face.landmarks.emplace();
  for (std::size_t i = 0; i < face.landmarks->size(); ++i) {
    (*face.landmarks)[i] = {(left + points[2 * i]) * stride, (top + points[2 * i + 1]) * stride};
  }
  return face;
}

// The net, planned for one size of picture.
class Plan {
 public:
  // size: multiples of kGridStep. Throws Error(kUnsupportedModel), cv::Exception.
  Plan(const std::vector<std::uint8_t>& file, const cv::Size& size) : size_(size) {
    net_ = cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(file.data()), file.size());
    net_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net_.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    for (const char* kind : {"cls_", "obj_", "bbox_", "kps_"}) {
      for (const int stride : kStrides) names_.push_back(kind + std::to_string(stride));
    }
  }

  // rgb: CV_8UC3, no larger than the size; what it does not cover is black.
  std::vector<FaceDetection> run(const cv::Mat& rgb) {
    cv::Mat picture(size_, CV_8UC3, cv::Scalar::all(0));
    rgb.copyTo(picture(cv::Rect({0, 0}, rgb.size())));
    constexpr bool kSwapRedAndBlue = true;  // The net was trained on OpenCV's order.
    net_.setInput(cv::dnn::blobFromImage(picture, 1, {}, {}, kSwapRedAndBlue, false));
    std::vector<cv::Mat> outputs;
    net_.forward(outputs, names_);
    DFD_CHECK(outputs.size() == names_.size());
    std::vector<FaceDetection> faces;
    for (std::size_t i = 0; i < kStrides.size(); ++i) {
      YunetGrid grid;
      grid.stride = kStrides[i];
      grid.columns = size_.width / grid.stride;
      grid.rows = size_.height / grid.stride;
      grid.face = values(outputs, i, grid, 1);
      grid.object = values(outputs, i + kStrides.size(), grid, 1);
      grid.box = values(outputs, i + 2 * kStrides.size(), grid, 4);
      grid.landmarks = values(outputs, i + 3 * kStrides.size(), grid, 10);
      decode_yunet(grid, faces);
    }
    return faces;
  }

 private:
  const float* values(const std::vector<cv::Mat>& outputs, std::size_t i, const YunetGrid& grid,
                      int each) const {
    const cv::Mat& output = outputs[i];
    const std::size_t expected = static_cast<std::size_t>(grid.columns) *
                                 static_cast<std::size_t>(grid.rows) *
                                 static_cast<std::size_t>(each);
    DFD_REQUIRE(output.type() == CV_32F && output.isContinuous() && output.total() == expected,
                ErrorCode::kUnsupportedModel,
                "YuNet's output " << names_[i] << " has " << output.total()
                                  << " values in OpenCV " CV_VERSION ", expected " << expected);
    return output.ptr<float>();
  }

  cv::Size size_;
  cv::dnn::Net net_;
  std::vector<cv::String> names_;
};

// One for a 1080p frame has 15 MB. By the digest of the file and the size of the picture.
using Plans = IdlePool<std::tuple<std::string, int, int>, Plan>;

Plans& plans() {
  // Never destroyed: elements may outlive static objects at exit.
  static auto* const kPlans = new Plans(kMostPlans);
  return *kPlans;
}

class YunetDetector : public FaceDetector {
 public:
  // digest: of the file. Tries whether this OpenCV can run it.
  YunetDetector(const std::string& path, std::string digest, std::vector<std::uint8_t> file)
      : digest_(std::move(digest)), file_(std::move(file)) {
    try {
      const cv::Size smallest(kGridStep, kGridStep);
      Plan(file_, smallest).run(cv::Mat::zeros(smallest, CV_8UC3));
    } catch (const cv::Exception& error) {
      throw Error(ErrorCode::kUnsupportedModel,
                  path + ": OpenCV " CV_VERSION " cannot run it: " + error.err);
    }
  }

  std::vector<FaceDetection> detect(const cv::Mat& rgb, int min_size) override {
    DFD_CHECK(rgb.type() == CV_8UC3);
    std::vector<FaceDetection> faces;
    cv::Mat level = rgb;
    for (const cv::Size& size : yunet_levels(rgb.size(), min_size)) {
      if (level.size() != size) cv::resize(cv::Mat(level), level, size, 0, 0, cv::INTER_AREA);
      const PointF scale{static_cast<float>(rgb.cols) / static_cast<float>(size.width),
                         static_cast<float>(rgb.rows) / static_cast<float>(size.height)};
      for (FaceDetection& face : run(level)) {
        transform(face, scale, {});
        faces.push_back(face);
      }
    }
    suppress_yunet(faces);
    sort_largest_first(faces);
    return faces;
  }

  int comfortable_size() const override { return kComfortableSize; }

  int followed_size() const override { return kFollowedSize; }

  float least_confidence() const override { return 0.9F; }

  std::string name() const override { return "yunet"; }

 private:
  std::vector<FaceDetection> run(const cv::Mat& rgb) const {
    const cv::Size size(padded(rgb.cols), padded(rgb.rows));
    const std::tuple key(digest_, size.width, size.height);
    auto plan = plans().borrow(key, [&] { return std::make_unique<Plan>(file_, size); });
    std::vector<FaceDetection> faces = plan->run(rgb);
    plans().give_back(key, std::move(plan));
    return faces;
  }

  std::string digest_;
  std::vector<std::uint8_t> file_;
};

}  // namespace

void decode_yunet(const YunetGrid& grid, std::vector<FaceDetection>& faces) {
  const auto stride = static_cast<float>(grid.stride);
  const float widest = kMostOfPicture * static_cast<float>(grid.columns) * stride;
  const float highest = kMostOfPicture * static_cast<float>(grid.rows) * stride;
  std::ptrdiff_t n = 0;
  for (int y = 0; y < grid.rows; ++y) {
    for (int x = 0; x < grid.columns; ++x, ++n) {
      const float score = std::sqrt(probability(grid.face[n]) * probability(grid.object[n]));
      if (!(score >= kLeastScore)) continue;
      const FaceDetection face = face_at(grid, x, y, n, score);
      // Below a pixel there is nothing to cut out.
      if (!is_finite(face) || face.box.width < 1 || face.box.height < 1 ||
          face.box.width > widest || face.box.height > highest) {
        continue;
      }
      faces.push_back(face);
    }
  }
}

void suppress_yunet(std::vector<FaceDetection>& faces) {
  std::stable_sort(faces.begin(), faces.end(),
                   [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
  std::vector<FaceDetection> kept;
  for (const FaceDetection& face : faces) {
    if (kept.size() == kMostFaces) break;
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](const FaceDetection& other) {
      return iou(face.box, other.box) > kMostOverlap;
    });
    if (!hidden) kept.push_back(face);
  }
  faces = std::move(kept);
}

std::vector<cv::Size> yunet_levels(const cv::Size& picture, int min_size) {
  const double by_face = static_cast<double>(kComfortableSize) / std::max(1, min_size);
  const double by_picture = kLongSideKept / std::max({1, picture.width, picture.height});
  double scale = std::min(1.0, std::max(by_face, by_picture));
  std::vector<cv::Size> levels;
  if (picture.empty()) return levels;
  do {
    const auto reduced = [&](int length) {
      return std::max(1, static_cast<int>(std::lround(length * scale)));
    };
    levels.emplace_back(reduced(picture.width), reduced(picture.height));
    scale /= kLevelFactor;
  } while (std::min(levels.back().width, levels.back().height) > kLargestFace);
  return levels;
}

bool looks_like_onnx(const std::uint8_t* data, std::size_t size) {
  if (looks_like_safetensors(data, size)) return false;
  // Protobuf's field 1, a small whole number: the version of ONNX, before everything else.
  return size >= 2 && data[0] == 0x08 && data[1] > 0 && data[1] < 0x80;
}

bool looks_like_safetensors(const std::uint8_t* data, std::size_t size) {
  // The header's length in eight bytes, less than four gigabytes, then its JSON object.
  return size > 8 && std::all_of(data + 4, data + 8, [](std::uint8_t byte) { return byte == 0; }) &&
         data[8] == '{';
}

std::unique_ptr<FaceDetector> make_yunet_detector(const std::string& path) {
  const MappedFile mapped(path);
  DFD_REQUIRE(mapped.size() <= kMostBytes, ErrorCode::kUnsupportedModel,
              path << ": " << mapped.size() << " bytes, which is too much for YuNet; take OpenCV's "
                   << kSourceName);
  // A copy, so that what is checked is what is read.
  std::vector<std::uint8_t> file(mapped.data(), mapped.data() + mapped.size());
  const std::string digest = sha256(file.data(), file.size());
  DFD_REQUIRE(std::find(kKnownFiles.begin(), kKnownFiles.end(), digest) != kKnownFiles.end(),
              ErrorCode::kUnsupportedModel,
              path << ": its SHA-256 is " << digest << ", but of YuNet only " << kSourceName
                   << " is taken, SHA-256 " << kKnownFiles.front()
                   << ": OpenCV's reader can be crashed by other files");
  return std::make_unique<YunetDetector>(path, digest, std::move(file));
}

}  // namespace dfd
