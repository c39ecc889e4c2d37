// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Settings of an engine and of a session. The defaults here are the documented ones: properties
// and command lines read them from these structs.

#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "detector/api.h"

namespace dfd {

// What is analysed.
enum class Region {
  kFaces,      // Every face apart, found by our own detector.
  kFullFrame,  // The picture as one (the seed recipe's way).
  kRoiList,    // Every face apart, found by somebody else: Frame::faces.
};

// Of the backbone's weights and activations and the head's products; sums stay float.
enum class Precision {
  kAuto,  // bf16 on a CPU that has it in hardware, fp16 on CUDA, else fp32.
  kFp32,  // The reference.
  kBf16,  // CPU with AVX512-BF16 or AMX, or CUDA.
  kFp16,  // CUDA only.
};

DFD_API const char* to_string(Precision precision) noexcept;  // "auto", "fp32", "bf16", "fp16"

struct EngineConfig {
  std::string model_file;       // Safetensors file of kind "model". Required.
  std::string device = "auto";  // "auto", "cpu", "cuda" or "cuda:N".
  Precision precision = Precision::kAuto;
  // CPU threads of the forward passes; 0: as many as affinity and control groups let the process
  // use. An engine that is there already keeps its own.
  int threads = 0;
  // How long the engine lives after its last session, so that the next one need not load it; of
  // several wishes the longest. >= 0.
  std::chrono::nanoseconds keep_alive{0};
};

// A number of samples a second as a fraction. numerator 0: the model's own rate.
struct Rate {
  int numerator = 0;
  int denominator = 1;

  bool given() const { return numerator > 0; }
  double hertz() const { return static_cast<double>(numerator) / denominator; }
  std::chrono::nanoseconds period() const {
    return std::chrono::nanoseconds(1000000000LL * denominator / numerator);
  }
};

// Rule: docs/architecture.md, "Verdicts".
struct DecisionConfig {
  double threshold = -1;                              // In [0, 1]; -1: the model's.
  double hysteresis = 0.1;                            // In [0, 1].
  std::chrono::nanoseconds half_life{2000000000};     // Of the smoothing, >= 0.
  std::chrono::nanoseconds min_duration{1000000000};  // Before a verdict is taken, >= 0.
};

enum class ExplainMethod {
  kGradCam,   // Selvaraju et al. 2017: a weight for each channel, the mean of its gradient.
  kHiResCam,  // Draelos and Carin 2020: gradient times activation, place by place.
};

DFD_API const char* to_string(ExplainMethod method) noexcept;  // "grad-cam", "hires-cam"

// Of the faces whose windows a frame fills, those with the highest probability so far are
// explained. Scores are the same with and without.
struct ExplainConfig {
  bool on = false;
  ExplainMethod method = ExplainMethod::kGradCam;
  double rate = 1;  // Frames of which something is explained, at most, a second of the stream's
                    // time; in (0, 1000].
  int faces = 1;    // Explained of one frame at most, >= 1.
};

struct SessionConfig {
  Region region = Region::kFaces;
  std::string face_model_file;  // YuNet or MTCNN's weights; empty: OpenCV's cascade.
  std::chrono::nanoseconds detection_interval{500000000};  // Between face detections, >= 0.
  int min_face_size = 64;  // Shorter side in frame pixels; smaller faces are reported, not scored.
  int max_faces = 8;       // Faces followed at once, largest first, >= 1.
  Rate sample_rate;
  int window_stride = 1;                // Samples between two scores of a track, >= 1.
  std::chrono::nanoseconds max_gap{0};  // A longer gap restarts windows; 0: three sample periods.
  DecisionConfig decision;
  ExplainConfig explain;
  // Frames that wait for analysis; beyond this the oldest is skipped and counted. With the one
  // under analysis two are held by reference: decoders run dry when more of their buffers are kept.
  std::size_t max_queued = 1;
};

}  // namespace dfd
