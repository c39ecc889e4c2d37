// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/autoencoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <opencv2/imgproc.hpp>
#include <torch/optim/adam.h>
#include <torch/utils.h>

#include "base/check.h"
#include "data/random.h"

namespace dfd {
namespace {

constexpr double kPi = 3.14159265358979323846;

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

// Of the norm of all gradients: above, it is an outlier of the first steps, which would be
// remembered for hundreds.
constexpr double kGradientLimit = 1;

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
  const std::int64_t code = eight ? kCodeOfEight : kCodeOfFour;
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

at::Tensor to_tensor(const cv::Mat& rgb) {
  const at::Tensor bytes = at::from_blob(rgb.data, {rgb.rows, rgb.cols, 3},
                                         {static_cast<std::int64_t>(rgb.step[0]), 3, 1}, at::kByte);
  return bytes.to(at::kFloat).div_(255).permute({2, 0, 1}).contiguous();
}

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

// Crops and mirror images, float [N, 3, side, side].
at::Tensor draw_batch(const std::vector<cv::Mat>& pictures, const AutoencoderTraining& training,
                      std::int64_t step) {
  std::vector<at::Tensor> crops;
  for (int i = 0; i < training.batch; ++i) {
    Random random(training.seed, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(i),
                  "autoencoder");
    const auto picture =
        static_cast<std::size_t>(random.whole(0, static_cast<int>(pictures.size()) - 1));
    const cv::Mat& from = pictures[picture];
    const int x = random.whole(0, from.cols - training.side);
    const int y = random.whole(0, from.rows - training.side);
    const at::Tensor crop = to_tensor(from({x, y, training.side, training.side}));
    crops.push_back(random.chance(0.5) ? crop.flip(2) : crop);
  }
  return at::stack(crops);
}

at::Tensor fine_structure(const at::Tensor& pictures) {
  const at::Tensor kernel = at::tensor({0.F, 1.F, 0.F, 1.F, -4.F, 1.F, 0.F, 1.F, 0.F},
                                       pictures.options().dtype(at::kFloat))
                                .view({1, 1, 3, 3});
  return at::conv2d(pictures.mean(1, /*keepdim=*/true), kernel);
}

// The mean error, and two terms without which it leaves a blur behind that alone would tell: the
// errors of neighbours' differences, and how much fine structure there is about each place,
// whatever it is.
at::Tensor loss_of(const at::Tensor& made, const at::Tensor& pictures) {
  // At 1 a face loses a quarter of its fine structure; at 3 an eighth, but the mean error grows by
  // a sixth.
  constexpr double kStructure = 2;
  constexpr std::int64_t kAbout = 8;
  const at::Tensor error = made - pictures;
  const at::Tensor edges = (error.diff(1, 2)).abs().mean() + (error.diff(1, 3)).abs().mean();
  const auto amount = [&](const at::Tensor& of) {
    return at::avg_pool2d(fine_structure(of).abs(), {kAbout, kAbout}, {kAbout / 2, kAbout / 2});
  };
  return error.abs().mean() + edges + kStructure * (amount(made) - amount(pictures)).abs().mean();
}

void limit_gradients(const std::vector<at::Tensor>& trained) {
  double squares = 0;
  for (const at::Tensor& tensor : trained) squares += tensor.grad().square().sum().item<double>();
  const double norm = std::sqrt(squares);
  if (norm <= kGradientLimit) return;
  for (const at::Tensor& tensor : trained) tensor.grad().mul_(kGradientLimit / norm);
}

void check(const std::vector<cv::Mat>& pictures, const AutoencoderTraining& training) {
  const auto require = [](bool good, const std::string& what) {
    DFD_REQUIRE(good, ErrorCode::kInvalidArgument, "an autoencoder's training: " << what);
  };
  require(training.steps >= 1, "at least 1 step expected");
  require(training.batch >= 1, "a batch of at least 1 expected");
  require(training.side >= 16 && training.side % 8 == 0, "a side of 16, 24, 32 ... expected");
  require(training.learning_rate > 0 && training.learning_rate <= 1,
          "a learning rate above 0, at most 1 expected");
  require(!pictures.empty(), "there are no pictures");
  for (const cv::Mat& picture : pictures) {
    require(
        picture.type() == CV_8UC3 && picture.cols >= training.side && picture.rows >= training.side,
        "RGB pictures of 8 bits and at least " + std::to_string(training.side) +
            " pixels a side expected");
  }
}

}  // namespace

std::string to_string(const AutoencoderKind& kind) {
  const char* name = "nearest";
  if (kind.upsampling == Upsampling::kTransposed) name = "transposed";
  if (kind.upsampling == Upsampling::kPixelShuffle) name = "shuffle";
  return std::string(name) + "-" + std::to_string(kind.factor);
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
    const double gain = name == layers_of(kind).last.name + ".weight" ? 0.1 : 1;
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
  const at::Tensor made = forward(to_tensor(larger).unsqueeze(0).to(device))[0];
  return to_picture(made)({around, around, rgb.cols, rgb.rows}).clone();
}

Autoencoder train_autoencoder(const AutoencoderKind& kind, const std::vector<cv::Mat>& pictures,
                              const AutoencoderTraining& training,
                              const std::function<void(std::int64_t, double)>& stepped) {
  check(pictures, training);
  const Autoencoder untrained(kind, training.seed);
  TensorMap weights;
  std::vector<at::Tensor> trained;
  for (const auto& [name, tensor] : untrained.weights()) {
    weights[name] = tensor.to(training.device).set_requires_grad(true);
    trained.push_back(weights[name]);
  }
  const Autoencoder learner(kind, weights);
  torch::optim::Adam optimizer(trained, torch::optim::AdamOptions(training.learning_rate));
  for (std::int64_t step = 0; step < training.steps; ++step) {
    // A warm start of a twentieth, then down to a hundredth along a cosine.
    const double part = static_cast<double>(step) / static_cast<double>(training.steps);
    const double rate = training.learning_rate * std::min(1.0, (part + 0.005) * 20) *
                        (0.01 + 0.99 * (1 + std::cos(kPi * part)) / 2);
    for (auto& group : optimizer.param_groups()) group.options().set_lr(rate);
    const at::Tensor batch = draw_batch(pictures, training, step).to(training.device);
    optimizer.zero_grad();
    const at::Tensor loss = loss_of(learner.forward(batch), batch);
    loss.backward();
    const auto value = loss.item<double>();
    DFD_REQUIRE(
        std::isfinite(value), ErrorCode::kInference,
        "autoencoder " << to_string(kind) << ", step " << step + 1 << ": the loss is " << value);
    limit_gradients(trained);
    optimizer.step();
    if (stepped) stepped(step + 1, value);
  }
  for (auto& [name, tensor] : weights) tensor = tensor.detach().to(at::kCPU);
  return {kind, std::move(weights)};
}

}  // namespace dfd
