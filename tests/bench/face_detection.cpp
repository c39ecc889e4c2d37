// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finding faces: facenet-pytorch's way with its defaults (the whole picture, faces from 20 pixels)
// beside the live one (a picture reduced as far as MIN_FACE_SIZE allows), on the same frames and
// threads, in turns.
//
//   face_detection FACE_MODEL MIN_FACE_SIZE THREADS VIDEO...
//
// Prints a JSON line a video: frames, median and quartiles in milliseconds of both, their ratio,
// faces of the first of MIN_FACE_SIZE and more, how many of them the live one matches at IoU >=
// 0.5, which it misses, and its extras; and of looking for the live one's faces where they are, as
// the tracker does between detections, the times, and how many of how many are found again.

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include "base/picture.h"
#include "data/video.h"
#include "face/face_finder.h"
#include "face/mtcnn_nets.h"

namespace {

using dfd::MtcnnNets;

// facenet-pytorch's detect_face, operation by operation: tensors, one picture, the defaults. Boxes
// are rows of left, top, right, bottom, score.
class Facenet {
 public:
  explicit Facenet(const std::string& path) : nets_(open(path)) {}

  std::vector<dfd::FaceDetection> detect(const cv::Mat& rgb) const {
    const c10::InferenceMode guard;
    at::Tensor picture = at::empty({1, rgb.rows, rgb.cols, 3}, at::kByte);
    std::memcpy(picture.data_ptr(), rgb.data, picture.nbytes());
    picture = picture.permute({0, 3, 1, 2}).to(at::kFloat).contiguous();
    at::Tensor boxes = propose(picture);
    boxes = second(picture, boxes);
    boxes = third(picture, boxes);
    std::vector<dfd::FaceDetection> faces;
    for (std::int64_t i = 0; i < boxes.size(0); ++i) {
      const auto row = boxes.accessor<float, 2>()[i];
      faces.push_back({{row[0], row[1], row[2] - row[0], row[3] - row[1]}, row[4], {}});
    }
    return faces;
  }

 private:
  static MtcnnNets open(const std::string& path) {
    dfd::TensorSource source(path, dfd::read_tensors(dfd::SafetensorsFile(path)));
    return MtcnnNets(source);
  }

  static at::Tensor normalised(const at::Tensor& pixels) { return (pixels - 127.5) * 0.0078125; }

  static at::Tensor nms(const at::Tensor& boxes, double most, bool smaller) {
    const at::Tensor order = boxes.select(1, 4).argsort(0, /*descending=*/true);
    const at::Tensor sorted = boxes.index_select(0, order).contiguous();
    const auto rows = sorted.accessor<float, 2>();
    const float end = smaller ? 1.F : 0.F;
    const auto area = [&](std::int64_t i) {
      return (rows[i][2] - rows[i][0] + end) * (rows[i][3] - rows[i][1] + end);
    };
    std::vector<std::int64_t> kept;
    for (std::int64_t i = 0; i < sorted.size(0); ++i) {
      const bool hidden = std::any_of(kept.begin(), kept.end(), [&](std::int64_t j) {
        const float width =
            std::min(rows[i][2], rows[j][2]) - std::max(rows[i][0], rows[j][0]) + end;
        const float height =
            std::min(rows[i][3], rows[j][3]) - std::max(rows[i][1], rows[j][1]) + end;
        const float shared = std::max(0.F, width) * std::max(0.F, height);
        return shared / (smaller ? std::min(area(i), area(j)) : area(i) + area(j) - shared) > most;
      });
      if (!hidden) kept.push_back(i);
    }
    return order.index_select(0, at::tensor(kept, at::kLong));
  }

  static at::Tensor square(const at::Tensor& boxes) {
    const at::Tensor width = boxes.select(1, 2) - boxes.select(1, 0);
    const at::Tensor height = boxes.select(1, 3) - boxes.select(1, 1);
    const at::Tensor side = at::maximum(width, height);
    const at::Tensor left = boxes.select(1, 0) + width * 0.5 - side * 0.5;
    const at::Tensor top = boxes.select(1, 1) + height * 0.5 - side * 0.5;
    return at::stack({left, top, left + side, top + side, boxes.select(1, 4)}, 1);
  }

