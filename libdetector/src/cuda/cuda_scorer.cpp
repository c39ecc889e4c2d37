// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Serving on a CUDA device: crops, backbone and head without a detour over the host.

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/GradMode.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/version.h>

#include "backbone/input.h"
#include "base/check.h"
#include "base/padding.h"
#include "cuda/face_crops.h"
#include "cuda/frame_stage.h"
#include "explain/grad_cam.h"
#include "scoring/clip_scorer.h"
#include "scoring/scorer.h"

namespace dfd {
namespace {

// Crops in one forward; larger batches take several. The worker puts no more streams together.
constexpr std::int64_t kMostCrops = 32;  // A power of two.

using GraphPool = decltype(at::cuda::graph_pool_handle());

// A forward of one batch size, recorded once: replaying it costs one launch instead of hundreds.
struct EmbedGraph {
  at::Tensor input;  // [N, S, S, 3], of the folded type. Rows that are not filled hold older crops.
  at::Tensor output;  // Float [N, D]; overwritten by the next replay.
  at::cuda::CUDAGraph graph;
};

void begin_capture(at::cuda::CUDAGraph& graph, const GraphPool& pool) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 1)
  // What other threads do, such as a decoder that allocates, must not spoil the capture.
  graph.capture_begin(pool, cudaStreamCaptureModeThreadLocal);
#else
  graph.capture_begin(pool);
#endif
}

CropScaling scaling_of(const InputRule& rule) {
  CropScaling scaling{};
  std::copy(rule.mean.begin(), rule.mean.end(), std::begin(scaling.mean));
  std::copy(rule.std.begin(), rule.std.end(), std::begin(scaling.std));
  return scaling;
}

class CudaScorer : public Scorer {
 public:
  // The stream must be current, and stay so while this runs.
  CudaScorer(Networks networks, const ModelConfig& config, const c10::cuda::CUDAStream& stream,
             at::ScalarType type)
      : input_(config.input),
        stream_(stream),
        type_(type),
        window_length_(config.window_length),
        backbone_(std::move(networks.backbone)),
        head_(std::move(networks.head)),
        stage_(stream.device()),
        pool_(at::cuda::graph_pool_handle()) {
    backbone_->fold(stream.device(), type);
  }

