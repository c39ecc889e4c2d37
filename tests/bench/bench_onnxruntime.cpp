// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The same backbone in ONNX Runtime, which a user would take instead, where its library is found.
// Its C interface is a table of functions whose places never change (onnxruntime_c_api.h, version
// 1); so no header is needed.

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "backbone/inception_resnet_v1.h"
#include "bench.h"
#include "scoring/device.h"
#include "scoring/model_parts.h"

namespace dfd::bench {
namespace {

using Pointer = void*;

struct ApiBase {
  Pointer* (*api)(unsigned version);
  const char* (*version)();
};

// Places in the table.
enum Place {
  kErrorMessage = 2,
  kCreateEnvironment = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateOptions = 10,
  kSetThreads = 24,
  kCreateTensor = 49,
  kCreateMemoryInfo = 69
};

// Keeps everything until the program ends.
class OnnxRuntime {
 public:
  // None where the library or the model is missing.
  static std::unique_ptr<OnnxRuntime> open() {
    const char* library = std::getenv("DEEPFAKE_BENCH_ONNXRUNTIME");
    const char* model = std::getenv("DEEPFAKE_BENCH_ONNX");
    Pointer handle = dlopen(library == nullptr ? "libonnxruntime.so.1" : library, RTLD_NOW);
    if (handle == nullptr || model == nullptr) return nullptr;
    const auto base = reinterpret_cast<const ApiBase* (*)()>(dlsym(handle, "OrtGetApiBase"));
    return std::make_unique<OnnxRuntime>(base()->api(1), model);
  }

  OnnxRuntime(Pointer* api, const char* model) : api_(api) {
    Pointer environment = nullptr;
    Pointer options = nullptr;
    call<int, const char*, Pointer*>(kCreateEnvironment, 3, "bench", &environment);
    call<Pointer*>(kCreateOptions, &options);
    call<Pointer, int>(kSetThreads, options, static_cast<int>(std::thread::hardware_concurrency()));
    call<Pointer, const char*, Pointer, Pointer*>(kCreateSession, environment, model, options,
                                                  &session_);
    call<int, int, Pointer*>(kCreateMemoryInfo, 1, 0, &host_);
  }

  // float [N, 3, S, S], contiguous. What it returns is kept: the bench is short.
  void run(const at::Tensor& crops) const {
    constexpr int kFloat = 1;
    Pointer input = nullptr;
    call<Pointer, void*, std::size_t, const std::int64_t*, std::size_t, int, Pointer*>(
        kCreateTensor, host_, crops.data_ptr(), crops.nbytes(), crops.sizes().data(),
        static_cast<std::size_t>(crops.dim()), kFloat, &input);
    const char* const in = "crops";
    const char* const out = "embeddings";
    Pointer output = nullptr;
    call<Pointer, Pointer, const char* const*, Pointer const*, std::size_t, const char* const*,
         std::size_t, Pointer*>(kRun, session_, nullptr, &in, &input, 1, &out, 1, &output);
  }

 private:
  template <typename... Arguments>
  void call(Place place, Arguments... arguments) const {
    const Pointer status = reinterpret_cast<Pointer (*)(Arguments...)>(api_[place])(arguments...);
    if (status == nullptr) return;
    throw std::runtime_error(
        reinterpret_cast<const char* (*)(Pointer)>(api_[kErrorMessage])(status));
  }

  Pointer* api_;
  Pointer session_ = nullptr;
  Pointer host_ = nullptr;
};

// Some runs after a pause: the other's threads spin for a while before they sleep.
void add_block(const std::function<void()>& function, std::vector<double>& milliseconds) {
  constexpr std::chrono::milliseconds kPause{100};
  std::this_thread::sleep_for(kPause);
  const Times times = repeat(function, 8);
  milliseconds.insert(milliseconds.end(), times.sorted.begin(), times.sorted.end());
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return Times{values}.median();
}

}  // namespace

void bench_onnxruntime(const Emit& emit) {
  const auto other = OnnxRuntime::open();
  if (!other) return;
  const c10::InferenceMode guard;
  at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
  const TensorMap tensors = read_tensors(SafetensorsFile(bench_model()));
  std::vector<Precision> precisions{Precision::kFp32};
  const Precision best = select_precision(Precision::kAuto, at::kCPU);
  if (best != Precision::kFp32) precisions.push_back(best);
  for (const Precision precision : precisions) {
    TensorSource source("bench", tensors);
    InceptionResnetV1 ours(source, kBackbonePrefix);
    ours.fold(at::kCPU, type_of(precision));
    for (const std::int64_t batch : {1, 8}) {
      const at::Tensor crops = at::rand({batch, 3, 160, 160});
      const at::Tensor last = crops.contiguous(at::MemoryFormat::ChannelsLast);
      std::vector<double> ours_ms;
      std::vector<double> theirs_ms;
      for (int i = 0; i < 4; ++i) {
        add_block([&] { ours.embed(last); }, ours_ms);
        add_block([&] { other->run(crops); }, theirs_ms);
      }
      const double each = median(ours_ms) / static_cast<double>(batch);
      const double theirs = median(theirs_ms) / static_cast<double>(batch);
      const nlohmann::ordered_json params{{"precision", to_string(precision)}, {"batch", batch}};
      emit({"onnxruntime_ms_per_crop", {{"batch", batch}}, theirs, "ms"});
      emit({"backbone_against_onnxruntime", params, theirs / each, "times"});
    }
  }
}

}  // namespace dfd::bench
