// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The arithmetic of the CUDA kernels, run by the host's compiler, against the CPU's pictures.
// Frames are noise, the hardest content there is: neighbouring pixels differ by 85 levels on
// average.

#include "cuda/crop_pixel.h"

#include <cmath>
#include <random>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "backbone/inception_resnet_v1.h"
#include "backbone/input.h"
#include "base/picture.h"
#include "cuda/crop_task.h"

namespace dfd {
namespace {

static_assert(std::is_trivially_copyable_v<CropTask>, "it is copied to the device as bytes");

constexpr PixelFormat kFormats[] = {PixelFormat::kI420, PixelFormat::kYv12, PixelFormat::kNv12,
                                    PixelFormat::kRgb,  PixelFormat::kBgr,  PixelFormat::kRgbx,
                                    PixelFormat::kBgrx, PixelFormat::kXrgb, PixelFormat::kXbgr};

struct Noise {
  std::vector<std::uint8_t> bytes;
  FrameView view;
};

// Bytes in a row and rows.
std::vector<cv::Size> planes_of(PixelFormat format, int width, int height) {
  const cv::Size half((width + 1) / 2, (height + 1) / 2);
  switch (format) {
    case PixelFormat::kI420:
    case PixelFormat::kYv12:
      return {{width, height}, half, half};
    case PixelFormat::kNv12:
      return {{width, height}, {2 * half.width, half.height}};
    case PixelFormat::kRgb:
    case PixelFormat::kBgr:
      return {{3 * width, height}};
    default:
      return {{4 * width, height}};
  }
}

// Rows are longer than they need be, by a different length in each plane.
Noise noise(PixelFormat format, int width, int height, const ColorEncoding& color = {}) {
  Noise frame;
  frame.view.width = width;
  frame.view.height = height;
  frame.view.format = format;
  frame.view.color = color;
  const std::vector<cv::Size> planes = planes_of(format, width, height);
  std::vector<std::size_t> starts;
  std::size_t size = 0;
  for (std::size_t i = 0; i < planes.size(); ++i) {
    starts.push_back(size);
    frame.view.planes[i].stride = planes[i].width + 3 + 2 * static_cast<int>(i);
    size += static_cast<std::size_t>(frame.view.planes[i].stride * planes[i].height);
  }
  std::mt19937 random(static_cast<unsigned>(width * 1000 + height));
  frame.bytes.resize(size);
  for (auto& byte : frame.bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t i = 0; i < planes.size(); ++i) {
    frame.view.planes[i].data = frame.bytes.data() + starts[i];
  }
  return frame;
}

// pixel: (x, y, float rgb[3]).
template <typename Pixel>
cv::Mat picture_of(const cv::Size& size, const Pixel& pixel) {
  cv::Mat picture(size, CV_8UC3);
  bool whole_bytes = true;
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      float rgb[3];
      pixel(x, y, rgb);
      for (int i = 0; i < 3; ++i) {
        whole_bytes = whole_bytes && rgb[i] >= 0 && rgb[i] <= 255 && rgb[i] == std::floor(rgb[i]);
        picture.at<cv::Vec3b>(y, x)[i] = static_cast<std::uint8_t>(rgb[i]);
      }
    }
  }
  EXPECT_TRUE(whole_bytes);
  return picture;
}

cv::Mat crop_of(const CropTask& task, int size) {
  return picture_of({size, size}, [&](int x, int y, float* rgb) { crop_pixel(task, x, y, rgb); });
}

cv::Mat crop_of(const CropPlan& plan, const InputRule& rule) {
  return crop_of(make_task(plan.view, plan.region, grid_of(plan, rule)), rule.size);
}

CropTask whole_task(const FrameView& view) {
  const cv::Rect whole(0, 0, view.width, view.height);
  return make_task(view, whole, {whole.size(), std::nullopt});
}

struct Difference {
  double mean, most;
};

Difference difference(const cv::Mat& a, const cv::Mat& b) {
  EXPECT_EQ(a.size(), b.size());
  return {cv::norm(a, b, cv::NORM_L1) / static_cast<double>(a.total() * 3),
          cv::norm(a, b, cv::NORM_INF)};
}

std::vector<ColorEncoding> encodings() {
  std::vector<ColorEncoding> found;
  for (const ChromaSite site : {ChromaSite::kLeft, ChromaSite::kCenter, ChromaSite::kTopLeft}) {
    for (const bool full : {false, true}) {
      found.push_back({0.299, 0.114, full, site});
      found.push_back({0.2126, 0.0722, full, site});
    }
  }
  return found;
}

