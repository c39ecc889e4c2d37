// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/synthesize.h"

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <opencv2/core/utility.hpp>

#include "base/check.h"
#include "base/file.h"
#include "data/video.h"
#include "drawn/drawn_clip.h"

namespace dfd {
namespace {

nlohmann::json truth_line(const FrameTruth& truth) {
  nlohmann::json landmarks = nlohmann::json::array();
  for (const PointF& point : truth.landmarks) landmarks.push_back({point.x, point.y});
  return {
      {"box",
       {truth.box.x, truth.box.y, truth.box.x + truth.box.width, truth.box.y + truth.box.height}},
      {"landmarks", landmarks}};
}

}  // namespace

void synthesize(const SynthesisOptions& options, const std::function<void(int, int)>& progress) {
  namespace fs = std::filesystem;
  // The pictures are small: OpenCV's threads would cost more than they do.
  cv::setNumThreads(1);
  const std::vector<ClipPlan> plans = plan_clips(options);
  for (const char* folder : {"Celeb-real", "Celeb-synthesis", "YouTube-real"}) {
    std::error_code error;
    fs::create_directories(fs::path(options.output) / folder, error);
    DFD_REQUIRE(!error, ErrorCode::kIo,
                options.output << "/" << folder << ": cannot be made: " << error.message());
  }
  const auto path = [&](const char* name) { return (fs::path(options.output) / name).string(); };
  // What an older set says of its clips is not true of these.
  for (const char* name : {"truth.jsonl", "List_of_testing_videos.txt"}) fs::remove(path(name));
  std::ostringstream list;
  std::ostringstream truth;
  int done = 0;
  for (const ClipPlan& plan : plans) {
    EncoderSettings encoder;
    encoder.size = {kSynthesisWidth, kSynthesisHeight};
    encoder.fps = kSynthesisFps;
    encoder.quantizer = 18 + static_cast<int>(plan.scene % 7);  // A forgery keeps its source's.
    VideoWriter writer(path(plan.file.c_str()), encoder);
    nlohmann::json frames = nlohmann::json::array();
    draw_clip(plan, options.seconds, [&](const cv::Mat& picture, const FrameTruth& frame) {
      writer.write(picture);
      frames.push_back(truth_line(frame));
    });
    writer.close();
    // Celeb-DF's list: 1 is real, 0 is fake.
    if (plan.test) list << (plan.forgery == Forgery::kNone ? 1 : 0) << ' ' << plan.file << '\n';
    truth << nlohmann::json{{"file", plan.file},
                            {"kind", to_string(plan.forgery)},
                            {"pasted_back", plan.pasted_back},
                            {"frames", frames}}
                 .dump()
          << '\n';
    progress(++done, static_cast<int>(plans.size()));
  }
  replace_file(path("truth.jsonl"), [&](std::ostream& out) { out << truth.str(); });
  replace_file(path("List_of_testing_videos.txt"), [&](std::ostream& out) { out << list.str(); });
}

}  // namespace dfd