  static at::Tensor corrected(const at::Tensor& boxes, const at::Tensor& correction, double end) {
    const at::Tensor sizes = boxes.narrow(1, 2, 2) - boxes.narrow(1, 0, 2) + end;
    return at::cat(
        {boxes.narrow(1, 0, 4) + correction * sizes.repeat({1, 2}), boxes.narrow(1, 4, 1)}, 1);
  }

  at::Tensor propose(const at::Tensor& picture) const {
    std::vector<at::Tensor> all, corrections;
    const double height = static_cast<double>(picture.size(2));
    const double width = static_cast<double>(picture.size(3));
    double scale = 12.0 / 20;
    for (double shorter = std::min(height, width) * scale; shorter >= 12; shorter *= 0.709) {
      const at::Tensor level =
          at::adaptive_avg_pool2d(picture, {static_cast<std::int64_t>(height * scale + 1),
                                            static_cast<std::int64_t>(width * scale + 1)});
      const MtcnnNets::Output found = nets_.propose(normalised(level));
      const at::Tensor mask = found.probability[0] >= 0.6;
      const at::Tensor cells = mask.nonzero().flip(1).to(at::kFloat);
      const at::Tensor boxes =
          at::cat({at::floor((2 * cells + 1) / scale), at::floor((2 * cells + 12) / scale),
                   found.probability[0].masked_select(mask).unsqueeze(1)},
                  1);
      const at::Tensor correction = found.correction[0].permute({1, 2, 0}).index({mask});
      const at::Tensor pick = nms(boxes, 0.5, false);
      all.push_back(boxes.index_select(0, pick));
      corrections.push_back(correction.index_select(0, pick));
      scale *= 0.709;
    }
    const at::Tensor boxes = at::cat(all);
    const at::Tensor pick = nms(boxes, 0.7, false);
    return square(
        corrected(boxes.index_select(0, pick), at::cat(corrections).index_select(0, pick), 0));
  }

  static at::Tensor crops(const at::Tensor& picture, at::Tensor& boxes, std::int64_t side) {
    std::vector<at::Tensor> found;
    std::vector<std::int64_t> kept;
    const at::Tensor whole = boxes.trunc().to(at::kLong);
    for (std::int64_t i = 0; i < boxes.size(0); ++i) {
      const auto row = whole.accessor<std::int64_t, 2>()[i];
      const std::int64_t left = std::max<std::int64_t>(row[0], 1) - 1;
      const std::int64_t top = std::max<std::int64_t>(row[1], 1) - 1;
      const std::int64_t right = std::min(row[2], picture.size(3));
      const std::int64_t bottom = std::min(row[3], picture.size(2));
      if (right <= left || bottom <= top) continue;
      found.push_back(at::adaptive_avg_pool2d(picture.slice(2, top, bottom).slice(3, left, right),
                                              {side, side}));
      kept.push_back(i);
    }
    boxes = boxes.index_select(0, at::tensor(kept, at::kLong));
    return found.empty() ? at::zeros({0, 3, side, side}) : normalised(at::cat(found));
  }

  static at::Tensor with_score(const at::Tensor& boxes, const at::Tensor& score) {
    return at::cat({boxes.narrow(1, 0, 4), score.unsqueeze(1)}, 1);
  }

  at::Tensor second(const at::Tensor& picture, at::Tensor boxes) const {
    const at::Tensor pixels = crops(picture, boxes, 24);
    if (boxes.size(0) == 0) return boxes;
    const MtcnnNets::Output found = nets_.refine(pixels);
    const at::Tensor pass = found.probability > 0.7;
    boxes = with_score(boxes, found.probability).index({pass});
    const at::Tensor pick = nms(boxes, 0.7, false);
    return square(corrected(boxes.index_select(0, pick),
                            found.correction.index({pass}).index_select(0, pick), 1));
  }

  at::Tensor third(const at::Tensor& picture, at::Tensor boxes) const {
    const at::Tensor pixels = crops(picture, boxes, 48);
    if (boxes.size(0) == 0) return boxes;
    const MtcnnNets::Output found = nets_.finalize(pixels);
    const at::Tensor pass = found.probability > 0.7;
    boxes = corrected(with_score(boxes, found.probability).index({pass}),
                      found.correction.index({pass}), 1);
    return boxes.index_select(0, nms(boxes, 0.7, true)).contiguous();
  }

