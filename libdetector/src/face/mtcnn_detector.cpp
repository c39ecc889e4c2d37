// SPDX-License-Identifier: LGPL-2.1-or-later
//
// MTCNN (Zhang et al. 2016) with facenet-pytorch's boxes: a pyramid of the picture goes through the
// proposal net, what is left through the refinement net, then the output net.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>

#include "base/check.h"
#include "base/padding.h"
#include "face/face_detector.h"
#include "face/mtcnn_nets.h"
#include "model/model_config.h"

namespace dfd {
namespace {

constexpr int kCell = 12;  // The proposal net's field of view; its cells lie 2 pixels apart.

// Proposals of a level that are kept, best first. A picture of noise can have one at every cell;
// facenet-pytorch's memory and time grow with them.
constexpr std::size_t kMostProposals = 4096;

// Crops in one forward: powers of two, of which LibTorch keeps few shapes, and little is padded.
constexpr std::size_t kMostCrops = 64;
constexpr std::size_t kFewCrops = 8;

std::size_t crops_at_once(std::size_t left) {
  if (left <= kFewCrops) return left;
  std::size_t count = kMostCrops;
  while (count > left) count /= 2;
  return count;
}

// A face under way. Corners, in pixels of the picture; may lie outside it.
struct Candidate {
  float left, top, right, bottom;
  float score;
  std::array<float, 4> correction;  // Of the corners, in box sizes.
  FaceLandmarks landmarks;

  float width() const { return right - left; }
  float height() const { return bottom - top; }
};

enum class Overlap {
  kUnion,    // Intersection over union.
  kSmaller,  // Intersection over the smaller, sizes counted with both end pixels.
};

float overlap_of(const Candidate& a, const Candidate& b, Overlap kind) {
  const float end = kind == Overlap::kSmaller ? 1.F : 0.F;
  const auto area = [&](const Candidate& c) { return (c.width() + end) * (c.height() + end); };
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left) + end;
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top) + end;
  const float shared = std::max(0.F, width) * std::max(0.F, height);
  if (kind == Overlap::kSmaller) return shared / std::min(area(a), area(b));
  return shared / (area(a) + area(b) - shared);
}

// Non-maximum suppression: the best stays, and hides what overlaps it by more than most.
void suppress(std::vector<Candidate>& candidates, float most, Overlap kind) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  std::vector<Candidate> kept;
  for (const Candidate& candidate : candidates) {
    const bool hidden = std::any_of(kept.begin(), kept.end(), [&](const Candidate& other) {
      return overlap_of(candidate, other, kind) > most;
    });
    if (!hidden) kept.push_back(candidate);
  }
  candidates = std::move(kept);
}

// end: 1 where sizes count both end pixels.
void correct(Candidate& c, float end) {
  const float width = c.width() + end;
  const float height = c.height() + end;
  c.left += c.correction[0] * width;
  c.top += c.correction[1] * height;
  c.right += c.correction[2] * width;
  c.bottom += c.correction[3] * height;
}

// The square around the same centre with the longer side.
void make_square(Candidate& c) {
  const float side = std::max(c.width(), c.height());
  c.left = c.left + c.width() * 0.5F - side * 0.5F;
  c.top = c.top + c.height() * 0.5F - side * 0.5F;
  c.right = c.left + side;
  c.bottom = c.top + side;
}

// The pixels of a candidate that lie in the picture; facenet-pytorch's rounding.
cv::Rect pixels_of(const Candidate& c, const cv::Mat& rgb) {
  const int left = std::max(1, static_cast<int>(c.left)) - 1;
  const int top = std::max(1, static_cast<int>(c.top)) - 1;
  const int right = std::min(rgb.cols, static_cast<int>(c.right));
  const int bottom = std::min(rgb.rows, static_cast<int>(c.bottom));
  return {left, top, std::max(0, right - left), std::max(0, bottom - top)};
}

