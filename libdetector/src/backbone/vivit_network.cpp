// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/vivit_network.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace dfd {
namespace {

// Of a block of attention, numbers: as large as the widest activations of the released network.
constexpr std::int64_t kBlock = 1 << 23;

// Queries in a block, where each has so many numbers in it.
std::int64_t rows_of_block(std::int64_t numbers) {
  return std::max<std::int64_t>(1, kBlock / numbers);
}

// Softmax in float, or double.
at::Tensor weigh(const at::Tensor& queries, const at::Tensor& keys, at::ScalarType precise) {
  const at::Tensor scores = at::bmm(queries, keys.transpose(1, 2));
  return at::softmax(scores, -1, precise).to(scores.scalar_type());
}

// Of each layer, [heads]; undefined: all heads are kept.
std::vector<at::Tensor> masks_of(const at::Tensor& head_mask, const VivitConfig& config) {
  std::vector<at::Tensor> masks(static_cast<std::size_t>(config.layers));
  if (!head_mask.defined()) return masks;
  const bool one = head_mask.dim() == 1 && head_mask.size(0) == config.heads;
  DFD_REQUIRE(one || (head_mask.dim() == 2 && head_mask.size(0) == config.layers &&
                      head_mask.size(1) == config.heads),
              ErrorCode::kInvalidArgument,
              "head_mask: shape [" << config.heads << "] or [" << config.layers << ", "
                                   << config.heads << "] expected, " << head_mask.sizes()
                                   << " found");
  for (std::size_t i = 0; i < masks.size(); ++i) {
    masks[i] = one ? head_mask : head_mask[static_cast<std::int64_t>(i)];
  }
  return masks;
}

at::Tensor loss_of(const at::Tensor& logits, const at::Tensor& labels) {
  DFD_REQUIRE(labels.dim() >= 1 && labels.numel() == logits.size(0), ErrorCode::kInvalidArgument,
              "labels: one for each of " << logits.size(0) << " clips expected, shape "
                                         << labels.sizes() << " found");
  if (logits.size(1) == 1) {
    return at::mse_loss(logits.view({-1}), labels.view({-1}).to(logits.options()));
  }
  DFD_REQUIRE(labels.scalar_type() == at::kLong, ErrorCode::kInvalidArgument,
              "labels: int64 numbers of classes expected, " << labels.dtype() << " found");
  DFD_REQUIRE(
      labels.min().item<std::int64_t>() >= 0 && labels.max().item<std::int64_t>() < logits.size(1),
      ErrorCode::kInvalidArgument, "labels: 0 to " << logits.size(1) - 1 << " expected");
  return at::cross_entropy_loss(logits, labels.view({-1}).to(logits.device()));
}

}  // namespace

std::array<Vivit::Pair*, 8> Vivit::Layer::pairs() {
  return {&norm_before, &query, &key, &value, &attended, &norm_after, &intermediate, &output};
}

Vivit::Vivit(const Take& take, const std::string& prefix, const VivitConfig& config)
    : config_(config) {
  const std::int64_t hidden = config.hidden_size;
  const auto pair = [&](const std::string& name, const std::vector<std::int64_t>& shape,
                        bool with_bias = true) {
    Pair made{name, take(prefix + name + ".weight", shape), {}};
    if (with_bias) made.bias = take(prefix + name + ".bias", {shape[0]});
    return made;
  };
  const auto grid = grid_of(config);
  class_token_ = take(prefix + "vivit.embeddings.cls_token", {1, 1, hidden});
  positions_ = take(prefix + "vivit.embeddings.position_embeddings",
                    {1, 1 + grid[0] * grid[1] * grid[2], hidden});
  const auto& [deep, high, wide] = config.tubelet;
  projection_ = pair("vivit.embeddings.patch_embeddings.projection", {hidden, 3, deep, high, wide});
  const std::int64_t wider = config.intermediate_size;
  for (int i = 0; i < config.layers; ++i) {
    const std::string name = "vivit.encoder.layer." + std::to_string(i) + ".";
    const std::string attention = name + "attention.attention.";
    Layer& layer = layers_.emplace_back();
    layer.norm_before = pair(name + "layernorm_before", {hidden});
    layer.query = pair(attention + "query", {hidden, hidden}, config.qkv_bias);
    layer.key = pair(attention + "key", {hidden, hidden}, config.qkv_bias);
    layer.value = pair(attention + "value", {hidden, hidden}, config.qkv_bias);
    layer.attended = pair(name + "attention.output.dense", {hidden, hidden});
    layer.norm_after = pair(name + "layernorm_after", {hidden});
    layer.intermediate = pair(name + "intermediate.dense", {wider, hidden});
    layer.output = pair(name + "output.dense", {hidden, wider});
  }
  last_norm_ = pair("vivit.layernorm", {hidden});
  if (config.labels) classifier_ = pair("classifier", {*config.labels, hidden});
}