  MtcnnNets nets_;
};

using Clock = std::chrono::steady_clock;

template <typename Function>
auto timed(std::vector<double>& milliseconds, const Function& function) {
  const auto start = Clock::now();
  auto result = function();
  milliseconds.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  return result;
}

// The first two frames warm up.
std::array<double, 3> quartiles(std::vector<double> values) {
  if (values.size() > 2) values.erase(values.begin(), values.begin() + 2);
  std::sort(values.begin(), values.end());
  const auto at = [&](std::size_t quarter) { return values[quarter * (values.size() - 1) / 4]; };
  return {at(1), at(2), at(3)};
}

bool is_matched(const dfd::FaceDetection& face, const std::vector<dfd::FaceDetection>& faces) {
  return std::any_of(faces.begin(), faces.end(),
                     [&](const auto& other) { return dfd::iou(face.box, other.box) >= 0.5F; });
}

nlohmann::ordered_json to_json(int frame, const dfd::FaceDetection& face) {
  return {{"frame", frame},
          {"box", {face.box.x, face.box.y, face.box.width, face.box.height}},
          {"confidence", face.confidence}};
}

void compare(const Facenet& facenet, dfd::FaceDetector& detector, int min_face_size,
             const std::string& path) {
  constexpr int kEvery = 2;  // Neighbouring frames show the same.
  dfd::VideoReader reader(path);
  std::vector<double> whole_times, live_times, near_times;
  int faces = 0;
  int looked_for = 0;
  int found_again = 0;
  auto missed = nlohmann::ordered_json::array();
  auto extras = nlohmann::ordered_json::array();
  const auto is_large = [&](const dfd::FaceDetection& face) {
    return std::min(face.box.width, face.box.height) >= static_cast<float>(min_face_size);
  };
  for (int i = 0; const auto frame = reader.next(); ++i) {
    if (i % kEvery != 0) continue;
    const dfd::FrameView& view = frame->view;
    const cv::Mat rgb = dfd::rgb_region(view, {0, 0, view.width, view.height});
    const auto whole = timed(whole_times, [&] { return facenet.detect(rgb); });
    const auto live =
        timed(live_times, [&] { return dfd::detect_reduced(detector, view, min_face_size); });
    std::vector<dfd::RectF> expected;
    for (const auto& face : live) expected.push_back(face.box);
    const auto near = timed(near_times, [&] { return detector.detect_near(view, expected); });
    for (const auto& face : live) {
      ++looked_for;
      if (is_matched(face, near)) ++found_again;
    }
    for (const auto& face : whole) {
      if (!is_large(face)) continue;
      ++faces;
      if (!is_matched(face, live)) missed.push_back(to_json(i, face));
    }
    for (const auto& face : live) {
      if (is_large(face) && !is_matched(face, whole)) extras.push_back(to_json(i, face));
    }
  }
  const auto whole_ms = quartiles(whole_times);
  const auto live_ms = quartiles(live_times);
  std::cout << nlohmann::ordered_json({{"video", path},
                                       {"frames", whole_times.size()},
                                       {"facenet_ms", whole_ms},
                                       {"live_ms", live_ms},
                                       {"ratio", whole_ms[1] / live_ms[1]},
                                       {"faces", faces},
                                       {"missed", missed},
                                       {"extras", extras},
                                       {"near_ms", quartiles(near_times)},
                                       {"looked_for", looked_for},
                                       {"found_again", found_again}})
            << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc < 5) {
    std::fprintf(stderr, "usage: face_detection FACE_MODEL MIN_FACE_SIZE THREADS VIDEO...\n");
    return 2;
  }
  try {
    at::set_num_threads(std::stoi(argv[3]));
    const Facenet facenet(argv[1]);
    const auto detector = dfd::make_mtcnn_detector(argv[1], dfd::kLiveMtcnn);
    for (int i = 4; i < argc; ++i) compare(facenet, *detector, std::stoi(argv[2]), argv[i]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "face_detection: %s\n", error.what());
    return 1;
  }
  return 0;
}
