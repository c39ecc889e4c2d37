// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The networks: how far from the machine's limit, and how far from the seed's recomputation.

#include <array>
#include <cmath>
#include <filesystem>
#include <memory>
#include <thread>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "backbone/artifact_cnn.h"
#include "backbone/inception_resnet_v1.h"
#include "backbone/inception_resnet_v2.h"
#include "backbone/input.h"
#include "backbone/traced.h"
#include "backbone/video_resnet.h"
#include "backbone/vivit.h"
#include "backbone/vivit_config.h"
#include "bench.h"
#include "scoring/device.h"
#include "scoring/model_parts.h"
#include "scoring/scorer.h"
#include "window/lanes.h"
#include "window/lstm_windows.h"

namespace dfd::bench {
namespace {

constexpr double kFlopPerCrop = 2.835e9;  // InceptionResnetV1 at 160x160: docs/lab/networks.md.
constexpr int kWindow = 20;

InceptionResnetV1 load_backbone(const TensorMap& tensors) {
  TensorSource source("bench", tensors);
  return {source, kBackbonePrefix};
}

at::Tensor crops_of(std::int64_t count) {
  std::vector<cv::Mat> crops;
  const InputRule rule = facenet_input();
  for (std::int64_t i = 0; i < count; i += 8) {
    const Scene scene = draw_scene(8, static_cast<int>(i));
    const Frame frame = to_i420(scene.rgb);
    for (const RectF& box : scene.faces) crops.push_back(crop_face(frame.view, box, {}, rule));
  }
  crops.resize(static_cast<std::size_t>(count));
  return to_network_input(crops, rule);
}

// One 3x3 convolution that keeps the machine as busy as it can be: 64 -> 64 channels, 112x112, on
// weights packed before, a few times over pixels that stay in the cache.
struct Limit {
  explicit Limit(bool bfloat16) {
    ConvUnit unit;
    unit.weight = at::randn({64, 64, 3, 3});
    unit.bias = at::zeros({64});
    unit.stride = {1, 1};
    unit.padding = {1, 1};
    convolution = CpuPlans::make_single(unit, {1, 64, 112, 112}, bfloat16);
  }
  static constexpr int kTimes = 16;
  void run() const {
    for (int i = 0; i < kTimes && convolution; ++i) convolution();
  }
  static double gflop() { return 2e-9 * kTimes * 64 * 64 * 9 * 112 * 112; }
  std::function<void()> convolution;  // None without oneDNN.
};

// The seed recomputes all of a window for every verdict: 20 backbones and the LSTM over them, as
// PyTorch runs them when nobody asks for more.
struct Seed {
  explicit Seed(const TensorMap& tensors) : backbone(load_backbone(tensors)) {
    for (int i = 0; i < 2; ++i) {
      const std::string end = "_l" + std::to_string(i);
      for (const char* name : {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}) {
        parameters.push_back(tensors.at("lstm." + (name + end)));
      }
    }
    classifier = tensors.at("classifier.0.weight");
    output = tensors.at("classifier.3.weight");
  }
  void head(const at::Tensor& embeddings) const {
    const std::vector<at::Tensor> state{at::zeros({2, 1, 512}), at::zeros({2, 1, 512})};
    const auto [all, hidden, cell] = at::lstm(embeddings.unsqueeze(0), state, parameters, true, 2,
                                              0.0, false, false, /*batch_first=*/true);
    at::linear(at::linear(all.select(1, kWindow - 1), classifier).relu_(), output).item<float>();
  }
  void window(const at::Tensor& crops) const { head(backbone.embed(crops)); }