// Rows [from, to) of resample().
void resample_rows(const cv::Mat& rgb, const cv::Rect& region, const cv::Size& size, int from,
                   int to, float* out) {
  const auto first = [](int i, int in, int of) {
    return static_cast<int>(static_cast<std::int64_t>(i) * in / of);
  };
  const auto behind = [](int i, int in, int of) {
    return static_cast<int>((static_cast<std::int64_t>(i + 1) * in + of - 1) / of);
  };
  const auto row_values = static_cast<std::size_t>(region.width) * 3;
  std::vector<std::uint32_t> columns(row_values);
  out += std::ptrdiff_t{from} * size.width * 3;
  for (int y = from; y < to; ++y) {
    const int top = first(y, region.height, size.height);
    const int bottom = behind(y, region.height, size.height);
    std::fill(columns.begin(), columns.end(), 0U);
    for (int row = top; row < bottom; ++row) {
      const std::uint8_t* in = rgb.ptr(region.y + row) + std::ptrdiff_t{3} * region.x;
      for (std::size_t i = 0; i < row_values; ++i) columns[i] += in[i];
    }
    for (int x = 0; x < size.width; ++x) {
      const int left = first(x, region.width, size.width);
      const int right = behind(x, region.width, size.width);
      std::array<std::uint32_t, 3> sum{};
      const std::uint32_t* column = columns.data() + std::ptrdiff_t{3} * left;
      for (int i = left; i < right; ++i, column += 3) {
        for (std::size_t c = 0; c < 3; ++c) sum[c] += column[c];
      }
      const auto count = static_cast<float>((right - left) * (bottom - top));
      for (const std::uint32_t value : sum) {
        *out++ = (static_cast<float>(value) / count - 127.5F) * 0.0078125F;
      }
    }
  }
}

// Means over areas with whole pixels at their edges, as PyTorch's interpolate(mode="area"), then
// (value - 127.5) / 128. out: [size.height, size.width, 3].
void resample(const cv::Mat& rgb, const cv::Rect& region, const cv::Size& size, float* out) {
  // The pictures of the pyramid are worth a second thread, crops of candidates are not.
  constexpr int kPixelsOfThread = 20000;
  const int rows_of_thread = std::max(1, kPixelsOfThread / std::max(1, size.width));
  at::parallel_for(0, size.height, rows_of_thread, [&](std::int64_t from, std::int64_t to) {
    resample_rows(rgb, region, size, static_cast<int>(from), static_cast<int>(to), out);
  });
}

class MtcnnDetector : public FaceDetector {
 public:
  MtcnnDetector(TensorSource& source, const MtcnnOptions& options)
      : nets_(source), options_(options) {
    source.require_empty();
    nets_.fill_vectors();
  }

  std::vector<FaceDetection> detect(const cv::Mat& rgb, int min_size) override {
    DFD_CHECK(rgb.type() == CV_8UC3);
    const c10::InferenceMode guard;
    std::vector<Candidate> candidates = propose(rgb, std::max(1, min_size));
    refine(rgb, candidates);
    finalize(rgb, candidates);
    std::vector<FaceDetection> faces;
    faces.reserve(candidates.size());
    for (const Candidate& c : candidates) {
      faces.push_back({{c.left, c.top, c.width(), c.height()}, c.score, c.landmarks});
    }
    sort_largest_first(faces);
    return faces;
  }

  std::string name() const override { return "mtcnn"; }

  // Nine in ten faces of eight real clips were found with 0.98 and more; what was found with less
  // than 0.8 was mostly no face.
  float least_confidence() const override { return 0.9F; }

  int comfortable_size() const override { return kComfortableSize; }

 private:
  // Measured, together with kLiveMtcnn: docs/lab/faces.md.
  static constexpr int kComfortableSize = 28;

  std::vector<Candidate> propose(const cv::Mat& rgb, int min_size) const {
    std::vector<Candidate> all;
    double scale = static_cast<double>(kCell) / min_size;
    double shorter = std::min(rgb.cols, rgb.rows) * scale;
    for (; shorter >= kCell; scale *= options_.factor, shorter *= options_.factor) {
      std::vector<Candidate> level = propose_level(rgb, scale);
      suppress(level, 0.5F, Overlap::kUnion);
      all.insert(all.end(), level.begin(), level.end());
    }
    suppress(all, 0.7F, Overlap::kUnion);
    for (Candidate& candidate : all) {
      correct(candidate, 0);
      make_square(candidate);
    }
    return all;
  }

  std::vector<Candidate> propose_level(const cv::Mat& rgb, double scale) const {
    const cv::Size size(static_cast<int>(rgb.cols * scale + 1),
                        static_cast<int>(rgb.rows * scale + 1));
    at::Tensor pixels = at::empty({1, size.height, size.width, 3}, at::kFloat);
    resample(rgb, {0, 0, rgb.cols, rgb.rows}, size, pixels.data_ptr<float>());
    const MtcnnNets::Output found = nets_.propose(pixels.permute({0, 3, 1, 2}));
    const at::Tensor probability = found.probability.contiguous();
    const at::Tensor correction = found.correction.contiguous();
    const auto score = probability.accessor<float, 3>();
    const auto corners = correction.accessor<float, 4>();
    std::vector<Candidate> candidates;
    for (std::int64_t y = 0; y < score.size(1); ++y) {
      for (std::int64_t x = 0; x < score.size(2); ++x) {
        if (score[0][y][x] < options_.thresholds[0]) continue;
        const auto edge = [&](std::int64_t cell, int offset) {
          return std::floor(static_cast<float>(2 * cell + offset) / static_cast<float>(scale));
        };
        Candidate candidate{edge(x, 1), edge(y, 1), edge(x, kCell), edge(y, kCell), score[0][y][x],
                            {},         {}};
        for (int i = 0; i < 4; ++i) {
          candidate.correction[static_cast<std::size_t>(i)] = corners[0][i][y][x];
        }
        candidates.push_back(candidate);
      }
    }
    if (candidates.size() > kMostProposals) {
      std::partial_sort(candidates.begin(), candidates.begin() + kMostProposals, candidates.end(),
                        [](const auto& a, const auto& b) { return a.score > b.score; });
      candidates.resize(kMostProposals);
    }
    return candidates;
  }

