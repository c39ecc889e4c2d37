// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/autoencoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "data/random.h"

namespace dfd {
namespace {

// Channels from the picture to the code, by their sides: half, a quarter, an eighth. Few where
// there are many places, so that a picture costs a gigaflop or two.
constexpr std::int64_t kHalf = 24;
constexpr std::int64_t kQuarter = 48;
constexpr std::int64_t kEighth = 96;
// Of the decoder's last picture, before it becomes RGB.
constexpr std::int64_t kFull = 16;
// The code has a third of the picture's numbers: with less faces blur, with more little is lost.
constexpr std::int64_t kCodeOfFour = 16;
constexpr std::int64_t kCodeOfEight = 64;
// One that has to invent has a quarter of it, a twelfth of the picture's numbers.
constexpr std::int64_t kAdversarialPart = 4;

constexpr double kLeak = 0.1;  // Of the activations, below zero.

struct Layer {
  std::string name;
  std::int64_t in, out;
  std::int64_t kernel = 3;
};

// A layer of the decoder that doubles the sides.
struct Doubling {
  std::string name;
  std::int64_t in, out;
};

struct Layers {
  std::vector<Layer> encoder;  // Each halves the sides.
  Layer to_code, from_code, first, second;
  std::vector<Doubling> decoder;
  Layer last;
};

Layers layers_of(const AutoencoderKind& kind) {
  DFD_REQUIRE(kind.factor == 4 || kind.factor == 8, ErrorCode::kInvalidArgument,
              "an autoencoder's factor " << kind.factor << ": 4 or 8 expected");
  Layers layers;
  const bool eight = kind.factor == 8;
  const std::int64_t code =
      (eight ? kCodeOfEight : kCodeOfFour) / (kind.adversarial ? kAdversarialPart : 1);
  const std::int64_t deep = eight ? kEighth : kQuarter;
  layers.encoder = {{"encoder.0", 3, kHalf, 5}, {"encoder.1", kHalf, kQuarter}};
  if (eight) layers.encoder.push_back({"encoder.2", kQuarter, kEighth});
  layers.to_code = {"encoder.code", deep, code, 1};
  layers.from_code = {"decoder.code", code + 3, deep, 1};
  layers.first = {"decoder.first", deep, deep};
  layers.second = {"decoder.second", deep, deep};
  if (eight) layers.decoder.push_back({"decoder.quarter", kEighth, kQuarter});
  layers.decoder.push_back({"decoder.half", kQuarter, kHalf});
  layers.decoder.push_back({"decoder.full", kHalf, kFull});
  layers.last = {"decoder.last", kFull, 3};
  return layers;
}

using Shape = std::vector<std::int64_t>;

Shape shape_of(const Layer& layer) { return {layer.out, layer.in, layer.kernel, layer.kernel}; }

Shape shape_of(const Doubling& layer, Upsampling upsampling) {
  switch (upsampling) {
    case Upsampling::kNearest:
      return {layer.out, layer.in, 3, 3};
    case Upsampling::kTransposed:
      return {layer.in, layer.out, 3, 3};
    case Upsampling::kPixelShuffle:
      return {4 * layer.out, layer.in, 3, 3};
  }
  return {};
}

// Of all weights, by name; biases: as many as the layer has channels.
std::map<std::string, Shape> shapes_of(const AutoencoderKind& kind) {
  const Layers layers = layers_of(kind);
  std::map<std::string, Shape> shapes;
  const auto add = [&](const std::string& name, const Shape& weight, std::int64_t channels) {
    shapes[name + ".weight"] = weight;
    shapes[name + ".bias"] = {channels};
  };
  for (const Layer& layer : layers.encoder) add(layer.name, shape_of(layer), layer.out);
  for (const Layer* layer :
       {&layers.to_code, &layers.from_code, &layers.first, &layers.second, &layers.last}) {
    add(layer->name, shape_of(*layer), layer->out);
  }
  for (const Doubling& layer : layers.decoder) {
    const bool shuffled = kind.upsampling == Upsampling::kPixelShuffle;
    add(layer.name, shape_of(layer, kind.upsampling), shuffled ? 4 * layer.out : layer.out);
  }
  return shapes;
}

bool is_doubling(const Layers& layers, const std::string& weight) {
  return std::any_of(layers.decoder.begin(), layers.decoder.end(),
                     [&](const Doubling& layer) { return layer.name + ".weight" == weight; });
}

at::Tensor activated(const at::Tensor& given) { return at::leaky_relu(given, kLeak); }

cv::Mat to_picture(const at::Tensor& picture) {
  const at::Tensor bytes = picture.mul(255)
                               .round_()
                               .clamp_(0, 255)
                               .permute({1, 2, 0})
                               .to(at::kCPU, at::kByte)
                               .contiguous();
  const cv::Mat borrowed(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC3,
                         bytes.data_ptr());
  return borrowed.clone();
}

}  // namespace

std::string to_string(const AutoencoderKind& kind) {
  const char* name = "nearest";
  if (kind.upsampling == Upsampling::kTransposed) name = "transposed";
  if (kind.upsampling == Upsampling::kPixelShuffle) name = "shuffle";
  return std::string(name) + "-" + std::to_string(kind.factor) +
         (kind.adversarial ? "-adversarial" : "");
}

at::Tensor as_tensor(const cv::Mat& rgb) {
  const at::Tensor bytes = at::from_blob(rgb.data, {rgb.rows, rgb.cols, 3},
                                         {static_cast<std::int64_t>(rgb.step[0]), 3, 1}, at::kByte);
  return bytes.to(at::kFloat).div_(255).permute({2, 0, 1}).contiguous();
}

Autoencoder::Autoencoder(const AutoencoderKind& kind, std::uint64_t seed) : kind_(kind) {
  at::Generator generator = at::detail::createCPUGenerator(mixed_seed(seed, 0, 0, to_string(kind)));
  for (const auto& [name, shape] : shapes_of(kind)) {
    weights_[name] = at::zeros(shape, at::kFloat);
    if (shape.size() == 1) continue;
    // He and others 2015, so that pictures neither fade nor grow from layer to layer. To a place
    // that a transposed convolution makes come a quarter of its kernel's products in the mean.
    const bool transposed =
        kind.upsampling == Upsampling::kTransposed && is_doubling(layers_of(kind), name);
    const auto inputs = static_cast<double>(transposed ? shape[0] * shape[2] * shape[3] / 4
                                                       : shape[1] * shape[2] * shape[3]);
    // The last layer begins at mid-grey: away from it, all that is learned first is to come back.
    const double gain = name == kAutoencoderLast ? 0.1 : 1;
    weights_[name].normal_(0, gain * std::sqrt(2 / inputs), generator);
  }
}

Autoencoder::Autoencoder(const AutoencoderKind& kind, TensorMap weights)
    : kind_(kind), weights_(std::move(weights)) {
  const std::map<std::string, Shape> shapes = shapes_of(kind);
  DFD_INTACT(weights_.size() == shapes.size(), "autoencoder " << to_string(kind) << ": "
                                                              << weights_.size() << " tensors, not "
                                                              << shapes.size());
  for (const auto& [name, shape] : shapes) {
    const auto found = weights_.find(name);
    DFD_INTACT(found != weights_.end() && found->second.sizes() == at::IntArrayRef(shape) &&
                   found->second.scalar_type() == at::kFloat,
               "autoencoder " << to_string(kind) << ": " << name
                              << " is missing, or of another shape or type");
  }
}

Autoencoder Autoencoder::on(at::Device device) const {
  TensorMap weights;
  for (const auto& [name, tensor] : weights_) weights[name] = tensor.to(device);
  return {kind_, std::move(weights)};
}

at::Tensor Autoencoder::forward(const at::Tensor& pictures) const {
  const Layers layers = layers_of(kind_);
  const auto convolved = [&](const Layer& layer, const at::Tensor& given, std::int64_t stride) {
    return at::conv2d(given, weights_.at(layer.name + ".weight"), weights_.at(layer.name + ".bias"),
                      stride, layer.kernel / 2);
  };
  const auto doubled = [&](const Doubling& layer, const at::Tensor& given) {
    const at::Tensor& weight = weights_.at(layer.name + ".weight");
    const at::Tensor& bias = weights_.at(layer.name + ".bias");
    switch (kind_.upsampling) {
      case Upsampling::kTransposed:
        return at::conv_transpose2d(given, weight, bias, 2, 1, /*output_padding=*/1);
      case Upsampling::kPixelShuffle:
        return at::pixel_shuffle(at::conv2d(given, weight, bias, 1, 1), 2);
      case Upsampling::kNearest:
        break;
    }
    const at::Tensor larger = at::upsample_nearest2d(given, {2 * given.size(2), 2 * given.size(3)});
    return at::conv2d(larger, weight, bias, 1, 1);
  };
  // The code holds the picture itself, as small as the code, and the decoder adds to that one
  // enlarged what it paints, as generators with skips do (Karras and others 2020, "StyleGAN2"). So
  // light and colours are right from the first step on, and all that is learned is structure.
  const at::Tensor small = at::avg_pool2d(pictures - 0.5, kind_.factor, kind_.factor);
  at::Tensor now = pictures - 0.5;
  for (const Layer& layer : layers.encoder) now = activated(convolved(layer, now, 2));
  const at::Tensor code = at::cat({convolved(layers.to_code, now, 1), small}, 1);
  now = activated(convolved(layers.from_code, code, 1));
  now = activated(now + convolved(layers.second, activated(convolved(layers.first, now, 1)), 1));
  for (const Doubling& layer : layers.decoder) now = activated(doubled(layer, now));
  const at::Tensor enlarged =
      at::upsample_bilinear2d(small, {pictures.size(2), pictures.size(3)}, /*align_corners=*/false);
  return convolved(layers.last, now, 1) + enlarged + 0.5;
}

cv::Mat Autoencoder::reconstruct(const cv::Mat& rgb) const {
  DFD_REQUIRE(rgb.type() == CV_8UC3 && !rgb.empty(), ErrorCode::kInvalidArgument,
              "a picture to reconstruct of " << rgb.cols << "x" << rgb.rows
                                             << " pixels and OpenCV type " << rgb.type()
                                             << "; CV_8UC3 expected");
  // Convolutions see zeros beyond the edge. Mirrored so far that none of them reach the picture's
  // own pixels: a place of the code by the encoder, two by the layers at its size, up to two by
  // what doubles it.
  const int around = 5 * kind_.factor;
  const auto missing = [&](int side) {
    return (kind_.factor - side % kind_.factor) % kind_.factor;
  };
  cv::Mat larger;
  cv::copyMakeBorder(rgb, larger, around, around + missing(rgb.rows), around,
                     around + missing(rgb.cols), cv::BORDER_REFLECT | cv::BORDER_ISOLATED);
  const c10::InferenceMode guard;
  const at::Device device = weights_.begin()->second.device();
  const at::Tensor made = forward(as_tensor(larger).unsqueeze(0).to(device))[0];
  return to_picture(made)({around, around, rgb.cols, rgb.rows}).clone();
}

}  // namespace dfd
