// SPDX-License-Identifier: LGPL-2.1-or-later

#include "window/lstm_windows.h"

#include <string>
#include <utility>

#include "base/check.h"
#include "model/metadata.h"
#include "window/lanes.h"

namespace dfd {
namespace {

class LaneWindow : public Window {
 public:
  LaneWindow(std::shared_ptr<const Head> head, Lanes lanes)
      : Window(std::move(head)), lanes_(std::move(lanes)) {}

  bool next_fills() const override { return lanes_.next_fills(); }
  void restart() override { lanes_.restart(); }
  std::size_t bytes() const override { return lanes_.bytes(); }

  Lanes& lanes() { return lanes_; }
  const Lanes& lanes() const { return lanes_; }

 private:
  Lanes lanes_;
};

struct LaneMemory : WindowMemory {
  explicit LaneMemory(LstmState held) : state(std::move(held)) {}
  LstmState state;
};

class LstmWindows : public Head {
 public:
  explicit LstmWindows(LstmHead lstm) : lstm_(std::move(lstm)), stepper_(lstm_) {}

  std::int64_t embedding_size() const override { return lstm_.sizes().embedding; }

  std::unique_ptr<Window> make_window(int length, int stride) const override {
    return std::make_unique<LaneWindow>(shared_from_this(), Lanes(length, stride));
  }

  std::vector<std::optional<WindowLogit>> advance(const std::vector<Window*>& windows,
                                                  const at::Tensor& embeddings) const override {
    std::vector<Lanes*> lanes;
    lanes.reserve(windows.size());
    for (Window* window : windows) lanes.push_back(&dynamic_cast<LaneWindow&>(*window).lanes());
    std::vector<std::optional<WindowLogit>> found;
    found.reserve(windows.size());
    for (const auto& logit : stepper_.advance(lanes, embeddings)) found.push_back(as_window(logit));
    return found;
  }

  std::optional<WindowLogit> partial(const Window& window) const override {
    return as_window(stepper_.partial(dynamic_cast<const LaneWindow&>(window).lanes()));
  }

  at::Tensor score_rows(const at::Tensor& embeddings) const override {
    DFD_CHECK(embeddings.dim() == 3);
    const HeadSizes& sizes = lstm_.sizes();
    at::Tensor hidden = at::zeros({sizes.layers, embeddings.size(0), sizes.hidden},
                                  at::TensorOptions().device(lstm_.device()));
    at::Tensor cell = at::zeros_like(hidden);
    for (std::int64_t t = 0; t < embeddings.size(1); ++t) {
      lstm_.step(embeddings.select(1, t).contiguous(), hidden, cell);
    }
    return lstm_.classify(hidden[sizes.layers - 1]).unsqueeze(1);
  }

  std::unique_ptr<WindowMemory> before_full(const Window& window) const override {
    auto held = stepper_.before_full(dynamic_cast<const LaneWindow&>(window).lanes());
    return held ? std::make_unique<LaneMemory>(*std::move(held)) : nullptr;
  }

  at::Tensor logit_of(const WindowMemory& before, const at::Tensor& embedding) const override {
    const LstmState& state = dynamic_cast<const LaneMemory&>(before).state;
    at::Tensor hidden = state.hidden.clone();
    at::Tensor cell = state.cell.clone();
    const LstmHead plain = lstm_.differentiable();
    plain.step(embedding, hidden, cell);
    return plain.classify(hidden[plain.sizes().layers - 1]);
  }

 private:
  static std::optional<WindowLogit> as_window(const std::optional<double>& logit) {
    return logit ? std::optional(WindowLogit{*logit}) : std::nullopt;
  }

  LstmHead lstm_;
  LaneStepper stepper_;
};

}  // namespace

std::shared_ptr<Head> make_lstm_windows(LstmHead lstm) {
  return std::make_shared<LstmWindows>(std::move(lstm));
}

HeadInfo to_info(const HeadSizes& sizes) {
  return {kLstm,
          {{"embedding_size", std::to_string(sizes.embedding)},
           {"hidden_size", std::to_string(sizes.hidden)},
           {"layers", std::to_string(sizes.layers)},
           {"classifier_size", std::to_string(sizes.classifier)}}};
}

HeadSizes sizes_of(const HeadInfo& info, const std::string& where) {
  const MetadataReader reader(where, info.settings, "head.");
  HeadSizes sizes;
  // The upper limits keep a hostile header from asking for terabytes.
  sizes.embedding = reader.integer("embedding_size", 1, 4096);
  sizes.hidden = reader.integer("hidden_size", 1, 4096);
  sizes.layers = reader.integer("layers", 1, 8);
  sizes.classifier = reader.integer("classifier_size", 1, 4096);
  return sizes;
}

HeadKind lstm_kind() {
  HeadKind kind;
  kind.check = [](const HeadInfo& info, const std::string& where) { sizes_of(info, where); };
  kind.make = [](TensorSource& source, const HeadInfo& info, const at::Device& device,
                 at::ScalarType type) {
    return make_lstm_windows(LstmHead(source, sizes_of(info, source.path()), device, type));
  };
  return kind;
}

}  // namespace dfd