  // Runs a net over the candidates' crops of side x side pixels; those without pixels are dropped.
  template <typename Run>
  MtcnnNets::Output run(const cv::Mat& rgb, std::vector<Candidate>& candidates, int side,
                        const Run& net) const {
    const auto outside = [&](const Candidate& c) { return pixels_of(c, rgb).empty(); };
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(), outside),
                     candidates.end());
    std::vector<at::Tensor> probabilities, corrections, landmarks;
    for (std::size_t first = 0, count = 0; first < candidates.size(); first += count) {
      count = crops_at_once(candidates.size() - first);
      at::Tensor crops =
          at::zeros({padded_size(static_cast<std::int64_t>(count)), side, side, 3}, at::kFloat);
      auto* out = crops.data_ptr<float>();
      for (std::size_t i = 0; i < count; ++i) {
        resample(rgb, pixels_of(candidates[first + i], rgb), {side, side},
                 out + i * static_cast<std::size_t>(side * side * 3));
      }
      const MtcnnNets::Output part = net(crops.permute({0, 3, 1, 2}));
      const auto filled = [&](const at::Tensor& tensor) {
        return tensor.narrow(0, 0, static_cast<std::int64_t>(count));
      };
      probabilities.push_back(filled(part.probability));
      corrections.push_back(filled(part.correction));
      if (part.landmarks.defined()) landmarks.push_back(filled(part.landmarks));
    }
    if (candidates.empty()) return {};
    return {at::cat(probabilities).contiguous(), at::cat(corrections).contiguous(),
            landmarks.empty() ? at::Tensor() : at::cat(landmarks).contiguous()};
  }

  // Keeps the candidates above the threshold, with their new score and correction.
  static void keep_faces(std::vector<Candidate>& candidates, const MtcnnNets::Output& found,
                         float threshold) {
    std::vector<Candidate> kept;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const float score = found.probability.data_ptr<float>()[i];
      if (!(score > threshold)) continue;
      Candidate candidate = candidates[i];
      candidate.score = score;
      std::copy_n(found.correction.data_ptr<float>() + i * 4, 4, candidate.correction.begin());
      if (found.landmarks.defined()) {
        const float* points = found.landmarks.data_ptr<float>() + i * 10;
        for (std::size_t j = 0; j < 5; ++j) {
          candidate.landmarks[j] = {(candidate.width() + 1) * points[j] + candidate.left - 1,
                                    (candidate.height() + 1) * points[5 + j] + candidate.top - 1};
        }
      }
      kept.push_back(candidate);
    }
    candidates = std::move(kept);
  }

  void refine(const cv::Mat& rgb, std::vector<Candidate>& candidates) const {
    const auto found =
        run(rgb, candidates, 24, [&](const at::Tensor& crops) { return nets_.refine(crops); });
    keep_faces(candidates, found, options_.thresholds[1]);
    suppress(candidates, 0.7F, Overlap::kUnion);
    for (Candidate& candidate : candidates) {
      correct(candidate, 1);
      make_square(candidate);
    }
  }

  void finalize(const cv::Mat& rgb, std::vector<Candidate>& candidates) const {
    const auto found =
        run(rgb, candidates, 48, [&](const at::Tensor& crops) { return nets_.finalize(crops); });
    keep_faces(candidates, found, options_.thresholds[2]);
    for (Candidate& candidate : candidates) correct(candidate, 1);
    suppress(candidates, 0.7F, Overlap::kSmaller);
  }

  MtcnnNets nets_;
  MtcnnOptions options_;
};

}  // namespace

std::unique_ptr<FaceDetector> make_mtcnn_detector(const std::string& path,
                                                  const MtcnnOptions& options) {
  DFD_REQUIRE(options.factor > 0 && options.factor < 1, ErrorCode::kInvalidArgument,
              "factor " << options.factor << ": expected above 0 and below 1");
  const SafetensorsFile file(path);
  require_mtcnn(file);
  TensorSource source(path, read_tensors(file));
  return std::make_unique<MtcnnDetector>(source, options);
}

}  // namespace dfd
