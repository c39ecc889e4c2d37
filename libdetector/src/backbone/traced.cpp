// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/traced.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "traced/interpreter.h"

namespace dfd {
namespace {

using traced::Graph;
using traced::Interpreter;

constexpr const char* kFramesFirst = "frames-first";
constexpr const char* kChannelsFirst = "channels-first";

class Traced : public Backbone {
 public:
  Traced(TensorSource& source, const std::string& prefix, const Metadata& settings)
      : interpreter_(read(source, prefix, settings)) {
    const MetadataReader reader(source.path(), settings, "backbone.");
    constexpr std::int64_t kMostNumbers = 65536;  // 32 times what ResNet-50 gives.
    embedding_size_ = reader.integer("embedding_size", 1, kMostNumbers);
    if (settings.count(kFrames) == 0) return;
    frames_ = frames_of(reader);
    const std::string& layout = reader.text("layout");
    channels_first_ = layout == kChannelsFirst;
    DFD_INTACT(channels_first_ || layout == kFramesFirst,
               source.path() << ": metadata \"backbone.layout\": " << kChannelsFirst << " or "
                             << kFramesFirst << " expected, found \"" << layout << "\"");
  }

  int clip_length() const override { return frames_; }
  std::int64_t embedding_size() const override { return embedding_size_; }

  at::Tensor embed(const at::Tensor& crops) const override {
    at::Tensor input = crops.to(at::kFloat);
    if (channels_first_) input = input.transpose(1, 2);
    const at::Tensor result = interpreter_.run(input.contiguous());
    const std::int64_t count = crops.size(0);
    DFD_REQUIRE(result.numel() == count * embedding_size_ && result.dim() > 0 &&
                    result.size(0) == count && result.is_floating_point(),
                ErrorCode::kUnsupportedModel,
                "the traced network gives " << result.dtype() << " " << result.sizes() << " for "
                                            << count << " crops, " << embedding_size_
                                            << " numbers each expected");
    return result.to(at::kFloat).reshape({count, embedding_size_});
  }

  void fold(const at::Device& device, at::ScalarType /*type*/) override {
    interpreter_.move(device);
  }

  TensorMap tensors() const override {
    TensorMap all;
    for (std::size_t i = 0; i < interpreter_.weights().size(); ++i) {
      all[interpreter_.graph().weights()[i].name] = interpreter_.weights()[i];
    }
    return all;
  }
  void move(const at::Device& device) override { interpreter_.move(device); }

 private:
  static Interpreter read(TensorSource& source, const std::string& prefix,
                          const Metadata& settings) {
    Graph graph = Graph::parse(MetadataReader(source.path(), settings, "backbone.").text("graph"),
                               source.path());
    traced::Tensors weights;
    for (const traced::Weight& weight : graph.weights()) {
      weights.push_back(source.take(prefix + weight.name, weight.shape, weight.type));
    }
    return {std::move(graph), std::move(weights)};
  }

  Interpreter interpreter_;
  std::int64_t embedding_size_ = 0;
  int frames_ = 0;
  bool channels_first_ = false;
};

}  // namespace

BackboneKind traced_kind() {
  BackboneKind kind;
  kind.input.size = 224;
  kind.least_size = 16;
  kind.make = [](TensorSource& source, const std::string& prefix, const Metadata& settings) {
    return std::make_unique<Traced>(source, prefix, settings);
  };
  return kind;
}

}  // namespace dfd
