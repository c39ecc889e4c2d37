// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finds faces in one picture.

#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "detector/frame.h"
#include "detector/geometry.h"
#include "model/model_config.h"

namespace dfd {

constexpr const char* kCascadeName = "opencv-haar-frontalface";  // As model files have it.
// InputRule::face_detector of a model that was trained on faces moved and scaled by more than
// detectors differ.
constexpr const char* kAnyDetector = "any";

struct FaceDetection {
  RectF box;               // MTCNN's convention: forehead to chin, ear to ear.
  float confidence = 0.F;  // In [0, 1].
  std::optional<FaceLandmarks> landmarks;
};

void sort_largest_first(std::vector<FaceDetection>& faces);

// From pixels of one picture to those of another: sizes times scale, then shifted.
void transform(FaceDetection& face, PointF scale, PointF shift);

// An interface because detectors come with and without weights, and tests bring their own.
// Thread-compatible.
class FaceDetector {
 public:
  virtual ~FaceDetector() = default;

  // rgb: CV_8UC3 of any size. Faces whose shorter side is at least min_size pixels of this picture,
  // and some smaller ones; largest first. A picture without faces, however small, gives none.
  virtual std::vector<FaceDetection> detect(const cv::Mat& rgb, int min_size) = 0;

  // The same near where faces are expected, all in pixels of the frame; others that are found there
  // too are given as well. Costs as much as a small picture: of each box three times its side is
  // looked at, reduced until it is of the followed size, all of them side by side.
  virtual std::vector<FaceDetection> detect_near(const FrameView& view,
                                                 const std::vector<RectF>& expected);

  // Shorter side of a face, in pixels, from which on more pixels do not help to find it: a picture
  // may be reduced until min_size is this.
  virtual int comfortable_size() const = 0;

  // The same where a face is expected: a small picture may show more of it at little cost.
  virtual int followed_size() const { return comfortable_size(); }

  // A find of less confidence is followed, but not scored.
  virtual float least_confidence() const = 0;

  virtual std::string name() const = 0;  // As the model file records it.
};

// OpenCV's frontal-face cascade (Viola and Jones 2001; Lienhart 2002), which Debian ships. Frontal
// faces only; no landmarks. path empty: where the build found it. Throws Error: kNotFound,
// kUnsupportedModel.
std::unique_ptr<FaceDetector> make_cascade_detector(const std::string& path = "");

struct MtcnnOptions {
  double factor = 0.709;                              // From one level of the pyramid to the next.
  std::array<float, 3> thresholds{0.6F, 0.7F, 0.7F};  // Probability after each net.
};

// For video: in a picture reduced to the comfortable size the nets are less sure of what the
// defaults find in the whole picture. Measured: docs/lab/faces.md.
constexpr MtcnnOptions kLiveMtcnn{0.709, {0.6F, 0.5F, 0.6F}};

// MTCNN with facenet-pytorch's boxes and defaults (its smallest face is 20 pixels), with landmarks.
// path: a file of kind "face-detector". Throws Error: kNotFound, kIo, kCorruptModel,
// kUnsupportedModel, kInvalidArgument.
std::unique_ptr<FaceDetector> make_mtcnn_detector(const std::string& path,
                                                  const MtcnnOptions& options = {});

// YuNet, with landmarks and MTCNN's boxes. path: OpenCV's face_detection_yunet_2023mar.onnx and no
// other file. Throws Error: kNotFound, kIo, kUnsupportedModel.
std::unique_ptr<FaceDetector> make_yunet_detector(const std::string& path);

// The one of these two that the file holds, told by its content. Throws as they do, and
// kUnsupportedModel for what is neither.
std::unique_ptr<FaceDetector> open_face_model(const std::string& path,
                                              const MtcnnOptions& options = {});

// For video, as serving and training use it: what the file holds, if there is one, else the
// cascade. Throws as those above, and kInvalidArgument when the crop rule needs landmarks and no
// file is given.
std::unique_ptr<FaceDetector> make_face_detector(const std::string& face_model_file, CropRule crop);

}  // namespace dfd
