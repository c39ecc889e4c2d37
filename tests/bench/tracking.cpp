// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Following faces as the element does with its defaults, over whole clips.
//
//   tracking FACE_MODEL|cascade VIDEO...
//
// Prints a JSON line a video: each track's first and last second and mean box; how far the followed
// boxes lie from detections made for comparison every fifth frame (centres, in box heights: median
// and 95th percentile); and how much they jump from frame to frame beyond their own motion (the
// second difference of the centre, in box heights, median).

#include <gst/gst.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include "base/picture.h"
#include "face/face_finder.h"
#include "video.h"

namespace {

using Json = nlohmann::ordered_json;

double rounded(double value) { return std::round(value * 1000) / 1000; }

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return rounded(values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))]);
}

cv::Point2d centre_of(const dfd::RectF& box) {
  return {box.x + box.width / 2.0, box.y + box.height / 2.0};
}

struct Path {
  double begin = 0, end = 0;
  std::vector<cv::Point2d> centres;
  double height = 0;
};

Json follow(dfd::FaceDetector& detector, const std::string& path) {
  constexpr auto kSamplePeriod = std::chrono::milliseconds(200);  // The element's own frames.
  const dfd::FinderConfig config;
  dfd::FaceFinder finder(&detector, config);
  dfd::VideoReader reader(path);
  std::map<dfd::TrackId, Path> tracks;
  std::vector<double> residuals, jumps;
  dfd::Timestamp next_sample{0};
  while (const auto frame = reader.next()) {
    const bool sample = frame->time >= next_sample;
    if (sample) next_sample += kSamplePeriod;
    if (!sample && !finder.due(frame->time)) continue;
    const double now = std::chrono::duration<double>(frame->time).count();
    const auto faces = finder.find(frame->view, dfd::thumbnail_of(frame->view), frame->time);
    for (const dfd::TrackedFace& face : faces) {
      const auto [place, is_new] = tracks.try_emplace(face.id);
      Path& track = place->second;
      if (is_new) track.begin = now;
      if (!face.visible) continue;
      track.end = now;
      track.centres.push_back(centre_of(face.face.box));
      track.height = face.face.box.height;
    }
    for (const auto& found : dfd::detect_reduced(detector, frame->view, config.min_face_size)) {
      for (const dfd::TrackedFace& face : faces) {
        const bool predicted = face.visible && face.last_seen < frame->time;
        if (!predicted || dfd::iou(face.face.box, found.box) < 0.3F) continue;
        const cv::Point2d off = centre_of(face.face.box) - centre_of(found.box);
        residuals.push_back(std::hypot(off.x, off.y) / found.box.height);
      }
    }
  }
  Json listed = Json::array();
  for (const auto& [id, track] : tracks) {
    listed.push_back({{"id", id},
                      {"from", rounded(track.begin)},
                      {"to", rounded(track.end)},
                      {"height", std::round(track.height)},
                      {"x", track.centres.empty() ? 0 : std::round(track.centres.back().x)}});
    for (std::size_t i = 2; i < track.centres.size(); ++i) {
      const cv::Point2d jump = track.centres[i] - 2 * track.centres[i - 1] + track.centres[i - 2];
      jumps.push_back(std::hypot(jump.x, jump.y) / track.height);
    }
  }
  return {{"video", path},
          {"tracks", listed},
          {"residual_median", quantile(residuals, 0.5)},
          {"residual_p95", quantile(residuals, 0.95)},
          {"jump_median", quantile(jumps, 0.5)}};
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc < 3) {
    std::fprintf(stderr, "usage: tracking FACE_MODEL|cascade VIDEO...\n");
    return 2;
  }
  try {
    at::set_num_threads(2);
    const std::string model = argv[1];
    const auto detector =
        dfd::make_face_detector(model == "cascade" ? "" : model, dfd::CropRule::kBox);
    for (int i = 2; i < argc; ++i) std::cout << follow(*detector, argv[i]) << std::endl;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tracking: %s\n", error.what());
    return 1;
  }
  return 0;
}
