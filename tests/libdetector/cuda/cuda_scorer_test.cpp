// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A CUDA device against the CPU: the same crops, embeddings, logits and explanations. Skipped where
// there is no device.

#include <atomic>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <opencv2/imgproc.hpp>

#include "backbone/artifact_cnn.h"
#include "backbone/input.h"
#include "base/picture.h"
#include "detector/engine.h"
#include "detector/error.h"
#include "detector/session.h"
#include "scoring/device.h"
#include "scoring/scorer.h"
#include "support/test_model.h"
#include "window/mean_windows.h"

namespace dfd {
namespace {

constexpr PixelFormat kOnDevice[] = {PixelFormat::kI420, PixelFormat::kNv12, PixelFormat::kRgb,
                                     PixelFormat::kBgrx};
constexpr PixelFormat kOnHost[] = {PixelFormat::kGray8, PixelFormat::kY444, PixelFormat::kI420p10};
constexpr Orientation kTurns[] = {Orientation::kIdentity, Orientation::kRotate90,
                                  Orientation::kTransverse};
constexpr int kWidth = 320;
constexpr int kHeight = 240;
constexpr std::int64_t kEmbedded = 512;  // Of artifact_cnn.

// Soft patches of all colours, another picture for each seed.
cv::Mat picture(int seed) {
  cv::Mat small(6, 8, CV_8UC3);
  cv::RNG random(static_cast<std::uint64_t>(seed) + 1);
  random.fill(small, cv::RNG::UNIFORM, 0, 256);
  cv::Mat large;
  cv::resize(small, large, {kWidth, kHeight}, 0, 0, cv::INTER_CUBIC);
  return large;
}

// Planes as they lie in the host's memory, each a Mat of one channel.
std::vector<cv::Mat> planes_of(const cv::Mat& rgb, PixelFormat format) {
  const auto part = [](const cv::Mat& from, int channel) {
    cv::Mat plane;
    cv::extractChannel(from, plane, channel);
    return plane;
  };
  if (format == PixelFormat::kRgb) return {rgb.reshape(1)};
  if (format == PixelFormat::kBgrx) {
    cv::Mat bgrx;
    cv::cvtColor(rgb, bgrx, cv::COLOR_RGB2BGRA);
    return {bgrx.reshape(1)};
  }
  cv::Mat yuv;
  cv::cvtColor(rgb, yuv, cv::COLOR_RGB2YCrCb);
  const cv::Mat luma = part(yuv, 0);
  const cv::Mat cb = part(yuv, 2);
  const cv::Mat cr = part(yuv, 1);
  if (format == PixelFormat::kGray8) return {luma};
  if (format == PixelFormat::kY444) return {luma, cb, cr};
  cv::Mat small_cb;
  cv::Mat small_cr;
  cv::resize(cb, small_cb, cb.size() / 2, 0, 0, cv::INTER_AREA);
  cv::resize(cr, small_cr, cr.size() / 2, 0, 0, cv::INTER_AREA);
  if (format == PixelFormat::kI420) return {luma, small_cb, small_cr};
  if (format == PixelFormat::kNv12) {
    cv::Mat pairs;
    cv::merge(std::vector<cv::Mat>{small_cb, small_cr}, pairs);
    return {luma, pairs.reshape(1)};
  }
  std::vector<cv::Mat> planes;  // Of ten bits.
  for (const cv::Mat& plane : {luma, small_cb, small_cr}) {
    cv::Mat wide;
    plane.convertTo(wide, CV_16U, 4);
    planes.push_back(wide);
  }
  return planes;
}

// Owns the pixels of a frame, here and on the device.
class Pixels {
 public:
  Pixels(const cv::Mat& rgb, PixelFormat format) : planes_(planes_of(rgb, format)) {
    host.width = kWidth;
    host.height = kHeight;
    host.format = format;
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      host.planes[i] = {planes_[i].data, static_cast<std::ptrdiff_t>(planes_[i].step)};
    }
  }

