// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames in, verdicts out, without GStreamer.
//
//   c++ -std=c++17 verdicts.cpp $(pkg-config --cflags --libs deepfake-detector) -o verdicts
//   ffmpeg -v error -i clip.mp4 -vf fps=25 -pix_fmt rgb24 -f rawvideo - |
//     ./verdicts model.safetensors 1280 720 25

#include <detector/engine.h>
#include <detector/error.h>
#include <detector/session.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

namespace {

using Pixels = std::vector<std::uint8_t>;

dfd::Frame frame_of(std::shared_ptr<Pixels> pixels, int width, int height) {
  dfd::Frame frame;
  frame.view.width = width;
  frame.view.height = height;
  frame.view.format = dfd::PixelFormat::kRgb;
  frame.view.color.full_range = true;
  frame.view.planes[0] = {pixels->data(), static_cast<std::ptrdiff_t>(width) * 3};
  frame.owner = std::move(pixels);  // The library keeps the frame until it has been looked at.
  return frame;
}

void print(const dfd::StreamReport& report) {
  std::printf("%.2f s: %s (%s)", std::chrono::duration<double>(report.time).count(),
              dfd::to_string(report.verdict), dfd::to_string(report.reason));
  for (const dfd::FaceReport& face : report.faces) {
    std::printf("  #%llu %s", static_cast<unsigned long long>(face.track),
                dfd::to_string(face.verdict));
    if (face.probability) std::printf(" %.3f", *face.probability);
  }
  std::printf("\n");
}

void watch(const char* model, int width, int height, int rate) {
  dfd::EngineConfig engine_config;
  engine_config.model_file = model;
  const auto engine = dfd::Engine::load(engine_config);
  dfd::SessionConfig config;
  config.region = engine->model().region;  // What the model was trained on.
  const auto session = dfd::Session::create(engine, config);
  const auto size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3;
  for (std::int64_t number = 0;; ++number) {
    auto pixels = std::make_shared<Pixels>(size);
    if (std::fread(pixels->data(), 1, size, stdin) != size) break;
    const dfd::Timestamp time = std::chrono::nanoseconds(1000000000 * number / rate);
    const auto ticket = session->offer(time);
    if (!ticket) continue;  // Not needed: nothing of it would be looked at.
    session->push(*ticket, frame_of(std::move(pixels), width, height));
    session->wait();
    for (const dfd::Event& event : session->take_events()) {
      if (event.kind == dfd::EventKind::kVerdictChanged) print(event.report);
    }
  }
  session->finish();
  print(session->report());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: verdicts MODEL WIDTH HEIGHT FRAMES-A-SECOND < rgb24\n");
    return 2;
  }
  try {
    watch(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]));
  } catch (const dfd::Error& error) {
    std::fprintf(stderr, "verdicts: %s: %s\n", dfd::to_string(error.code()), error.what());
    return 1;
  }
  return 0;
}
