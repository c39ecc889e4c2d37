// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is done with pixels: looking for faces, and cutting them out.

#include <memory>

#include "backbone/inception_resnet_v1.h"
#include "backbone/input.h"
#include "base/picture.h"
#include "bench.h"
#include "face/face_finder.h"

namespace dfd::bench {

void bench_pictures(const Emit& emit) {
  constexpr int kMinFaceSize = 64;  // The element's default.
  const auto detector = make_cascade_detector();
  const struct {
    const char* name;
    cv::Size size;
  } sizes[] = {{"360p", {640, 360}}, {"720p", {1280, 720}}, {"1080p", {1920, 1080}}};
  for (const auto& [name, size] : sizes) {
    const Frame frame = to_i420(draw_scene(1, 0, size).rgb);
    const nlohmann::ordered_json params{{"detector", detector->name()}, {"size", name}};
    emit({"detect_ms", params,
          repeat([&] { detect_reduced(*detector, frame.view, kMinFaceSize); }, 15).median(), "ms"});
    emit({"thumbnail_ms",
          {{"size", name}},
          repeat([&] { thumbnail_of(frame.view); }, 30).median(),
          "ms"});
  }
  const Scene scene = draw_scene(1);
  const InputRule rule = facenet_input();
  const Frame planar = to_i420(scene.rgb);
  const Frame interleaved = to_nv12(scene.rgb);
  for (const auto& [name, frame] : {std::pair("I420", &planar), std::pair("NV12", &interleaved)}) {
    emit({"crop_ms",
          {{"format", name}, {"face", 190}},
          repeat([&, frame = frame] { crop_face(frame->view, scene.faces[0], {}, rule); }, 50)
              .median(),
          "ms"});
  }
}

}  // namespace dfd::bench