TEST(FramePixel, EqualsRgbRegionInEveryFormatAndEncoding) {
  for (const PixelFormat format : kFormats) {
    for (const ColorEncoding& color : encodings()) {
      for (const cv::Size size : {cv::Size(34, 22), {33, 21}, {1, 1}, {2, 3}}) {
        const Noise frame = noise(format, size.width, size.height, color);
        const CropTask task = whole_task(frame.view);
        const cv::Mat found =
            picture_of(size, [&](int x, int y, float* rgb) { frame_pixel(task, x, y, rgb); });
        const cv::Mat expected = rgb_region(frame.view, {0, 0, size.width, size.height});
        EXPECT_EQ(difference(found, expected).most, 0)
            << static_cast<int>(format) << " " << color.kr << " " << color.full_range << " "
            << static_cast<int>(color.chroma_site) << " " << size;
      }
    }
  }
}

TEST(CropPixel, StretchedIsMakeCropWithinALevel) {
  // The CPU rounds to 8 bits between rows and columns, the kernel only at the end.
  const cv::Rect regions[] = {
      {40, 30, 64, 64},      // Enlarged.
      {11, 7, 400, 400},     // Reduced.
      {100, 3, 300, 90},     // Both.
      {0, 0, 431, 417},      // The whole frame.
      {290, 280, 141, 137},  // Its last corner.
      {50, 60, 160, 160},    // As large as the crop.
      {7, 9, 1, 1},
  };
  for (const PixelFormat format : kFormats) {
    const Noise frame = noise(format, 431, 417);
    for (const cv::Rect& region : regions) {
      const CropPlan plan{frame.view, region, std::nullopt};
      const Difference found =
          difference(crop_of(plan, facenet_input()), make_crop(plan, facenet_input()));
      EXPECT_LE(found.most, 1) << region << " " << static_cast<int>(format);
      EXPECT_LE(found.mean, 0.25) << region << " " << static_cast<int>(format);
    }
  }
}

FaceLandmarks landmarks_of(const cv::Point2d& middle, double size, double degrees) {
  const cv::Point2d places[] = {
      {-0.16, -0.04}, {0.16, -0.04}, {0, 0.14}, {-0.13, 0.32}, {0.13, 0.32}};
  const double angle = degrees * CV_PI / 180;
  FaceLandmarks landmarks;
  for (std::size_t i = 0; i < landmarks.size(); ++i) {
    const double x = places[i].x * size;
    const double y = places[i].y * size;
    landmarks[i] = {static_cast<float>(middle.x + x * std::cos(angle) - y * std::sin(angle)),
                    static_cast<float>(middle.y + x * std::sin(angle) + y * std::cos(angle))};
  }
  return landmarks;
}

TEST(CropPixel, AlignedIsMakeCropUpToItsInterpolation) {
  // OpenCV's warpAffine takes pixels from places rounded to 1/32 of a pixel. In noise that makes
  // 0.9 levels on average and 7 at most; in pictures of faces, far less.
  InputRule rule = facenet_input();
  rule.crop = CropRule::kAligned;
  rule.margin = 1.3;
  struct Face {
    cv::Point2d middle;
    double size, degrees;
  };
  const Face faces[] = {
      {{200, 210}, 50, 20},    // Enlarged.
      {{220, 200}, 123, -35},  // As large as the crop.
      {{215, 205}, 260, 180},  // Reduced.
      {{10, 200}, 200, 0},     // Partly outside: mirrored.
      {{400, 400}, 150, 33},   // At a corner.
      {{200, 10}, 700, -70},   // Larger than the frame: mirrored several times.
  };
  for (const PixelFormat format : {PixelFormat::kNv12, PixelFormat::kYv12, PixelFormat::kBgrx}) {
    const Noise frame = noise(format, 431, 417);
    for (const Face& face : faces) {
      const auto plan =
          plan_face(frame.view, {}, landmarks_of(face.middle, face.size, face.degrees), rule);
      ASSERT_TRUE(plan.has_value());
      const Difference found = difference(crop_of(*plan, rule), make_crop(*plan, rule));
      EXPECT_LE(found.mean, 1) << face.middle << " " << static_cast<int>(format);
      EXPECT_LE(found.most, 8) << face.middle << " " << static_cast<int>(format);
    }
  }
}