  void crop(const std::vector<Sample*>& samples) override {
    if (samples.empty()) return;
    const c10::InferenceMode inference;
    const c10::cuda::CUDAStreamGuard guard(stream_);
    std::vector<CropPlan> plans;
    plans.reserve(samples.size());
    for (const Sample* sample : samples) plans.push_back(sample->plan);
    const CropTask* tasks = stage_.upload(plans, input_);
    const auto count = static_cast<std::int64_t>(samples.size());
    const at::Tensor scaled = at::empty(shape_of(count), on_device(at::kHalf));
    const at::Tensor pictures = at::empty(shape_of(count), on_device(at::kByte));
    C10_CUDA_CHECK(static_cast<cudaError_t>(
        launch_crops(tasks, static_cast<int>(count), input_.size, scaling_of(input_),
                     scaled.data_ptr(), pictures.data_ptr<std::uint8_t>(), stream_.stream())));
    batch_ = scaled.to(type_);
    const at::Tensor host = to_pinned(pictures);
    stream_.synchronize();
    auto* bytes = host.data_ptr<std::uint8_t>();
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const cv::Mat picture(input_.size, input_.size, CV_8UC3, bytes);
      samples[i]->crop = picture.clone();
      samples[i]->slot = static_cast<std::int64_t>(i);
      bytes += picture.total() * picture.elemSize();
    }
  }

  std::vector<SampleResult> score(const std::vector<Sample>& samples) override {
    if (samples.empty()) return {};
    const c10::InferenceMode inference;
    const c10::cuda::CUDAStreamGuard guard(stream_);
    std::vector<std::int64_t> slots;
    for (const Sample& sample : samples) {
      DFD_CHECK(sample.slot >= 0 && batch_.defined() && sample.slot < batch_.size(0));
      slots.push_back(sample.slot);
    }
    const at::Tensor embeddings = embed(slots);
    const at::Tensor rows = to_pinned(embeddings);
    const std::vector<Window*> windows = windows_of(samples, *head_, window_length_);
    const std::vector<ToExplain> asked = to_explain(samples, *backbone_, *head_);
    const std::vector<std::optional<WindowLogit>> logits = head_->advance(windows, embeddings);
    stream_.synchronize();
    std::vector<SampleResult> results = results_of(logits, rows);
    for (const auto& [sample, before, method] : asked) {
      const at::Tensor crop = batch_.narrow(0, slots[sample], 1).permute({0, 3, 1, 2});
      results[sample].map = heatmap_of(*backbone_, *head_, crop, *before, method);
    }
    return results;
  }

  bool explains() const override { return can_explain(*backbone_); }

  std::optional<WindowLogit> partial(const Window& window) override {
    const c10::InferenceMode inference;
    const c10::cuda::CUDAStreamGuard guard(stream_);
    return head_->partial(window);
  }

  void warm_up() override {
    const c10::InferenceMode inference;
    const c10::cuda::CUDAStreamGuard guard(stream_);
    // The largest first: the others find its memory in the pool.
    for (std::int64_t size = kMostCrops; size >= 1; size /= 2) graph_of(size).graph.replay();
    const auto window = head_->make_window(1, 1);  // Full at once: all of the head runs.
    head_->advance({window.get()}, graph_of(1).output);
    stream_.synchronize();
  }

 private:
  at::TensorOptions on_device(at::ScalarType type) const {
    return at::TensorOptions().dtype(type).device(stream_.device());
  }

  std::vector<std::int64_t> shape_of(std::int64_t count) const {
    return {count, input_.size, input_.size, 3};
  }

  // A copy in page-locked memory, there once the stream has been synchronized.
  static at::Tensor to_pinned(const at::Tensor& tensor) {
    const at::Tensor copy = at::empty(
        tensor.sizes(), at::TensorOptions().dtype(tensor.scalar_type()).pinned_memory(true));
    return copy.copy_(tensor, /*non_blocking=*/true);
  }

  // Rows of the last crops -> float [N, D].
  at::Tensor embed(const std::vector<std::int64_t>& slots) {
    const at::Tensor rows = at::tensor(slots, at::kLong).to(stream_.device());
    std::vector<at::Tensor> parts;
    for (std::int64_t first = 0; first < rows.size(0); first += kMostCrops) {
      const std::int64_t count = std::min(kMostCrops, rows.size(0) - first);
      EmbedGraph& graph = graph_of(padded_size(count));
      at::Tensor filled = graph.input.narrow(0, 0, count);
      at::index_select_out(filled, batch_, 0, rows.narrow(0, first, count));
      graph.graph.replay();
      parts.push_back(graph.output.narrow(0, 0, count).clone());
    }
    return at::cat(parts);
  }

  EmbedGraph& graph_of(std::int64_t size) {
    std::unique_ptr<EmbedGraph>& kept = graphs_[size];
    if (!kept) kept = record(size);
    return *kept;
  }

  std::unique_ptr<EmbedGraph> record(std::int64_t size) {
    auto made = std::make_unique<EmbedGraph>();
    made->input = at::zeros(shape_of(size), on_device(type_));
    // [N, H, W, C] seen as [N, C, H, W] is channels-last already.
    const at::Tensor crops = made->input.permute({0, 3, 1, 2});
    // What libraries load, choose and allocate at their first call cannot be recorded.
    backbone_->embed(crops);
    stream_.synchronize();
    static std::mutex one_at_a_time;  // LibTorch's allocator wants no two captures of a process.
    const std::lock_guard<std::mutex> lock(one_at_a_time);
    begin_capture(made->graph, pool_);
    try {
      made->output = backbone_->embed(crops);
    } catch (...) {
      // The stream must not be left recording; the first error is the one to tell.
      try {
        made->graph.capture_end();
      } catch (const c10::Error&) {
      }
      throw;
    }
    made->graph.capture_end();
    return made;
  }

  InputRule input_;
  c10::cuda::CUDAStream stream_;  // All work runs on it.
  at::ScalarType type_;
  int window_length_;
  std::unique_ptr<Backbone> backbone_;
  std::shared_ptr<Head> head_;
  FrameStage stage_;
  at::Tensor batch_;  // [N, S, S, 3], of the folded type: the last crops, scaled.
  GraphPool pool_;    // One memory for all graphs: they run one after the other.
  std::map<std::int64_t, std::unique_ptr<EmbedGraph>> graphs_;  // By batch size.
};

}  // namespace

std::unique_ptr<Scorer> make_cuda_scorer(TensorSource& source, const ModelConfig& config,
                                         const at::Device& device, at::ScalarType type) {
  DFD_CHECK(device.is_cuda() && device.has_index());
  // Not c10::InferenceMode: gradients must pass the weights when scores are explained.
  const c10::NoGradGuard no_grad;
  const c10::cuda::CUDAStream stream =
      c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index());
  const c10::cuda::CUDAStreamGuard guard(stream);
  Networks networks = make_networks(source, config, stream.device(), at::kFloat);
  std::unique_ptr<Scorer> scorer;
  if (networks.backbone->clip_length() > 0) {
    scorer = make_clip_scorer(std::move(networks), config, stream.device(), type);
  } else {
    scorer = std::make_unique<CudaScorer>(std::move(networks), config, stream, type);
  }
  stream.synchronize();
  return scorer;
}

}  // namespace dfd