  InceptionResnetV1 backbone;
  std::vector<at::Tensor> parameters;
  at::Tensor classifier, output;
};

void bench_backbone(const Emit& emit, const TensorMap& tensors, Precision precision) {
  const char* name = to_string(precision);
  const Limit limit(precision == Precision::kBf16);
  const InceptionResnetV1 eager = load_backbone(tensors);
  InceptionResnetV1 served = load_backbone(tensors);
  served.fold(at::kCPU, type_of(precision));
  for (const std::int64_t batch : {1, 4, 8, 32}) {
    const at::Tensor crops = crops_of(batch);
    const at::Tensor plain = crops.contiguous();
    // The limit is taken beside the batch it judges: these machines change their speed.
    const auto times =
        in_turns({[&] { served.embed(crops); }, [&] { eager.embed(plain); }, [&] { limit.run(); }},
                 batch > 8 ? 3 : 10, 1);
    const double gflops = Limit::gflop() / times[2].part(0.1) * 1e3;
    const double each = times[0].median() / static_cast<double>(batch);
    const double eager_each = times[1].median() / static_cast<double>(batch);
    const nlohmann::ordered_json params{{"precision", name}, {"batch", batch}};
    emit({"backbone_ms_per_crop", params, each, "ms"});
    emit({"backbone_eager_ms_per_crop", {{"batch", batch}}, eager_each, "ms"});
    emit({"backbone_speedup", params, eager_each / each, "times"});
    if (!limit.convolution) continue;
    emit({"conv_limit", params, gflops, "GFLOP/s"});
    emit({"backbone_share_of_limit", params, 100 * kFlopPerCrop * 1e-9 / (each * 1e-3) / gflops,
          "%"});
  }
}

std::unique_ptr<Backbone> make_random(const char* name, const Metadata& settings,
                                      Precision precision) {
  const BackboneKind& kind = backbone_kind(name, "bench");
  const Metadata& all = settings.empty() ? kind.settings : settings;
  TensorSource source("bench", kind.random_weights(1, all));
  std::unique_ptr<Backbone> backbone = kind.make(source, "", all);
  backbone->fold(at::kCPU, type_of(precision));
  return backbone;
}

// Measures networks beside InceptionResnetV1 at 160 pixels, in turns with it and with the limit:
// what a crop or a clip costs, how much cheaper a crop is, and how near to what the machine can do.
class Course {
 public:
  Course(const Emit& emit, Precision precision)
      : emit_(emit),
        precision_(precision),
        limit_(precision == Precision::kBf16),
        usual_(make_random(kInceptionResnetV1, {}, precision)) {}

  // gmac: multiply-adds of a crop or clip, 1e9; 0: not known.
  void measure(const std::string& name, const Backbone& backbone, int size, double gmac) const {
    if (backbone.clip_length() > 0) {
      measure_clip(name, backbone, size, gmac);
    } else {
      for (const std::int64_t batch : {1, 8}) measure_crops(name, backbone, size, gmac, batch);
    }
  }

