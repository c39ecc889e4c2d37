// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Following faces as the element does with its defaults, over whole clips.
//
//   tracking FACE_MODEL|cascade FACES_BY_HAND VIDEO...
//
// Prints a JSON line a video: each track's first and last second; how far the followed boxes lie
// from detections in the whole picture made for comparison, where none was due (centres, in box
// heights: median and 95th percentile); how much boxes jump from look to look beyond their own
// motion (second difference of the centre, in box heights, median), and how much those detections
// do. For a video listed in FACES_BY_HAND (faces_by_hand.json: of some frames, [person, left, top,
// right, bottom] of each face; a person after a cut is another) also how many of its faces were
// followed, how often a person's track changed, and which boxes were no face of the list.

#include <gst/gst.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include "base/picture.h"
#include "data/video.h"
#include "face/face_finder.h"

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

// One look at a face that a detection for comparison has found too.
struct Look {
  int number = 0;  // Of the frame among those looked at.
  cv::Point2d shown, found;
};

struct Path {
  double begin = 0, end = 0, height = 0, x = 0;
  std::vector<Look> looks;
};

// How much a centre jumps beyond its motion, over three looks in a row, in box heights.
template <typename Centre>
void add_jumps(const Path& track, Centre centre, std::vector<double>& jumps) {
  for (std::size_t i = 2; i < track.looks.size(); ++i) {
    if (track.looks[i].number != track.looks[i - 2].number + 2) continue;
    const cv::Point2d jump =
        centre(track.looks[i]) - 2 * centre(track.looks[i - 1]) + centre(track.looks[i - 2]);
    jumps.push_back(std::hypot(jump.x, jump.y) / track.height);
  }
}

// Tracks against the faces a person has marked.
class ByHand {
 public:
  // frames: of the list.
  explicit ByHand(const Json& frames) {
    for (const Json& frame : frames) marked_[frame["frame"].get<int>()] = frame["faces"];
  }

  bool has(int frame) const { return marked_.count(frame) > 0; }

  void compare(int frame, const std::vector<dfd::TrackedFace>& faces) {
    std::vector<bool> used(faces.size(), false);
    for (const Json& marked : marked_.at(frame)) {
      const auto value = [&](std::size_t i) { return marked[i].get<float>(); };
      const dfd::RectF box{value(1), value(2), value(3) - value(1), value(4) - value(2)};
      const int person = marked[0].get<int>();
      const bool large = std::min(box.width, box.height) >= kScored;
      faces_ += large ? 1 : 0;
      std::size_t best = faces.size();
      float most = 0.4F;  // A box predicted for half a second is not exact.
      for (std::size_t i = 0; i < faces.size(); ++i) {
        const float overlap = dfd::iou(faces[i].face.box, box);
        if (used[i] || !faces[i].visible || overlap < most) continue;
        best = i;
        most = overlap;
      }
      if (best == faces.size()) {
        if (large) missed_.push_back({frame, person});
        continue;
      }
      used[best] = true;
      const auto [place, is_new] = track_of_.try_emplace(person, faces[best].id);
      if (!is_new && std::exchange(place->second, faces[best].id) != faces[best].id) {
        switches_.push_back({frame, person});
      }
    }
    for (std::size_t i = 0; i < faces.size(); ++i) {
      if (!used[i] && faces[i].visible) others_.push_back({frame, faces[i].id});
    }
  }

  void print(Json& line) const {
    if (marked_.empty()) return;
    line["faces_by_hand"] = faces_;
    line["missed"] = missed_;
    line["switches"] = switches_;
    line["other_boxes"] = others_;
  }

 private:
  static constexpr float kScored = 64;  // Smaller faces need not be followed.
  std::map<int, Json> marked_;
  std::map<int, dfd::TrackId> track_of_;  // By person.
  int faces_ = 0;
  // {frame, person}, {frame, track}
  std::vector<std::pair<int, int>> missed_, switches_;
  std::vector<std::pair<int, dfd::TrackId>> others_;
};

Json follow(dfd::FaceDetector& detector, const std::string& path, ByHand by_hand) {
  constexpr auto kSamplePeriod = std::chrono::milliseconds(200);  // The element's own frames.
  const dfd::FinderConfig config;
  dfd::FaceFinder finder(&detector, config);
  dfd::VideoReader reader(path);
  std::map<dfd::TrackId, Path> tracks;
  std::vector<double> residuals, jumps, found_jumps;
  int looks = 0;
  dfd::Timestamp next_sample{0};
  for (int number = 0; const auto frame = reader.next(); ++number) {
    const bool sample = frame->time >= next_sample;
    if (sample) next_sample += kSamplePeriod;
    const bool marked = by_hand.has(number);
    const bool due = finder.due(frame->time);
    if (!sample && !marked && !due) continue;
    const double now = std::chrono::duration<double>(frame->time).count();
    const auto faces = finder.find(frame->view, dfd::thumbnail_of(frame->view), frame->time);
    if (marked) by_hand.compare(number, faces);
    for (const dfd::TrackedFace& face : faces) {
      const auto [place, is_new] = tracks.try_emplace(face.id);
      Path& track = place->second;
      if (is_new) track.begin = now;
      if (!face.visible) continue;
      track.end = now;
      track.x = face.face.box.x;
      track.height = face.face.box.height;
    }
    ++looks;
    for (const auto& found : dfd::detect_reduced(detector, frame->view, config.min_face_size)) {
      for (const dfd::TrackedFace& face : faces) {
        if (!face.visible || dfd::iou(face.face.box, found.box) < 0.3F) continue;
        const cv::Point2d off = centre_of(face.face.box) - centre_of(found.box);
        tracks.at(face.id).looks.push_back({looks, centre_of(face.face.box), centre_of(found.box)});
        if (!due) residuals.push_back(std::hypot(off.x, off.y) / found.box.height);
      }
    }
  }
  Json listed = Json::array();
  for (const auto& [id, track] : tracks) {
    listed.push_back({{"id", id},
                      {"from", rounded(track.begin)},
                      {"to", rounded(track.end)},
                      {"height", std::round(track.height)},
                      {"x", std::round(track.x)}});
    add_jumps(
        track, [](const Look& look) { return look.shown; }, jumps);
    add_jumps(
        track, [](const Look& look) { return look.found; }, found_jumps);
  }
  Json line = {{"video", path},
               {"tracks", listed},
               {"residual_median", quantile(residuals, 0.5)},
               {"residual_p95", quantile(residuals, 0.95)},
               {"jump_median", quantile(jumps, 0.5)},
               {"jump_of_detections", quantile(found_jumps, 0.5)}};
  by_hand.print(line);
  return line;
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  if (argc < 4) {
    std::fprintf(stderr, "usage: tracking FACE_MODEL|cascade FACES_BY_HAND VIDEO...\n");
    return 2;
  }
  try {
    at::set_num_threads(2);
    const std::string model = argv[1];
    const auto detector =
        dfd::make_face_detector(model == "cascade" ? "" : model, dfd::CropRule::kBox);
    std::ifstream list(argv[2]);
    const Json by_hand = Json::parse(list);
    for (int i = 3; i < argc; ++i) {
      const std::string name = std::filesystem::path(argv[i]).filename().string();
      std::cout << follow(*detector, argv[i], ByHand(by_hand.value(name, Json::array())))
                << std::endl;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tracking: %s\n", error.what());
    return 1;
  }
  return 0;
}
