// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Any network that turns crops, or clips of a track's last crops, into embeddings, and the list of
// those there are, by the names in model files. To add one: a file pair in this folder that
// implements Backbone, and a line in backbone.cpp.
//
// Tensor convention of the project: N samples, C channels, H rows, W columns, T samples of a
// window, D embedding size. Pictures are RGB; network inputs are float32 [N, 3, H, W], of networks
// over clips [N, T, 3, H, W], the oldest crop first.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "detector/error.h"
#include "model/weights.h"

namespace dfd {

// What a batch norm saw of one batch, float [C]; the variance is the biased one.
struct NormStatistics {
  at::Tensor mean, variance;
};
using NormStatisticsMap = std::map<std::string, NormStatistics>;  // By the norm's name.

// Settings that several kinds over clips read.
constexpr const char* kFrames = "frames";    // T, [1, 256].
constexpr const char* kClasses = "classes";  // 1 or 2: the network keeps its classifier, and
                                             // embed() gives its logits, D of them.

// Thread-compatible. Holds no gradients, unless it is trained.
class Backbone {
 public:
  virtual ~Backbone() = default;
  Backbone(const Backbone&) = delete;
  Backbone& operator=(const Backbone&) = delete;

  // T of the clips that it takes; 0: it takes crops one by one. What is said of crops, [N, 3, S,
  // S], below holds for its clips.
  virtual int clip_length() const { return 0; }

  // float [N, 3, S, S] (or of the folded type) -> float [N, D], on the weights' device.
  virtual at::Tensor embed(const at::Tensor& crops) const = 0;
  virtual std::int64_t embedding_size() const = 0;  // D

  // Makes it as fast as it gets on this device; cannot be undone. type: of weights and activations,
  // kFloat, kBFloat16 or, on CUDA, kHalf; what embed() returns is float in any case.
  virtual void fold(const at::Device& device, at::ScalarType type) = 0;

  // Where explanations begin: embed() in two halves, float whatever it was folded to.
  // float [N, 3, S, S] -> float [N, C, h, w] -> float [N, D]; of clips the map is [N, C, t, h, w],
  // the oldest first. Gradients of the second half reach its map, unless the weights were made
  // under c10::InferenceMode. Called only where has_feature_map().
  virtual bool has_feature_map() const { return false; }
  virtual at::Tensor feature_map(const at::Tensor& crops) const;
  virtual at::Tensor embed_map(const at::Tensor& map) const;

  // Where a network that attends looked, in the newest crops of its clips: float [N, T, 3, S, S] ->
  // float [N, h, w], nothing below 0. Called only where has_attention().
  virtual bool has_attention() const { return false; }
  virtual at::Tensor attention_map(const at::Tensor& clips) const;

  // Sets what normalises activations from one batch, float [N, 3, S, S], as training would have;
  // for random weights. Not after fold().
  virtual void calibrate(const at::Tensor& crops);

  // By PyTorch's names, without prefix, as model files have them: its own, not copies; not after
  // fold().
  virtual TensorMap tensors() const = 0;

  // --- For training; not after fold().

  // Moves all its tensors, which are others then.
  virtual void move(const at::Device& device);

  // The names of the tensors that gradients may change, layer by layer from input to output. Empty:
  // it cannot be trained.
  virtual std::vector<std::vector<std::string>> trainable_layers() const { return {}; }

  // As embed(); crops may be of another type than float, which the network then computes in, but
  // for its statistics and its linear layer. Gradients reach those of its tensors that require
  // them, in float. Batch norms whose factors do take their statistics from these crops alone,
  // which are added to the map: it is the caller who keeps NORM.running_mean and NORM.running_var.
  virtual at::Tensor embed_training(const at::Tensor& crops, NormStatisticsMap& statistics) const;

 protected:
  Backbone() = default;
  Backbone(Backbone&&) = default;
  Backbone& operator=(Backbone&&) = default;
};

struct BackboneKind {
  InputRule input;     // Size, mean and std where nothing else is said.
  int least_size = 1;  // Side of its input, pixels.
  int most_size = 4096;
  int size_step = 1;          // It is a multiple of this.
  bool knows_people = false;  // Where the model file does not say: trained to tell people apart.
  Metadata settings;          // Of random ones, where nothing else is said.
  // Takes its tensors, each behind prefix. settings: as BackboneInfo has them. Throws
  // Error(kUnsupportedModel); for settings that are missing or wrong kCorruptModel.
  std::function<std::unique_ptr<Backbone>(TensorSource& source, const std::string& prefix,
                                          const Metadata& settings)>
      make;
  // Tensors of a random one, of no use before calibrate(); empty: there are no random ones.
  std::function<TensorMap(std::uint64_t seed, const Metadata& settings)> random_weights;
};

// Throws Error(code) for a side of the input, in pixels, that networks of the kind do not take.
// where: leads the message.
void require_size(const BackboneKind& kind, int size, ErrorCode code, const std::string& where);

// The same for a clip of that many crops of that side, which may have 2^25 pixels: 400 MB of
// floats.
void require_clip(int frames, int size, ErrorCode code, const std::string& where);

// The two of a kind's settings. Throw Error(kCorruptModel).
int frames_of(const MetadataReader& settings);
std::optional<int> classes_of(const MetadataReader& settings);  // None: without a classifier.

// Thread-safe. The name must be new.
void add_backbone(const std::string& name, BackboneKind kind);

// Thread-safe; stays where it is. where: the file, for Error(kUnsupportedModel), which names those
// that are known.
const BackboneKind& backbone_kind(const std::string& name, const std::string& where);

}  // namespace dfd
