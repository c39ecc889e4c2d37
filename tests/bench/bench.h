// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the parts of deepfake-bench share: rows, medians, and a drawn scene to measure on.

#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "detector/frame.h"
#include "detector/geometry.h"

namespace dfd::bench {

// One line of the result.
struct Row {
  std::string name;
  nlohmann::ordered_json params;
  double value;
  std::string unit;
};
using Emit = std::function<void(const Row&)>;

// Milliseconds, of function calls one after another: the first warm-up ones are dropped.
struct Times {
  std::vector<double> sorted;
  double part(double share) const {
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5)];
  }
  double median() const { return part(0.5); }
};

// Runs functions in turns until each ran `rounds` times: what slows the machine slows all of them.
std::vector<Times> in_turns(const std::vector<std::function<void()>>& functions, int rounds,
                            int warm_up = 2);
Times repeat(const std::function<void()>& function, int rounds, int warm_up = 2);

// 1920x1080, or smaller, grey with texture, and so many drawn faces side by side, each about 190
// pixels wide at 1080p. RGB, CV_8UC3. step: moves the faces.
struct Scene {
  cv::Mat rgb;
  std::vector<RectF> faces;
};
Scene draw_scene(int faces, int step = 0, cv::Size size = {1920, 1080});

// The same as I420 and NV12. The frame owns its pixels.
Frame to_i420(const cv::Mat& rgb);
Frame to_nv12(const cv::Mat& rgb);

// A model of the recipe's sizes: random backbone calibrated on drawn faces, random head, window of
// 20, 2 samples a second. Made once, in the folder for temporary files.
std::string bench_model();

// --- The parts: each emits the rows it is named for.

void bench_networks(const Emit& emit);   // Convolution limit, backbone, seed, LSTM, verdict.
void bench_backbones(const Emit& emit);  // Every network beside the usual one.
// The network of a backbone or model file; gmac: its multiply-adds, 1e9, 0 where not known.
void bench_file(const Emit& emit, const std::string& path, double gmac);
void bench_onnxruntime(const Emit& emit);  // The backbone there, and the ratio.
void bench_pictures(const Emit& emit);     // Detection, crops.
void bench_element(const Emit& emit);      // Added time, copies, load, scan, memory.
void bench_explain(const Emit& emit);      // One explanation.
void bench_streams(const Emit& emit);      // How many streams a machine bears.

}  // namespace dfd::bench