  FrameView on_device() {
    FrameView view = host;
    view.memory = Memory::kCuda;
    for (std::size_t i = 0; i < planes_.size(); ++i) {
      const auto bytes = static_cast<std::int64_t>(planes_[i].step) * planes_[i].rows;
      const auto type = at::TensorOptions().dtype(at::kByte);
      copies_.push_back(at::from_blob(planes_[i].data, {bytes}, type).to(at::kCUDA));
      view.planes[i].data = copies_.back().data_ptr<std::uint8_t>();
    }
    return view;
  }

  FrameView host;

 private:
  std::vector<cv::Mat> planes_;
  std::vector<at::Tensor> copies_;
};

double largest_difference(const cv::Mat& one, const cv::Mat& other) {
  return cv::norm(one, other, cv::NORM_INF);
}

double cosine(const std::vector<float>& one, const std::vector<float>& other) {
  double product = 0;
  double of_one = 0;
  double of_other = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    product += double{one[i]} * other[i];
    of_one += double{one[i]} * one[i];
    of_other += double{other[i]} * other[i];
  }
  return product / std::sqrt(of_one * of_other);
}

class CudaScorerTest : public testing::Test {
 protected:
  void SetUp() override {
    try {
      device_ = select_device("cuda");
    } catch (const Error& error) {
      GTEST_SKIP() << error.what();
    }
  }

  LoadedModel load(Precision precision) {
    return load_model(test::shared_model(), *device_, precision);
  }

  // What a scorer makes of one face in each of these frames, each with the window of its number.
  std::vector<Sample> crop(LoadedModel& model, const std::vector<FrameView>& frames,
                           std::vector<std::unique_ptr<Window>>& windows) const {
    windows.resize(frames.size());
    std::vector<Sample> samples(frames.size());
    std::vector<Sample*> pointers;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      samples[i].window = &windows[i];
      samples[i].plan = *plan_face(frames[i], kFace, {}, model.config.input);
      samples[i].explain = explain_;
      pointers.push_back(&samples[i]);
    }
    model.scorer->crop(pointers);
    return samples;
  }
  std::vector<SampleResult> score(LoadedModel& model, const std::vector<FrameView>& frames,
                                  std::vector<std::unique_ptr<Window>>& windows) const {
    return model.scorer->score(crop(model, frames, windows));
  }

  static constexpr RectF kFace{41, 37, 130, 151};
  std::optional<at::Device> device_;
  std::optional<ExplainMethod> explain_;
};

struct Closeness {
  Precision precision;
  double cosine;  // Least, of an embedding and the CPU's.
  double logit;   // Largest difference.
};

class CudaAgainstCpu : public CudaScorerTest {
 protected:
  void expect_close(const std::string& file, const Closeness& tried) {
    LoadedModel ours = load_model(file, *device_, tried.precision);
    LoadedModel reference = load_model(file, at::kCPU);
    const int length = reference.config.window_length;
    std::vector<std::unique_ptr<Window>> our_windows;
    std::vector<std::unique_ptr<Window>> reference_windows;
    for (int sample = 0; sample < length + 2; ++sample) {
      std::vector<Pixels> pixels;
      std::vector<FrameView> frames;
      for (int track = 0; track < 5; ++track) {
        pixels.emplace_back(picture(10 * track + sample), PixelFormat::kI420);
        frames.push_back(pixels.back().host);
      }
      const auto found = score(ours, frames, our_windows);
      const auto expected = score(reference, frames, reference_windows);
      for (std::size_t i = 0; i < frames.size(); ++i) {
        EXPECT_GT(cosine(found[i].embedding, expected[i].embedding), tried.cosine)
            << to_string(tried.precision);
        ASSERT_EQ(found[i].logit.has_value(), expected[i].logit.has_value());
        EXPECT_EQ(found[i].logit.has_value(), sample + 1 >= length);
        if (!found[i].logit) continue;
        EXPECT_NEAR(found[i].logit->logit, expected[i].logit->logit, tried.logit)
            << to_string(tried.precision);
        ASSERT_EQ(found[i].logit->evidence.has_value(), expected[i].logit->evidence.has_value());
      }
    }
  }
};

