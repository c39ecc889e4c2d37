// SPDX-License-Identifier: LGPL-2.1-or-later

#include "training/network.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backbone/artifact_cnn.h"
#include "detector/error.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

constexpr std::int64_t kSide = 128;

BackboneParts new_backbone() {
  BackboneParts parts;
  parts.info.name = kArtifactCnn;
  parts.info.source = "made up";
  parts.tensors = artifact_cnn_kind().random_weights(1, {});
  parts.input = artifact_cnn_kind().input;
  return parts;
}

// Real and fake in turn; fakes have a fine grid that the real ones lack.
PictureBatch batch_of(std::int64_t windows, std::uint64_t seed) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  PictureBatch batch;
  batch.pictures = at::empty({windows, 3, kSide, kSide}).normal_(0, 0.02, generator);
  batch.labels = at::arange(windows, at::kFloat).remainder(2);
  const at::Tensor grid = at::arange(kSide, at::kFloat).remainder(2) * 0.1;
  batch.evidence = at::full({windows, 2}, -1.F);
  batch.pictures += batch.labels.view({-1, 1, 1, 1}) * grid;
  return batch;
}

NetworkOptions options() {
  NetworkOptions options;
  options.group = 4;
  options.warm_up = 2;
  options.average = 0.5;
  return options;
}

double largest_difference(const TensorMap& a, const TensorMap& b) {
  double largest = 0;
  for (const auto& [name, tensor] : a) {
    if (tensor.scalar_type() != at::kFloat) continue;
    largest = std::max(largest, (tensor - b.at(name)).abs().max().item<double>());
  }
  return largest;
}

TEST(TrainedNetwork, LearnsWhatTellsFakesApart) {
  TrainedNetwork network(options(), new_backbone());
  const double first = network.step(batch_of(8, 0), 0, 0);
  double last = first;
  for (std::int64_t step = 1; step < 12; ++step) {
    last = network.step(batch_of(8, static_cast<std::uint64_t>(step)), step, 0);
  }
  EXPECT_LT(last, first / 2);
  // What is judged and kept is served as any model is.
  ModelConfig config;
  config.backbone.name = kArtifactCnn;
  config.head = network.head_info();
  const PictureBatch unseen = batch_of(6, 100);
  const at::Tensor logits = ServedNetwork(network.judged(), config).logits(unseen.pictures, 6);
  for (std::int64_t i = 0; i < 6; i += 2) {
    EXPECT_LT(logits[i].item<double>(), logits[i + 1].item<double>()) << i;
  }
}

TEST(TrainedNetwork, GoesOnFromItsStateAsIfNothingHadBeen) {
  TrainedNetwork whole(options(), new_backbone());
  TrainedNetwork parts(options(), new_backbone());
  for (std::int64_t step = 0; step < 2; ++step) whole.step(batch_of(4, 1), step, 0.1);
  const TensorMap state = whole.state();
  TensorMap copy;
  for (const auto& [name, tensor] : state) copy[name] = tensor.clone();
  parts.restore(copy);
  for (std::int64_t step = 2; step < 4; ++step) {
    EXPECT_EQ(whole.step(batch_of(4, 2), step, 0.2), parts.step(batch_of(4, 2), step, 0.2));
  }
  EXPECT_EQ(largest_difference(whole.state(), parts.state()), 0);
}

TEST(TrainedNetwork, AStateThatIsNotOneIsAnError) {
  TrainedNetwork network(options(), new_backbone());
  EXPECT_THROW(network.restore({}), Error);
  TensorMap state = network.state();
  state["now.classifier.bias"] = at::zeros({2});
  EXPECT_THROW(network.restore(state), Error);
}

TEST(TrainedNetwork, BeginsWithAHeadOfItsOwnFormAlone) {
  const at::Tensor weight = at::full({1, 512}, 0.5F);
  const TensorMap head{{"classifier.weight", weight}, {"classifier.bias", at::zeros({1})}};
  const TrainedNetwork further(options(), new_backbone(), head);
  EXPECT_FALSE(further.head_is_new());
  EXPECT_TRUE(further.judged().at("classifier.weight").equal(weight));
  NetworkOptions kinds = options();
  kinds.rows = {Evidence::kSeam, Evidence::kGenerated};
  EXPECT_TRUE(TrainedNetwork(kinds, new_backbone(), head).head_is_new());
  EXPECT_TRUE(TrainedNetwork(options(), new_backbone()).head_is_new());
}