Vivit::Layers Vivit::layers() const {
  Layers all;
  const auto add = [&](const Pair& pair) {
    all.back().emplace_back(pair.name + ".weight", pair.weight);
    if (pair.bias.defined()) all.back().emplace_back(pair.name + ".bias", pair.bias);
  };
  all.emplace_back();
  all.back().emplace_back("vivit.embeddings.cls_token", class_token_);
  all.back().emplace_back("vivit.embeddings.position_embeddings", positions_);
  add(projection_);
  for (Layer layer : layers_) {
    all.emplace_back();
    for (const Pair* pair : layer.pairs()) add(*pair);
  }
  all.emplace_back();
  add(last_norm_);
  if (classifier_.weight.defined()) {
    all.emplace_back();
    add(classifier_);
  }
  return all;
}

std::vector<Vivit::Pair*> Vivit::norms() {
  std::vector<Pair*> all{&last_norm_};
  for (Layer& layer : layers_) {
    all.push_back(&layer.norm_before);
    all.push_back(&layer.norm_after);
  }
  return all;
}

std::vector<Vivit::Pair*> Vivit::products() {
  std::vector<Pair*> all{&projection_};
  for (Layer& layer : layers_) {
    for (Pair* pair : layer.pairs()) {
      if (pair->weight.dim() == 2) all.push_back(pair);
    }
  }
  return all;
}

void Vivit::to(const at::Device& device, at::ScalarType matrices, at::ScalarType rest) {
  const auto change = [&](Pair& pair, at::ScalarType type) {
    if (pair.weight.defined()) pair.weight = pair.weight.to(device, type);
    if (pair.bias.defined()) pair.bias = pair.bias.to(device, type);
  };
  for (Pair* pair : products()) change(*pair, matrices);
  for (Pair* pair : norms()) change(*pair, rest);
  change(classifier_, rest);
  class_token_ = class_token_.to(device, rest);
  positions_ = positions_.to(device, rest);
}

at::Tensor Vivit::product(const Pair& pair, const at::Tensor& x, at::ScalarType type) const {
  return at::linear(x.to(type), pair.weight.to(type),
                    pair.bias.defined() ? pair.bias.to(type) : pair.bias);
}

at::Tensor Vivit::norm(const Pair& pair, const at::Tensor& x) const {
  return at::layer_norm(x, {config_.hidden_size}, pair.weight, pair.bias, config_.epsilon);
}

at::Tensor Vivit::activate(const at::Tensor& x) const {
  switch (config_.activation) {
    case VivitActivation::kGelu:
      return at::gelu(x);
    case VivitActivation::kGeluTanh:
      return at::gelu(x, "tanh");
    case VivitActivation::kRelu:
      return at::relu(x);
  }
  DFD_CHECK(false);
  return {};
}

std::array<std::int64_t, 3> Vivit::require_clips(const at::Tensor& pixel_values) const {
  DFD_REQUIRE(pixel_values.dim() == 5 && pixel_values.size(0) > 0 && pixel_values.size(2) == 3,
              ErrorCode::kInvalidArgument,
              "pixel_values: clips [N, T, 3, rows, columns] expected, shape "
                  << pixel_values.sizes() << " found");
  const auto grid =
      grid_of(config_, pixel_values.size(1), pixel_values.size(3), pixel_values.size(4));
  const std::int64_t tokens = grid[0] * grid[1] * grid[2];
  DFD_REQUIRE(tokens > 0 && tokens <= kMostVivitTokens, ErrorCode::kInvalidArgument,
              "clips of " << pixel_values.size(1) << " frames of " << pixel_values.size(3) << 'x'
                          << pixel_values.size(4) << " pixels have " << tokens << " tokens, 1 to "
                          << kMostVivitTokens << " expected: take others");
  return grid;
}