TEST(PlanFromPixels, IsTheSameCropOfAFrameThatTheKernelDoesNotRead) {
  Noise frame = noise(PixelFormat::kI420, 431, 417);
  EXPECT_TRUE(is_read_by_kernel(frame.view));
  frame.view.orientation = Orientation::kRotate90;
  EXPECT_FALSE(is_read_by_kernel(frame.view));
  InputRule aligned = facenet_input();
  aligned.crop = CropRule::kAligned;
  aligned.margin = 1.3;
  for (const InputRule& rule : {facenet_input(), aligned}) {
    const auto plan =
        plan_face(frame.view, {150, 140, 90, 110}, landmarks_of({10, 200}, 200, 20), rule);
    ASSERT_TRUE(plan.has_value());
    const cv::Mat pixels = rgb_region(plan->view, plan->region);
    const CropPlan same = plan_from_pixels(*plan, pixels);
    EXPECT_TRUE(is_read_by_kernel(same.view));
    EXPECT_EQ(difference(make_crop(same, rule), make_crop(*plan, rule)).most, 0);
    EXPECT_LE(difference(crop_of(same, rule), make_crop(*plan, rule)).mean, 1);
  }
}

TEST(ReadByKernel, AreOneByteFormatsOfProgressiveStandardRange) {
  FrameView view;
  for (const PixelFormat format : kFormats) {
    view.format = format;
    EXPECT_TRUE(is_read_by_kernel(view)) << static_cast<int>(format);
  }
  for (const PixelFormat format : {PixelFormat::kP010, PixelFormat::kUyvy, PixelFormat::kGray8}) {
    view.format = format;
    EXPECT_FALSE(is_read_by_kernel(view)) << static_cast<int>(format);
  }
  view.format = PixelFormat::kNv12;
  view.interlaced = true;
  EXPECT_FALSE(is_read_by_kernel(view));
  view.interlaced = false;
  view.color.transfer = Transfer::kPq;
  EXPECT_FALSE(is_read_by_kernel(view));
}

TEST(ReducedPixel, IsReducedRgbUpToRounding) {
  // The CPU counts weights in units of 2^-12, so an average may round to its neighbour; one level
  // of luma and one of chroma make up to 4 of blue.
  for (const PixelFormat format : kFormats) {
    const Noise frame = noise(format, 97, 61);
    for (const cv::Rect region : {cv::Rect(0, 0, 97, 61), {12, 6, 50, 41}, {40, 30, 57, 31}}) {
      const CropTask task = make_task(frame.view, region, {region.size(), std::nullopt});
      // Chroma of the larger ones is stretched.
      for (const cv::Size size : {cv::Size(48, 30), {40, 20}, {17, 26}, {7, 5}, {1, 1}}) {
        const cv::Mat picture = picture_of(size, [&](int x, int y, float* rgb) {
          reduced_pixel(task, size.width, size.height, x, y, rgb);
        });
        const Difference found = difference(picture, reduced_rgb(frame.view, region, size));
        EXPECT_LE(found.mean, 0.25) << region << size << static_cast<int>(format);
        EXPECT_LE(found.most, 4) << region << size << static_cast<int>(format);
      }
    }
  }
}

TEST(NeededParts, AreAllThatACropReads) {
  for (const PixelFormat format : kFormats) {
    for (const ColorEncoding& color : encodings()) {
      const Noise frame = noise(format, 61, 47, color);
      for (const cv::Rect region :
           {cv::Rect(0, 0, 61, 47), {13, 11, 22, 17}, {12, 10, 1, 1}, {40, 30, 21, 17}}) {
        const CropGrid grid{{20, 20}, std::nullopt};
        // Each part in memory of its own size: a byte read beyond it is a sanitizer's to find.
        std::vector<std::vector<std::uint8_t>> copies;
        FrameView view = frame.view;
        PlaneOrigins origins;
        for (const PlanePart& part : needed_parts(frame.view, region)) {
          copies.emplace_back(part.bytes());
          copy_part(frame.view, part, copies.back().data());
          view.planes[part.plane] = {copies.back().data(),
                                     static_cast<std::ptrdiff_t>(part.row_bytes())};
          origins[part.plane] = part.samples.tl();
        }
        const Difference found = difference(crop_of(make_task(view, region, grid, origins), 20),
                                            crop_of(make_task(frame.view, region, grid), 20));
        EXPECT_EQ(found.most, 0) << static_cast<int>(format) << " " << region;
      }
    }
  }
}

}  // namespace
}  // namespace dfd