TEST(TrainedNetwork, GoesOnWithTheRowsThatItsHeadHad) {
  const at::Tensor weight = at::stack({at::full({512}, 0.5F), at::full({512}, -0.25F)});
  const TensorMap head{{"classifier.weight", weight}, {"classifier.bias", at::tensor({1.F, 2.F})}};
  NetworkOptions three = options();
  three.rows = {Evidence::kSeam, Evidence::kGenerated, Evidence::kGenerated};
  const TrainedNetwork further(three, new_backbone(), head);
  EXPECT_FALSE(further.head_is_new());
  const at::Tensor found = further.judged().at("classifier.weight");
  EXPECT_TRUE(found.narrow(0, 0, 2).equal(weight));
  EXPECT_TRUE(found[2].equal(weight[1])) << "as the last one";
  EXPECT_TRUE(further.judged().at("classifier.bias").equal(at::tensor({1.F, 2.F, 2.F})));
}

TEST(TrainedNetwork, KeepsAPartOfWhatItBeganWith) {
  const BackboneParts parts = new_backbone();
  const TensorMap head{{"classifier.weight", at::full({1, 512}, 0.5F)},
                       {"classifier.bias", at::zeros({1})}};
  NetworkOptions half = options();
  half.keep = 0.5;
  TrainedNetwork plain(options(), parts, head);
  TrainedNetwork kept(half, parts, head);
  TensorMap first;
  for (const auto& [name, tensor] : plain.judged()) first[name] = tensor.clone();
  for (std::int64_t step = 0; step < 2; ++step) {
    EXPECT_EQ(plain.step(batch_of(4, 1), step, 0.1), kept.step(batch_of(4, 1), step, 0.1));
  }
  TensorMap expected;
  for (const auto& [name, tensor] : plain.judged()) {
    expected[name] = (tensor + first.at(name)) / 2;
  }
  EXPECT_GT(largest_difference(first, expected), 1e-4);
  EXPECT_LT(largest_difference(kept.judged(), expected), 1e-6);
  // One that goes on where it was stopped keeps of the same.
  TrainedNetwork resumed(half, parts, head);
  resumed.restore(kept.state());
  EXPECT_EQ(largest_difference(resumed.judged(), kept.judged()), 0);
}

TEST(TrainedNetwork, OfANewHeadThereIsNothingToKeep) {
  NetworkOptions half = options();
  half.keep = 0.5;
  EXPECT_THROW(TrainedNetwork(half, new_backbone()), Error);
  half.keep = 1;
  EXPECT_THROW(TrainedNetwork(half, new_backbone()), Error);
}

TEST(TrainedNetwork, FrozenLayersStayAsTheyAre) {
  NetworkOptions few = options();
  few.unfreeze = 1;
  const BackboneParts parts = new_backbone();
  TrainedNetwork network(few, parts);
  network.step(batch_of(4, 1), 0, 0);
  for (const auto& [name, tensor] : parts.tensors) {
    const double change =
        (network.judged().at(kBackbonePrefix + name) - tensor).abs().max().item<double>();
    EXPECT_EQ(change > 0, name.rfind("embedding.", 0) == 0) << name;
  }
}

// Of 16 pictures: 8 pairs of single ones, a pair of windows of 5 and more.
TEST(Shares, AreWholeGroupsInOneRow) {
  struct Case {
    int pairs, samples, in_group, size;
  };
  for (const Case& of : {Case{16, 1, 8, 2}, Case{24, 1, 8, 2}, Case{17, 1, 8, 3}, Case{64, 1, 8, 7},
                         Case{9, 2, 4, 3}, Case{7, 5, 1, 3}, Case{7, 20, 1, 7}, Case{1, 1, 8, 1}}) {
    int end = 0;
    for (int rank = 0; rank < of.size; ++rank) {
      const PairRange share = share_of(of.pairs, of.samples, 16, rank, of.size);
      EXPECT_EQ(share.first, end);
      EXPECT_LT(share.first, share.end);
      EXPECT_EQ(share.first % of.in_group, 0);
      end = share.end;
    }
    EXPECT_EQ(end, of.pairs);
  }
}