at::Tensor Vivit::positions(const std::array<std::int64_t, 3>& grid) const {
  const auto table = grid_of(config_);
  if (grid == table) return positions_;
  const std::int64_t hidden = config_.hidden_size;
  const std::int64_t count = positions_.size(1) - 1;
  const at::Tensor places = positions_.narrow(1, 1, count)
                                .view({1, table[0], table[1], table[2], hidden})
                                .permute({0, 4, 1, 2, 3});
  const at::Tensor interpolated = at::upsample_trilinear3d(places, grid, /*align_corners=*/false);
  return at::cat(
      {positions_.narrow(1, 0, 1), interpolated.permute({0, 2, 3, 4, 1}).reshape({1, -1, hidden})},
      1);
}

// [N, L, hidden]
at::Tensor Vivit::tokens(const at::Tensor& pixel_values, at::ScalarType type) const {
  const auto grid = require_clips(pixel_values);
  const std::vector<std::int64_t> stride(config_.tubelet.begin(), config_.tubelet.end());
  const at::Tensor projected =
      at::conv3d(pixel_values.to(projection_.weight.device(), type).permute({0, 2, 1, 3, 4}),
                 projection_.weight.to(type), projection_.bias.to(type), stride);
  const at::Tensor flat = projected.flatten(2).transpose(1, 2).to(positions_.scalar_type());
  return at::cat({class_token_.expand({flat.size(0), 1, -1}), flat}, 1) + positions(grid);
}

// [N, L, hidden] -> [N * heads, L, hidden / heads]
at::Tensor Vivit::by_heads(const at::Tensor& x) const {
  return x.view({x.size(0), x.size(1), config_.heads, -1})
      .transpose(1, 2)
      .reshape({x.size(0) * config_.heads, x.size(1), -1});
}

Vivit::Attended Vivit::compare(const Layer& layer, const at::Tensor& normed,
                               at::ScalarType type) const {
  const double scale = 1 / std::sqrt(static_cast<double>(config_.hidden_size / config_.heads));
  return {by_heads(product(layer.query, normed, type) * scale),
          by_heads(product(layer.key, normed, type))};
}

at::Tensor Vivit::attend(const Layer& layer, const at::Tensor& normed, const at::Tensor& head_mask,
                         at::ScalarType type, at::Tensor* attention) const {
  const std::int64_t clips = normed.size(0);
  const std::int64_t length = normed.size(1);
  const std::int64_t heads = config_.heads;
  const Attended attended = compare(layer, normed, type);
  const at::Tensor value = by_heads(product(layer.value, normed, type));
  at::Tensor mask;
  if (head_mask.defined()) {
    mask = head_mask.to(value.device(), type).repeat({clips}).view({-1, 1, 1});
  }
  const std::int64_t rows =
      attention != nullptr ? length : std::min(length, rows_of_block(clips * heads * length));
  std::vector<at::Tensor> parts;
  for (std::int64_t first = 0; first < length; first += rows) {
    const at::Tensor queries = attended.query.narrow(1, first, std::min(rows, length - first));
    const at::Tensor weights = weigh(queries, attended.key, normed.scalar_type());
    parts.push_back(at::bmm(weights, value));
    if (attention == nullptr) continue;
    *attention = (mask.defined() ? weights * mask : weights).view({clips, heads, length, length});
  }
  at::Tensor context = at::cat(parts, 1);
  // Of a head's output, not of its attention: it is the same, and there is less of it.
  if (mask.defined()) context = context * mask;
  context = context.view({clips, heads, length, -1}).transpose(1, 2).flatten(2);
  return product(layer.attended, context, type);
}