TEST_F(CudaAgainstCpu, InceptionResnetAndLstmAreTheSame) {
  // Of a random network, whose logits are small: fp32 is TF32 where LibTorch takes it.
  for (const Closeness& tried : {Closeness{Precision::kFp32, 0.9999, 2e-3},
                                 {Precision::kFp16, 0.999, 5e-3},
                                 {Precision::kBf16, 0.99, 5e-2}}) {
    expect_close(test::shared_model(), tried);
  }
}

TEST_F(CudaAgainstCpu, ArtifactCnnAndItsKindsOfEvidenceAreTheSame) {
  const std::filesystem::path file = test::scratch_folder("cuda_artifact") / "model.safetensors";
  ModelConfig config;
  config.backbone.name = kArtifactCnn;
  config.backbone.source = "random, seed 1";
  config.input = artifact_cnn_kind().input;
  config.input.crop = CropRule::kSquare;
  config.input.margin = 1.3;
  config.window_length = 3;
  config.head = mean_info(kEmbedded, {kEvidence.begin(), kEvidence.end()});
  TensorMap tensors{{"classifier.weight", at::full({2, kEmbedded}, 0.01F)},
                    {"classifier.bias", at::zeros({2})}};
  tensors["classifier.weight"][1].mul_(at::arange(kEmbedded).remainder(2) - 0.5);
  for (const auto& [name, tensor] : artifact_cnn_kind().random_weights(1, {})) {
    tensors[kBackbonePrefix + name] = tensor;
  }
  write_tensors(file.string(), to_metadata(config), tensors);
  // Its logits are about 5. The kernel's interpolation is finer than warpAffine's
  // (crop_pixel_test.cpp), which a network that reads residuals sees: it shifts them by up to 2 %.
  for (const Closeness& tried : {Closeness{Precision::kFp32, 0.9995, 0.2},
                                 {Precision::kFp16, 0.999, 0.2},
                                 {Precision::kBf16, 0.99, 0.3}}) {
    expect_close(file.string(), tried);
  }
}

TEST_F(CudaScorerTest, ABatchOfAnySizeIsScoredLikeEachAlone) {
  LoadedModel model = load(Precision::kFp32);
  model.scorer->warm_up();
  std::vector<Pixels> pixels;
  for (int i = 0; i < 40; ++i) pixels.emplace_back(picture(i), PixelFormat::kNv12);
  std::vector<std::vector<float>> alone;
  for (const Pixels& frame : pixels) {
    std::vector<std::unique_ptr<Window>> windows;
    alone.push_back(score(model, {frame.host}, windows)[0].embedding);
  }
  for (const std::size_t count : {2, 3, 7, 32, 33, 40}) {
    std::vector<FrameView> frames;
    for (std::size_t i = 0; i < count; ++i) frames.push_back(pixels[i].host);
    std::vector<std::unique_ptr<Window>> windows;
    const auto found = score(model, frames, windows);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_GT(cosine(found[i].embedding, alone[i]), 0.9999) << i << " of " << count;
    }
  }
}

TEST_F(CudaScorerTest, CropsAreTheCpusWhereverTheFrameLies) {
  LoadedModel model = load(Precision::kFp32);
  const auto compare = [&](const FrameView& tried, const FrameView& same) {
    std::vector<std::unique_ptr<Window>> windows;
    const cv::Mat found = crop(model, {tried}, windows)[0].crop;
    const cv::Mat expected =
        make_crop(*plan_face(same, kFace, {}, model.config.input), model.config.input);
    // Rounding, after the crop's grid and after the colours.
    EXPECT_LE(largest_difference(found, expected), 2)
        << static_cast<int>(tried.format) << " turned " << static_cast<int>(tried.orientation)
        << (tried.memory == Memory::kCuda ? " on the device" : "");
  };
  for (const Orientation turn : kTurns) {
    for (const PixelFormat format : kOnDevice) {
      Pixels pixels(picture(3), format);
      pixels.host.orientation = turn;
      compare(pixels.host, pixels.host);
      compare(pixels.on_device(), pixels.host);
    }
    for (const PixelFormat format : kOnHost) {
      Pixels pixels(picture(4), format);
      pixels.host.orientation = turn;
      compare(pixels.host, pixels.host);
    }
  }
}