TEST(Shares, FewerGroupsThanRanksAreRefused) {
  EXPECT_THROW(share_of(16, 1, 16, 0, 3), Error);
  EXPECT_THROW(share_of(7, 20, 16, 7, 8), Error);
}

// A step of two groups is the mean of both: nobody's statistics leak into the other's.
TEST(TrainedNetwork, GroupsAreNormalisedByThemselves) {
  const PictureBatch four = batch_of(4, 1);
  PictureBatch with_others = batch_of(8, 2);
  with_others.pictures.narrow(0, 0, 4).copy_(four.pictures);
  NetworkOptions plain = options();
  plain.label_smoothing = 0;
  TrainedNetwork alone(plain, new_backbone());
  TrainedNetwork together(plain, new_backbone());
  TrainedNetwork others(plain, new_backbone());
  const double first = alone.step(four, 0, 0);
  PictureBatch rest;
  rest.pictures = with_others.pictures.narrow(0, 4, 4);
  rest.labels = with_others.labels.narrow(0, 4, 4);
  rest.evidence = with_others.evidence.narrow(0, 4, 4);
  const double second = others.step(rest, 0, 0);
  EXPECT_NEAR(together.step(with_others, 0, 0), (first + second) / 2, 1e-5);
}

// Rounding changes a step a little, not its direction.
TEST(TrainedNetwork, LearnsInBfloat16AsInFloat) {
  NetworkOptions in_bfloat16 = options();
  in_bfloat16.device.type = at::kBFloat16;
  TrainedNetwork rounded(in_bfloat16, new_backbone());
  TrainedNetwork exact(options(), new_backbone());
  for (std::int64_t step = 0; step < 6; ++step) {
    const PictureBatch batch = batch_of(8, static_cast<std::uint64_t>(step));
    const double loss = exact.step(batch, step, 0);
    EXPECT_NEAR(rounded.step(batch, step, 0), loss, 0.1 * loss + 0.02) << step;
  }
  for (const auto& [name, tensor] : rounded.judged()) {
    EXPECT_EQ(tensor.scalar_type(), at::kFloat) << name;
  }
}

TEST(TrainedNetwork, LearnsOnCudaAsOnTheCpuAndGoesOnThere) {
  if (!at::hasCUDA()) GTEST_SKIP() << "this LibTorch has no CUDA";
  NetworkOptions on_cuda = options();
  on_cuda.device = training_device("cuda", Precision::kFp32);
  TrainedNetwork cuda(on_cuda, new_backbone());
  TrainedNetwork cpu(options(), new_backbone());
  for (std::int64_t step = 0; step < 3; ++step) {
    const PictureBatch batch = batch_of(8, static_cast<std::uint64_t>(step));
    const double loss = cpu.step(batch, step, 0);
    EXPECT_NEAR(cuda.step(batch, step, 0), loss, 0.02 * loss + 0.01) << step;
  }
  TrainedNetwork moved(options(), new_backbone());
  moved.restore(cuda.state());
  const PictureBatch batch = batch_of(8, 7);
  const double loss = cuda.step(batch, 3, 0);
  EXPECT_NEAR(moved.step(batch, 3, 0), loss, 0.02 * loss + 0.01);
}

TEST(TrainingDevice, SixteenBitFloatsAreRefused) {
  EXPECT_THROW(training_device("cpu", Precision::kFp16), Error);
}

TEST(TrainingDevice, AnUnknownDeviceIsAnError) {
  EXPECT_THROW(training_device("tpu", Precision::kAuto), Error);
}

TEST(TrainedNetwork, OptionsThatCannotBeAreErrors) {
  const auto refused = [](const std::function<void(NetworkOptions&)>& change) {
    NetworkOptions wrong = options();
    change(wrong);
    EXPECT_THROW(TrainedNetwork(wrong, new_backbone()), Error);
  };
  refused([](NetworkOptions& wrong) { wrong.unfreeze = 99; });
  refused([](NetworkOptions& wrong) { wrong.learning_rate = 0; });
  refused([](NetworkOptions& wrong) { wrong.average = 1; });
  refused([](NetworkOptions& wrong) { wrong.head = "transformer"; });
  refused([](NetworkOptions& wrong) { wrong.label_smoothing = -1; });
}

}  // namespace
}  // namespace dfd