at::Tensor Vivit::run(const Layer& layer, const at::Tensor& x, const at::Tensor& head_mask,
                      at::ScalarType type, at::Tensor* attention) const {
  const at::Tensor y = x + attend(layer, norm(layer.norm_before, x), head_mask, type, attention);
  const at::Tensor wide = activate(product(layer.intermediate, norm(layer.norm_after, y), type));
  return y + product(layer.output, wide, type);
}

// The class's token is all that is read of the last tokens.
at::Tensor Vivit::finish(const at::Tensor& x, at::ScalarType type) const {
  const at::Tensor token = norm(last_norm_, x.select(1, 0));
  return classifier_.weight.defined() ? product(classifier_, token, type) : token;
}

VivitResult Vivit::forward(const at::Tensor& pixel_values, const VivitRequest& request) const {
  DFD_REQUIRE(classifier_.weight.defined(), ErrorCode::kInvalidArgument,
              "this ViViT has no classifier and so no logits: take its embedding");
  const auto grid = require_clips(pixel_values);
  DFD_REQUIRE(request.interpolate_pos_encoding ||
                  (grid == grid_of(config_) && pixel_values.size(3) == config_.image_size &&
                   pixel_values.size(4) == config_.image_size),
              ErrorCode::kInvalidArgument,
              "clips of " << pixel_values.size(1) << " frames of " << pixel_values.size(3) << 'x'
                          << pixel_values.size(4) << " pixels, the position table is for "
                          << config_.frames << " of " << config_.image_size
                          << ": take these, or interpolate_pos_encoding");
  const std::vector<at::Tensor> masks = masks_of(request.head_mask, config_);
  VivitResult result;
  at::Tensor x = tokens(pixel_values, type());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (request.output_hidden_states) result.hidden_states.push_back(x);
    at::Tensor attention;
    x = run(layers_[i], x, masks[i], type(), request.output_attentions ? &attention : nullptr);
    if (request.output_attentions) result.attentions.push_back(attention);
  }
  if (request.output_hidden_states) result.hidden_states.push_back(x);
  result.logits = finish(x, x.scalar_type());
  if (request.labels.defined()) result.loss = loss_of(result.logits, request.labels);
  return result;
}

at::Tensor Vivit::embed(const at::Tensor& pixel_values, at::ScalarType type) const {
  at::Tensor x = tokens(pixel_values, type);
  for (const Layer& layer : layers_) x = run(layer, x, {}, type, nullptr);
  return finish(x, x.scalar_type());
}

// row: [N, L] -> row * (mean attention + identity) / 2; softmax's rows sum to 1 already.
at::Tensor Vivit::roll(const Layer& layer, const at::Tensor& x, const at::Tensor& row) const {
  const std::int64_t clips = x.size(0);
  const std::int64_t length = x.size(1);
  const Attended attended = compare(layer, norm(layer.norm_before, x), type());
  const std::int64_t rows = std::min(length, rows_of_block(clips * config_.heads * length));
  at::Tensor sum = row;
  for (std::int64_t first = 0; first < length; first += rows) {
    const std::int64_t count = std::min(rows, length - first);
    const at::Tensor weights =
        weigh(attended.query.narrow(1, first, count), attended.key, x.scalar_type())
            .view({clips, config_.heads, count, length})
            .to(x.scalar_type())
            .mean(1);
    sum = sum + at::bmm(row.narrow(1, first, count).unsqueeze(1), weights).squeeze(1);
  }
  return sum / 2;
}

at::Tensor Vivit::rollout(const at::Tensor& pixel_values) const {
  const auto grid = require_clips(pixel_values);
  std::vector<at::Tensor> inputs;  // Of each layer.
  at::Tensor x = tokens(pixel_values, type());
  for (const Layer& layer : layers_) {
    inputs.push_back(x);
    // Nothing attends to what the last layer makes.
    if (inputs.size() < layers_.size()) x = run(layer, x, {}, type(), nullptr);
  }
  at::Tensor row = at::zeros({x.size(0), x.size(1)}, x.options());
  row.select(1, 0).fill_(1);
  for (std::size_t i = layers_.size(); i-- > 0;) row = roll(layers_[i], inputs[i], row);
  return row.narrow(1, 1, row.size(1) - 1).reshape({row.size(0), grid[0], grid[1], grid[2]});
}

}  // namespace dfd