TEST_F(CudaScorerTest, FramesOnTheDeviceAreReducedForTheFaceDetector) {
  for (const PixelFormat format : kOnDevice) {
    Pixels pixels(picture(5), format);
    const FrameView view = pixels.on_device();
    const cv::Size size(107, 80);
    EXPECT_LE(largest_difference(reduced_rgb(view, size), reduced_rgb(pixels.host, size)), 2)
        << static_cast<int>(format);
    const cv::Rect region(20, 30, 101, 77);
    EXPECT_LE(largest_difference(rgb_region(view, region), rgb_region(pixels.host, region)), 1)
        << static_cast<int>(format);
  }
}

TEST_F(CudaScorerTest, AFrameOnAnotherDeviceIsAnError) {
  LoadedModel model = load(Precision::kFp32);
  Pixels pixels(picture(6), PixelFormat::kNv12);
  FrameView view = pixels.on_device();
  view.device_index = device_->index() + 1;
  std::vector<std::unique_ptr<Window>> windows;
  try {
    crop(model, {view}, windows);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << error.what();
  }
}

TEST_F(CudaScorerTest, ExplainsAsTheCpuDoes) {
  // A random network's gradients nearly cancel: a level of difference in a crop's pixels shows.
  for (const auto& [precision, least] :
       {std::pair(Precision::kFp32, 0.97), std::pair(Precision::kFp16, 0.9)}) {
    LoadedModel ours = load(precision);
    LoadedModel reference = load_model(test::shared_model(), at::kCPU);
    for (const ExplainMethod method : {ExplainMethod::kGradCam, ExplainMethod::kHiResCam}) {
      explain_ = method;
      std::vector<std::unique_ptr<Window>> our_windows;
      std::vector<std::unique_ptr<Window>> reference_windows;
      for (int sample = 0; sample < test::kTestWindow; ++sample) {
        const Pixels pixels(picture(20 + sample), PixelFormat::kI420);
        const auto found = score(ours, {pixels.host}, our_windows);
        const auto expected = score(reference, {pixels.host}, reference_windows);
        ASSERT_EQ(found[0].map.has_value(), expected[0].map.has_value());
        EXPECT_EQ(found[0].map.has_value(), sample + 1 == test::kTestWindow);
        if (!found[0].map) continue;
        EXPECT_GT(cosine(found[0].map->cells, expected[0].map->cells), least)
            << to_string(precision) << " " << static_cast<int>(method);
      }
    }
  }
}

TEST_F(CudaScorerTest, ModelsLoadWhileAnotherScores) {
  LoadedModel model = load(Precision::kFp16);
  model.scorer->warm_up();
  const Pixels pixels(picture(7), PixelFormat::kI420);
  std::vector<std::unique_ptr<Window>> windows;
  const std::vector<float> before = score(model, {pixels.host}, windows)[0].embedding;
  std::atomic<bool> loaded{false};
  std::thread loader([&] {
    for (int i = 0; i < 3; ++i) load(Precision::kFp16).scorer->warm_up();
    loaded = true;
  });
  do {
    windows.clear();
    const std::vector<float> now = score(model, {pixels.host}, windows)[0].embedding;
    EXPECT_EQ(now, before);
  } while (!loaded);
  loader.join();
}

TEST_F(CudaScorerTest, AnEngineTakesTheDeviceWhereThereIsOne) {
  EngineConfig config;
  config.model_file = test::shared_model();
  const auto engine = Engine::load(config);
  EXPECT_EQ(engine->device(), "cuda:0");
  EXPECT_EQ(engine->precision(), Precision::kFp16);
}

}  // namespace
}  // namespace dfd
