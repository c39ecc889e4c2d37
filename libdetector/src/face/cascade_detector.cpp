// SPDX-License-Identifier: LGPL-2.1-or-later

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "base/check.h"
#include "face/face_detector.h"
#include "face/idle_pool.h"

namespace dfd {
namespace {

// The smallest face the cascade knows, in pixels of its square.
constexpr int kCascadeWindow = 24;

// Faces are looked for down to this part of the smallest size asked for, so that one that is too
// small to be scored is reported as such instead of being missed.
constexpr float kSearchedPart = 0.6F;

// From one size of face to the next, and how many overlapping hits make a find: OpenCV's own sample
// values, one neighbour more against false finds. Wider steps lose faces:
// docs/decisions/0006-cascade-as-it-was.md.
constexpr double kLevelFactor = 1.1;
constexpr int kNeighbours = 4;

// From the cascade's square of side s around c to MTCNN's box around the same face: width, height
// and how much lower its centre is, in units of s. Measured: docs/decisions/0002-cascade-boxes.md.
constexpr float kWidth = 0.77F;
constexpr float kHeight = 1.02F;
constexpr float kShiftY = 0.015F;

// The last stage's weight between the median of false finds and that of faces, and its spread: same
// record.
constexpr double kEvenWeight = 5.0;
constexpr double kWeightSpread = 1.5;

// One keeps 20 MB of integral images after it has seen a 1080p frame. By their files.
using Classifiers = IdlePool<std::string, cv::CascadeClassifier>;

Classifiers& classifiers() {
  // Never destroyed: elements may outlive static objects at exit.
  static auto* const kClassifiers = new Classifiers;
  return *kClassifiers;
}

std::unique_ptr<cv::CascadeClassifier> borrow_classifier(const std::string& path) {
  return classifiers().borrow(path, [&] {
    auto classifier = std::make_unique<cv::CascadeClassifier>();
    DFD_REQUIRE(classifier->load(path), ErrorCode::kNotFound,
                path << ": OpenCV's face cascade cannot be loaded; install opencv-data, or build "
                        "with -Dcascade_file=FILE");
    return classifier;
  });
}

class CascadeDetector : public FaceDetector {
 public:
  // Tries whether the file can be loaded.
  explicit CascadeDetector(std::string path) : path_(std::move(path)) {
    classifiers().give_back(path_, borrow_classifier(path_));
  }

  std::vector<FaceDetection> detect(const cv::Mat& rgb, int min_size) override {
    // OpenCV throws on pictures smaller than the window.
    if (rgb.cols < kCascadeWindow || rgb.rows < kCascadeWindow) return {};
    cv::Mat gray;
    cv::cvtColor(rgb, gray, cv::COLOR_RGB2GRAY);
    const int side = std::max(
        kCascadeWindow, static_cast<int>(kSearchedPart * static_cast<float>(min_size) / kWidth));
    std::vector<cv::Rect> squares;
    std::vector<int> levels;
    std::vector<double> weights;
    auto cascade = borrow_classifier(path_);
    cascade->detectMultiScale(gray, squares, levels, weights, kLevelFactor, kNeighbours, 0,
                              {side, side}, {}, true);
    classifiers().give_back(path_, std::move(cascade));
    std::vector<FaceDetection> faces;
    for (std::size_t i = 0; i < squares.size(); ++i) {
      const auto s = static_cast<float>(squares[i].width);
      FaceDetection face;
      face.box.width = kWidth * s;
      face.box.height = kHeight * s;
      face.box.x = static_cast<float>(squares[i].x) + s * 0.5F - face.box.width / 2;
      face.box.y = static_cast<float>(squares[i].y) + s * (0.5F + kShiftY) - face.box.height / 2;
      face.confidence =
          static_cast<float>(1 / (1 + std::exp(-(weights[i] - kEvenWeight) / kWeightSpread)));
      faces.push_back(face);
    }
    sort_largest_first(faces);
    return faces;
  }

  int comfortable_size() const override { return kComfortableSize; }

  // The median of its false finds: docs/decisions/0002-cascade-boxes.md.
  float least_confidence() const override { return 0.3F; }

  std::string name() const override { return kCascadeName; }

 private:
  // The cascade's window of 24 pixels holds a face 18 wide, the smallest that is searched for.
  static constexpr int kComfortableSize = 32;

  std::string path_;
};

}  // namespace

std::unique_ptr<FaceDetector> make_cascade_detector(const std::string& path) {
  return std::make_unique<CascadeDetector>(path.empty() ? DFD_CASCADE_FILE : path);
}

}  // namespace dfd