 private:
  void measure_crops(const std::string& name, const Backbone& backbone, int size, double gmac,
                     std::int64_t batch) const {
    const auto crops = [&](int side) {
      return at::rand({batch, 3, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
    };
    const at::Tensor own = crops(size);
    const at::Tensor usual_crops = crops(160);
    const auto times = in_turns(
        {[&] { backbone.embed(own); }, [&] { usual_->embed(usual_crops); }, [&] { limit_.run(); }},
        10, 2);
    const double each = times[0].median() / static_cast<double>(batch);
    const nlohmann::ordered_json params{
        {"network", name}, {"size", size}, {"precision", to_string(precision_)}, {"batch", batch}};
    emit_({"network_ms_per_crop", params, each, "ms"});
    emit_({"network_cheaper_than_v1", params, times[1].median() / times[0].median(), "times"});
    emit_share(params, each, gmac, times[2]);
  }

  // What a clip costs is what a verdict costs.
  void measure_clip(const std::string& name, const Backbone& backbone, int size,
                    double gmac) const {
    const at::Tensor clip = at::rand({1, backbone.clip_length(), 3, size, size});
    const auto times = in_turns({[&] { backbone.embed(clip); }, [&] { limit_.run(); }}, 5, 1);
    const double each = times[0].median();
    const nlohmann::ordered_json params{{"network", name},
                                        {"size", size},
                                        {"frames", backbone.clip_length()},
                                        {"precision", to_string(precision_)}};
    emit_({"network_ms_per_clip", params, each, "ms"});
    emit_share(params, each, gmac, times[1]);
  }

  void emit_share(const nlohmann::ordered_json& params, double each, double gmac,
                  const Times& limit) const {
    if (!limit_.convolution || gmac <= 0) return;
    const double gflops = Limit::gflop() / limit.part(0.1) * 1e3;
    emit_({"network_share_of_limit", params, 100 * 2 * gmac / (each * 1e-3) / gflops, "%"});
  }

  const Emit& emit_;
  Precision precision_;
  Limit limit_;
  std::unique_ptr<Backbone> usual_;
};

// Every network of the house, with random weights.
void bench_all_in(const Emit& emit, Precision precision) {
  struct Network {
    const char* name;
    int size;
    double gmac;  // Of a crop or a clip.
    Metadata settings;
  };
  const Metadata sixteen{{kFrames, "16"}};
  const VivitConfig released;
  const std::array<Network, 8> networks{
      Network{kArtifactCnn, 128, 0.193, {}},
      Network{kInceptionResnetV1, 160, kFlopPerCrop * 0.5e-9, {}},
      Network{kInceptionResnetV2, 160, 2.876, {}},
      Network{kInceptionResnetV2, 299, 13.154, {}},
      Network{kR3d18, 112, 40.7, sixteen},
      Network{kMc318, 112, 43.3, sixteen},
      Network{kR2Plus1d18, 112, 40.5, sixteen},
      Network{kVivit, released.image_size, 451, to_settings(released, released.frames)}};
  const Course course(emit, precision);
  for (const Network& network : networks) {
    course.measure(network.name, *make_random(network.name, network.settings, precision),
                   network.size, network.gmac);
  }
}

// How far a precision's embeddings and probabilities lie from those of fp32.
void bench_precision(const Emit& emit, const TensorMap& tensors, Precision precision) {
  InceptionResnetV1 reference = load_backbone(tensors);
  InceptionResnetV1 served = load_backbone(tensors);
  reference.fold(at::kCPU);
  served.fold(at::kCPU, type_of(precision));
  const at::Tensor crops = crops_of(32);
  const at::Tensor cosines = (reference.embed(crops) * served.embed(crops)).sum(1);
  const nlohmann::ordered_json params{{"precision", to_string(precision)}};
  emit({"embedding_cosine_least", params, cosines.min().item<double>(), "cosine"});
  emit({"embedding_cosine_median", params, cosines.median().item<double>(), "cosine"});
}

std::vector<std::optional<double>> score_all(Scorer& scorer,
                                             std::vector<std::unique_ptr<Window>>& windows,
                                             const Scene& scene, const Frame& frame,
                                             const InputRule& rule) {
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < scene.faces.size(); ++i) {
    Sample sample;
    sample.window = &windows[i];
    sample.plan = *plan_face(frame.view, scene.faces[i], {}, rule);
    samples.push_back(std::move(sample));
  }
  std::vector<Sample*> pointers;
  for (Sample& sample : samples) pointers.push_back(&sample);
  scorer.crop(pointers);
  std::vector<std::optional<double>> logits;
  for (const SampleResult& result : scorer.score(samples)) {
    logits.push_back(result.logit ? std::optional(result.logit->logit) : std::nullopt);
  }
  return logits;
}

void bench_verdicts(const Emit& emit, const TensorMap& tensors, Precision precision) {
  const Seed seed(tensors);
  const at::Tensor window = crops_of(kWindow).contiguous();
  const double seed_ms = repeat([&] { seed.window(window); }, 3, 1).median();
  emit({"seed_window_ms", nlohmann::ordered_json::object(), seed_ms, "ms"});
  const at::Tensor embeddings = at::randn({kWindow, 512});
  emit({"seed_lstm_ms", nlohmann::ordered_json::object(),
        repeat([&] { seed.head(embeddings); }, 5).median(), "ms"});

  LoadedModel model = load_model(bench_model(), at::kCPU, precision);
  const auto stepper_ms = [&](int faces, int length) {
    TensorSource source("bench", tensors);
    const LstmHead lstm(source, sizes_of(model.config.head, "bench"), at::kCPU, type_of(precision));
    const LaneStepper stepper(lstm);
    std::vector<Lanes> tracks(static_cast<std::size_t>(faces), Lanes(length, 1));
    std::vector<Lanes*> pointers;
    for (Lanes& track : tracks) pointers.push_back(&track);
    const at::Tensor rows = at::randn({faces, 512});
    return repeat([&] { stepper.advance(pointers, rows); }, 40, kWindow).median();
  };
  for (const int length : {10, 40, 80}) {
    emit({"lstm_step_ms",
          {{"faces", 1}, {"precision", to_string(precision)}, {"window", length}},
          stepper_ms(1, length),
          "ms"});
  }
  for (const int faces : {1, 2, 4, 8}) {
    const Scene scene = draw_scene(faces);
    const Frame frame = to_i420(scene.rgb);
    std::vector<std::unique_ptr<Window>> windows(static_cast<std::size_t>(faces));
    const double ours =
        repeat([&] { score_all(*model.scorer, windows, scene, frame, model.config.input); }, 15,
               kWindow)
            .median();
    const nlohmann::ordered_json params{{"faces", faces}, {"precision", to_string(precision)}};
    emit({"verdict_ms", params, ours, "ms"});
    emit({"verdict_against_seed", params, faces * seed_ms / ours, "times"});
    const double step = stepper_ms(faces, kWindow);
    emit({"lstm_step_ms", params, step, "ms"});
    emit({"lstm_share", params, 100 * step / ours, "%"});
  }
}

// A frame's faces from the host's pixels to their logits, on a CUDA device.
void bench_device(const Emit& emit, const at::Device& device) {
  for (const Precision precision : {Precision::kFp32, Precision::kFp16}) {
    LoadedModel model = load_model(bench_model(), device, precision);
    model.scorer->warm_up();
    for (const int faces : {1, 8, 32}) {
      const Scene scene = draw_scene(faces);
      const Frame frame = to_nv12(scene.rgb);
      std::vector<std::unique_ptr<Window>> windows(scene.faces.size());
      const Times times =
          repeat([&] { score_all(*model.scorer, windows, scene, frame, model.config.input); }, 100,
                 kWindow);
      emit({"verdict_ms",
            {{"device", "cuda"}, {"faces", faces}, {"precision", to_string(precision)}},
            times.median(),
            "ms"});
    }
  }
}

// Float, and what this processor takes by itself if that is another.
std::vector<Precision> cpu_precisions() {
  std::vector<Precision> precisions{Precision::kFp32};
  const Precision best = select_precision(Precision::kAuto, at::kCPU);
  if (best != Precision::kFp32) precisions.push_back(best);
  return precisions;
}

}  // namespace

void bench_backbones(const Emit& emit) {
  const c10::InferenceMode guard;
  at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
  for (const Precision precision : cpu_precisions()) bench_all_in(emit, precision);
}

void bench_file(const Emit& emit, const std::string& path, double gmac) {
  const c10::InferenceMode guard;
  at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
  for (const Precision precision : cpu_precisions()) {
    const BackboneParts parts = read_backbone(path);
    if (precision != Precision::kFp32 && parts.info.name == kTraced) continue;  // Float alone.
    parts.network->fold(at::kCPU, type_of(precision));
    Course(emit, precision)
        .measure(std::filesystem::path(path).stem().string(), *parts.network, parts.input.size,
                 gmac);
  }
}

void bench_networks(const Emit& emit) {
  const c10::InferenceMode guard;
  at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
  const TensorMap tensors = read_tensors(SafetensorsFile(bench_model()));
  const std::vector<Precision> precisions = cpu_precisions();
  for (const Precision precision : precisions) bench_backbone(emit, tensors, precision);
  for (const Precision precision : precisions) bench_verdicts(emit, tensors, precision);
  if (precisions.size() > 1) bench_precision(emit, tensors, precisions.back());
  const at::Device device = select_device("auto");
  if (device.is_cuda()) bench_device(emit, device);
}

}  // namespace dfd::bench
