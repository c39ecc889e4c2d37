// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/autoencoder_training.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/module.h>  // Before clip_grad.h, which relies on its types.
#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>

#include "base/check.h"
#include "data/random.h"

namespace dfd {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Of the norm of all gradients: above, it is an outlier of the first steps, which would be
// remembered for hundreds.
constexpr double kGradientLimit = 1;

constexpr std::int64_t kAdversarialSteps = 3;  // Times the others'.
// Part of the steps without the critic, which would only see that nothing is a picture yet.
constexpr double kBeforeCritic = 1.0 / 6;

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
    const at::Tensor crop = as_tensor(from({x, y, training.side, training.side}));
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

// Tells patches of pictures from patches of what was made of them (Isola and others 2017,
// "PatchGAN"), by the hinge loss.
class Critic {
 public:
  Critic(std::uint64_t seed, at::Device device) {
    at::Generator generator = at::detail::createCPUGenerator(mixed_seed(seed, 0, 0, "critic"));
    for (const Layer& layer : kLayers) {
      at::Tensor weight = at::zeros({layer.out, layer.in, layer.kernel, layer.kernel}, at::kFloat);
      const auto inputs = static_cast<double>(layer.in * layer.kernel * layer.kernel);
      weight.normal_(0, std::sqrt(2 / inputs), generator);  // He and others 2015.
      weights_.push_back(weight.to(device).set_requires_grad(true));
      biases_.push_back(at::zeros({layer.out}, weight.options().device(device)));
      biases_.back().set_requires_grad(true);
    }
    std::vector<at::Tensor> all = weights_;
    all.insert(all.end(), biases_.begin(), biases_.end());
    // A critic that remembers its gradients for long swings about (Esser and others).
    optimizer_.emplace(all, torch::optim::AdamOptions(kRate).betas({0.5, 0.9}));
  }

  void learn(const at::Tensor& pictures, const at::Tensor& made) {
    optimizer_->zero_grad();
    const at::Tensor loss =
        at::relu(1 - forward(pictures)).mean() + at::relu(1 + forward(made.detach())).mean();
    loss.backward();
    optimizer_->step();
  }

  // What it has against what was made, so large that its gradient at the last weights is kWeight
  // times that of the loss (Esser and others).
  at::Tensor against(const at::Tensor& made, const at::Tensor& loss, const at::Tensor& last) const {
    constexpr double kMost = 10;  // Where it has next to no gradient.
    const at::Tensor found = -forward(made).mean();
    const auto gradient = [&](const at::Tensor& of) {
      return torch::autograd::grad({of}, {last}, {}, /*retain_graph=*/true)[0]
          .norm()
          .item<double>();
    };
    const double of_loss = gradient(loss);
    const double of_found = gradient(found);
    return kWeight * (of_loss < kMost * of_found ? of_loss / of_found : kMost) * found;
  }

 private:
  struct Layer {
    std::int64_t in, out, kernel, stride;
  };
  static constexpr std::array<Layer, 4> kLayers{
      {{3, 32, 4, 2}, {32, 64, 4, 2}, {64, 96, 3, 1}, {96, 1, 3, 1}}};
  static constexpr double kRate = 5e-4;
  static constexpr double kWeight = 0.8;

  at::Tensor forward(const at::Tensor& pictures) const {
    constexpr double kLeak = 0.2;  // Of the activations, below zero.
    at::Tensor now = 2 * pictures - 1;
    for (std::size_t i = 0; i < kLayers.size(); ++i) {
      now = at::conv2d(now, weights_[i], biases_[i], kLayers.at(i).stride, 1);
      if (i + 1 < kLayers.size()) now = at::leaky_relu(now, kLeak);
    }
    return now;
  }

  std::vector<at::Tensor> weights_, biases_;
  std::optional<torch::optim::Adam> optimizer_;
};

// Of the learning rate: a warm start of a twentieth, then down to a hundredth along a cosine.
double rate_at(double part) {
  return std::min(1.0, (part + 0.005) * 20) * (0.01 + 0.99 * (1 + std::cos(kPi * part)) / 2);
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
  std::optional<Critic> critic;
  if (kind.adversarial) critic.emplace(training.seed, training.device);
  const std::int64_t steps = training.steps * (critic ? kAdversarialSteps : 1);
  for (std::int64_t step = 0; step < steps; ++step) {
    const double part = static_cast<double>(step) / static_cast<double>(steps);
    for (auto& group : optimizer.param_groups()) {
      group.options().set_lr(training.learning_rate * rate_at(part));
    }
    const at::Tensor batch = draw_batch(pictures, training, step).to(training.device);
    const at::Tensor made = learner.forward(batch);
    at::Tensor loss = loss_of(made, batch);
    const auto of_picture = loss.item<double>();
    if (critic && part >= kBeforeCritic) {
      critic->learn(batch, made);
      loss = loss + critic->against(made, loss, weights.at(kAutoencoderLast));
    }
    const auto value = loss.item<double>();
    DFD_REQUIRE(
        std::isfinite(value), ErrorCode::kInference,
        "autoencoder " << to_string(kind) << ", step " << step + 1 << ": the loss is " << value);
    optimizer.zero_grad();
    loss.backward();
    torch::nn::utils::clip_grad_norm_(trained, kGradientLimit);
    optimizer.step();
    if (stepped) stepped(step + 1, of_picture);
  }
  for (auto& [name, tensor] : weights) tensor = tensor.detach().to(at::kCPU);
  return {kind, std::move(weights)};
}

}  // namespace dfd
