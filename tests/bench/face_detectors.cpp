// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The face detectors beside each other, as for video: the same frames, in turns, one thread.
//
//   face_detectors MTCNN YUNET MIN_FACE_SIZE EVERY VIDEO...
//
// Prints a JSON line a detector: of every EVERYth frame of all videos, the faces of MIN_FACE_SIZE
// and more that MTCNN finds with a probability above 0.9, how many of them it hits (IoU >= 0.4),
// its extras of that size (on nothing that MTCNN finds); the quartiles of IoU with MTCNN's boxes;
// and of each video the median of processor time in milliseconds, of the whole picture and of
// looking where its own faces are, and how many of these are found again.

#include <gst/gst.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include "data/video.h"
#include "face/face_finder.h"

namespace {

using Json = nlohmann::ordered_json;

constexpr float kSame = 0.4F;  // Intersection over union.
constexpr float kSure = 0.9F;

// Of this thread alone: decoders run ahead in others.
double processor_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

float best_iou(const dfd::FaceDetection& face, const std::vector<dfd::FaceDetection>& faces) {
  float best = 0;
  for (const auto& other : faces) best = std::max(best, dfd::iou(face.box, other.box));
  return best;
}

struct Contestant {
  std::string name;
  std::unique_ptr<dfd::FaceDetector> detector;
  int faces = 0, hits = 0, extras = 0, looked_for = 0, found_again = 0;
  std::vector<double> overlaps;
  std::map<std::string, std::vector<double>> whole_ms, near_ms;

  std::vector<dfd::FaceDetection> look(const dfd::FrameView& view, int min_face_size,
                                       const std::string& video) {
    double start = processor_ms();
    auto found = dfd::detect_reduced(*detector, view, min_face_size);
    whole_ms[video].push_back(processor_ms() - start);
    std::vector<dfd::RectF> expected;
    for (const auto& face : found) expected.push_back(face.box);
    if (expected.empty()) return found;
    start = processor_ms();
    const auto again = detector->detect_near(view, expected);
    near_ms[video].push_back(processor_ms() - start);
    looked_for += static_cast<int>(found.size());
    for (const auto& face : found) found_again += best_iou(face, again) >= kSame ? 1 : 0;
    return found;
  }

  void compare(const std::vector<dfd::FaceDetection>& found,
               const std::vector<dfd::FaceDetection>& truth, int min_face_size) {
    const auto is_large = [&](const dfd::FaceDetection& face) {
      return std::min(face.box.width, face.box.height) >= static_cast<float>(min_face_size);
    };
    for (const auto& face : truth) {
      if (!is_large(face) || face.confidence <= kSure) continue;
      ++faces;
      const float overlap = best_iou(face, found);
      if (overlap < kSame) continue;
      ++hits;
      overlaps.push_back(overlap);
    }
    for (const auto& face : found) {
      if (is_large(face) && best_iou(face, truth) < kSame) ++extras;
    }
  }

  Json line() const {
    Json times = Json::object();
    for (const auto& [video, values] : whole_ms) {
      const auto near = near_ms.find(video);
      times[video] = {{"frames", values.size()},
                      {"whole_ms", quantile(values, 0.5)},
                      {"near_ms", near == near_ms.end() ? 0 : quantile(near->second, 0.5)}};
    }
    return {{"detector", name},
            {"faces", faces},
            {"hits", hits},
            {"extras", extras},
            {"iou", {quantile(overlaps, 0.25), quantile(overlaps, 0.5), quantile(overlaps, 0.75)}},
            {"looked_for", looked_for},
            {"found_again", found_again},
            {"videos", times}};
  }
};

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc < 6) {
    std::fprintf(stderr, "usage: face_detectors MTCNN YUNET MIN_FACE_SIZE EVERY VIDEO...\n");
    return 2;
  }
  try {
    at::set_num_threads(1);
    cv::setNumThreads(1);
    const int min_face_size = std::stoi(argv[3]);
    const int every = std::stoi(argv[4]);
    std::vector<Contestant> contestants(3);
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      contestants[i].detector = dfd::make_face_detector(i == 0   ? argv[1]
                                                        : i == 1 ? argv[2]
                                                                 : "",
                                                        dfd::CropRule::kBox);
      contestants[i].name = contestants[i].detector->name();
    }
    for (int i = 5; i < argc; ++i) {
      dfd::VideoReader reader(argv[i]);
      for (int number = 0; const auto frame = reader.next(); ++number) {
        if (number % every != 0) continue;
        std::vector<dfd::FaceDetection> truth;
        for (Contestant& contestant : contestants) {
          const auto found = contestant.look(frame->view, min_face_size, argv[i]);
          if (&contestant == &contestants.front()) truth = found;
          contestant.compare(found, truth, min_face_size);
        }
      }
    }
    for (const Contestant& contestant : contestants) std::cout << contestant.line() << std::endl;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "face_detectors: %s\n", error.what());
    return 1;
  }
  return 0;
}
