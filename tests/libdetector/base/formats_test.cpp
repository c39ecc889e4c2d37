// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The same samples in all formats, and all ways to look at a frame.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <opencv2/core.hpp>

#include "base/color.h"
#include "base/picture.h"
#include "detector/error.h"

namespace dfd {
namespace {

constexpr PixelFormat kYuvFormats[] = {
    PixelFormat::kI420,    PixelFormat::kYv12, PixelFormat::kNv12,  PixelFormat::kNv21,
    PixelFormat::kY42b,    PixelFormat::kNv16, PixelFormat::kUyvy,  PixelFormat::kYuy2,
    PixelFormat::kYvyu,    PixelFormat::kY444, PixelFormat::kGray8, PixelFormat::kI420p10,
    PixelFormat::kI422p10, PixelFormat::kP010, PixelFormat::kV210};
constexpr int kWidth = 37;
constexpr int kHeight = 23;

// Samples of 10 bits, CV_16U; of 8-bit formats the upper eight are taken.
struct Samples {
  cv::Mat luma, cb, cr;
};

Samples make_samples(int shift_x, int shift_y, int unit) {
  cv::RNG random(11);
  const auto plane = [&](int width, int height) {
    cv::Mat values(height, width, CV_16U);
    random.fill(values, cv::RNG::UNIFORM, 16, 240);
    return cv::Mat(values * (4 / unit) * unit);
  };
  const int width = (kWidth + shift_x) >> shift_x;
  const int height = (kHeight + shift_y) >> shift_y;
  return {plane(kWidth, kHeight), plane(width, height), plane(width, height)};
}

// Owns the bytes of a frame.
class Stored {
 public:
  Stored(PixelFormat format, const Samples& samples) {
    view.width = kWidth;
    view.height = kHeight;
    view.format = format;
    switch (format) {
      case PixelFormat::kI420:
      case PixelFormat::kY42b:
      case PixelFormat::kY444:
        add_bytes(0, {samples.luma});
        add_bytes(1, {samples.cb});
        add_bytes(2, {samples.cr});
        break;
      case PixelFormat::kYv12:
        add_bytes(0, {samples.luma});
        add_bytes(1, {samples.cr});
        add_bytes(2, {samples.cb});
        break;
      case PixelFormat::kNv12:
      case PixelFormat::kNv16:
        add_bytes(0, {samples.luma});
        add_bytes(1, {samples.cb, samples.cr});
        break;
      case PixelFormat::kNv21:
        add_bytes(0, {samples.luma});
        add_bytes(1, {samples.cr, samples.cb});
        break;
      case PixelFormat::kGray8:
        add_bytes(0, {samples.luma});
        break;
      case PixelFormat::kUyvy:
        add_packed(samples, {1, 0, 2});
        break;
      case PixelFormat::kYuy2:
        add_packed(samples, {0, 1, 3});
        break;
      case PixelFormat::kYvyu:
        add_packed(samples, {0, 3, 1});
        break;
      case PixelFormat::kI420p10:
      case PixelFormat::kI422p10:
        add_pairs(0, {samples.luma}, 0);
        add_pairs(1, {samples.cb}, 0);
        add_pairs(2, {samples.cr}, 0);
        break;
      case PixelFormat::kP010:
        add_pairs(0, {samples.luma}, 6);
        add_pairs(1, {samples.cb, samples.cr}, 6);
        break;
      case PixelFormat::kV210:
        add_v210(samples);
        break;
      default:
        ADD_FAILURE() << "no such format here";
    }
  }
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;

  FrameView view;

 private:
  // Rows end on some bytes that mean nothing.
  static constexpr std::size_t kPadding = 5;

  std::uint8_t* add(std::size_t plane, std::size_t row_bytes, int rows) {
    auto& bytes = planes_[plane];
    bytes.assign((row_bytes + kPadding) * static_cast<std::size_t>(rows), 77);
    view.planes[plane] = {bytes.data(), static_cast<std::ptrdiff_t>(row_bytes + kPadding)};
    return bytes.data();
  }

  void add_bytes(std::size_t plane, const std::vector<cv::Mat>& in_turns) {
    const std::size_t count = in_turns.size();
    std::uint8_t* start =
        add(plane, static_cast<std::size_t>(in_turns[0].cols) * count, in_turns[0].rows);
    for (int y = 0; y < in_turns[0].rows; ++y) {
      std::uint8_t* row = start + y * view.planes[plane].stride;
      for (int x = 0; x < in_turns[0].cols; ++x) {
        for (const cv::Mat& values : in_turns) {
          *row++ = static_cast<std::uint8_t>(values.at<std::uint16_t>(y, x) >> 2);
        }
      }
    }
  }

  void add_pairs(std::size_t plane, const std::vector<cv::Mat>& in_turns, int shift) {
    const std::size_t count = in_turns.size();
    std::uint8_t* start =
        add(plane, static_cast<std::size_t>(in_turns[0].cols) * count * 2, in_turns[0].rows);
    for (int y = 0; y < in_turns[0].rows; ++y) {
      std::uint8_t* row = start + y * view.planes[plane].stride;
      for (int x = 0; x < in_turns[0].cols; ++x) {
        for (const cv::Mat& values : in_turns) {
          const int value = values.at<std::uint16_t>(y, x) << shift;
          *row++ = static_cast<std::uint8_t>(value & 255);
          *row++ = static_cast<std::uint8_t>(value >> 8);
        }
      }
    }
  }

  // Bytes from a pair's first to its first luma sample, and to its chroma.
  struct Order {
    int luma, cb, cr;
  };
  void add_packed(const Samples& samples, const Order& order) {
    const int pairs = (kWidth + 1) / 2;
    std::uint8_t* start = add(0, static_cast<std::size_t>(pairs) * 4, kHeight);
    for (int y = 0; y < kHeight; ++y) {
      std::uint8_t* row = start + y * view.planes[0].stride;
      for (int x = 0; x < kWidth; ++x) {
        row[2 * x + order.luma] =
            static_cast<std::uint8_t>(samples.luma.at<std::uint16_t>(y, x) >> 2);
      }
      for (int x = 0; x < pairs; ++x) {
        row[4 * x + order.cb] = static_cast<std::uint8_t>(samples.cb.at<std::uint16_t>(y, x) >> 2);
        row[4 * x + order.cr] = static_cast<std::uint8_t>(samples.cr.at<std::uint16_t>(y, x) >> 2);
      }
    }
  }

  // Written as SMPTE's order of samples reads: Cb Y Cr Y Cb Y Cr ..., three to a word.
  void add_v210(const Samples& samples) {
    const int groups = (kWidth + 5) / 6;
    std::uint8_t* start = add(0, static_cast<std::size_t>(groups) * 16, kHeight);
    for (int y = 0; y < kHeight; ++y) {
      std::vector<std::uint32_t> order;
      for (int x = 0; x < groups * 6; ++x) {
        const cv::Mat& chroma = x % 2 == 0 ? samples.cb : samples.cr;
        const int column = std::min(x / 2, chroma.cols - 1);
        order.push_back(chroma.at<std::uint16_t>(y, column));
        order.push_back(samples.luma.at<std::uint16_t>(y, std::min(x, kWidth - 1)));
      }
      std::uint8_t* row = start + y * view.planes[0].stride;
      for (std::size_t i = 0; i < order.size(); i += 3) {
        const std::uint32_t word = order[i] | order[i + 1] << 10 | order[i + 2] << 20;
        for (int byte = 0; byte < 4; ++byte) *row++ = static_cast<std::uint8_t>(word >> 8 * byte);
      }
    }
  }

  std::array<std::vector<std::uint8_t>, 3> planes_;
};

Samples samples_for(PixelFormat format) {
  switch (format) {
    case PixelFormat::kY444:
      return make_samples(0, 0, 4);
    case PixelFormat::kY42b:
    case PixelFormat::kNv16:
    case PixelFormat::kUyvy:
    case PixelFormat::kYuy2:
    case PixelFormat::kYvyu:
      return make_samples(1, 0, 4);
    case PixelFormat::kI422p10:
    case PixelFormat::kV210:
      return make_samples(1, 0, 1);
    default:
      return make_samples(1, 1, 4);
  }
}

cv::Mat whole(const FrameView& view) { return rgb_region(view, {{}, upright_size(view)}); }

double difference(const cv::Mat& a, const cv::Mat& b) {
  return a.size() == b.size() ? cv::norm(a, b, cv::NORM_INF) : 256;
}

void expect_same(PixelFormat format, PixelFormat reference, const Samples& samples) {
  const Stored one(format, samples);
  const Stored other(reference, samples);
  EXPECT_EQ(difference(whole(one.view), whole(other.view)), 0) << static_cast<int>(format);
  for (const cv::Size size : {cv::Size(20, 11), {9, 5}, {31, 20}}) {
    EXPECT_LE(difference(reduced_rgb(one.view, size), reduced_rgb(other.view, size)), 1)
        << static_cast<int>(format) << size;
  }
}

TEST(Formats, WithTheSameSamplesAreTheSamePicture) {
  const Samples quarter = make_samples(1, 1, 4);
  for (const PixelFormat format : {PixelFormat::kYv12, PixelFormat::kNv12, PixelFormat::kNv21,
                                   PixelFormat::kI420p10, PixelFormat::kP010}) {
    expect_same(format, PixelFormat::kI420, quarter);
  }
  const Samples half = make_samples(1, 0, 4);
  for (const PixelFormat format : {PixelFormat::kNv16, PixelFormat::kUyvy, PixelFormat::kYuy2,
                                   PixelFormat::kYvyu, PixelFormat::kI422p10, PixelFormat::kV210}) {
    expect_same(format, PixelFormat::kY42b, half);
  }
}

TEST(Formats, TenBitsAreReadWhole) {
  const Samples fine = make_samples(1, 0, 1);
  expect_same(PixelFormat::kV210, PixelFormat::kI422p10, fine);
  const Samples grey{cv::Mat(kHeight, kWidth, CV_16U, cv::Scalar(501)),
                     cv::Mat(kHeight, (kWidth + 1) / 2, CV_16U, cv::Scalar(512)),
                     cv::Mat(kHeight, (kWidth + 1) / 2, CV_16U, cv::Scalar(512))};
  // (501 / 4 - 16) * 255 / 219 is 127.2; the upper eight bits alone would give 126.9.
  for (const PixelFormat format : {PixelFormat::kI422p10, PixelFormat::kV210}) {
    const Stored stored(format, grey);
    EXPECT_EQ(whole(stored.view).at<cv::Vec3b>(3, 3), cv::Vec3b(127, 127, 127));
  }
}

TEST(Formats, FullChromaIsTheMatrixOfEachPixel) {
  const Samples samples = make_samples(0, 0, 4);
  const Stored stored(PixelFormat::kY444, samples);
  const cv::Mat picture = whole(stored.view);
  const ColorMatrix matrix(stored.view.color);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const auto value = [&](const cv::Mat& plane) {
        return static_cast<float>(plane.at<std::uint16_t>(y, x) >> 2);
      };
      cv::Vec3b expected;
      matrix.convert(value(samples.luma), value(samples.cb), value(samples.cr), expected.val);
      ASSERT_EQ(picture.at<cv::Vec3b>(y, x), expected) << x << "," << y;
    }
  }
}

TEST(Formats, GreyHasNoColour) {
  const Stored stored(PixelFormat::kGray8, make_samples(0, 0, 4));
  for (const cv::Mat& picture : {whole(stored.view), reduced_rgb(stored.view, {9, 5})}) {
    std::vector<cv::Mat> channels;
    cv::split(picture, channels);
    EXPECT_EQ(difference(channels[0], channels[1]), 0);
    EXPECT_EQ(difference(channels[0], channels[2]), 0);
  }
}

TEST(Formats, ARegionIsAPartOfTheWholeHoweverItIsTurned) {
  for (const PixelFormat format : kYuvFormats) {
    Stored stored(format, samples_for(format));
    for (const bool interlaced : {false, true}) {
      stored.view.interlaced = interlaced;
      for (const Orientation orientation : kOrientations) {
        stored.view.orientation = Orientation::kIdentity;
        const cv::Mat as_stored = whole(stored.view);
        stored.view.orientation = orientation;
        const cv::Mat picture = whole(stored.view);
        EXPECT_EQ(difference(picture, to_upright(as_stored, orientation)), 0);
        const cv::Rect part(5, 3, 16, 19);
        EXPECT_EQ(difference(picture(part), rgb_region(stored.view, part)), 0)
            << static_cast<int>(format) << static_cast<int>(orientation) << interlaced;
      }
    }
  }
}

TEST(Formats, AReducedRegionIsAPartOfTheWholeHoweverItIsTurned) {
  for (const PixelFormat format : kYuvFormats) {
    Stored stored(format, samples_for(format));
    for (const bool interlaced : {false, true}) {
      stored.view.interlaced = interlaced;
      for (const Orientation orientation : kOrientations) {
        stored.view.orientation = orientation;
        const cv::Rect part = whole_samples(stored.view, {5, 3, 16, 19});
        EXPECT_EQ(part | cv::Rect(5, 3, 16, 19), part);
        // As many pixels as the region has: chroma is stretched, luma is as it is.
        const cv::Mat same = reduced_rgb(stored.view, part, part.size());
        cv::Mat grey_of_one;
        cv::Mat grey_of_other;
        cv::transform(same, grey_of_one, cv::Matx13f(0.299F, 0.587F, 0.114F));
        cv::transform(rgb_region(stored.view, part), grey_of_other,
                      cv::Matx13f(0.299F, 0.587F, 0.114F));
        // Colours out of range are cut, so brightness differs where chroma does.
        EXPECT_LE(cv::norm(grey_of_one, grey_of_other, cv::NORM_L1) / part.area(),
                  interlaced ? 30 : 12)
            << static_cast<int>(format) << static_cast<int>(orientation) << interlaced;
      }
    }
  }
}

TEST(Interlaced, TheTopFieldIsRead) {
  for (const PixelFormat format : kYuvFormats) {
    Stored stored(format, samples_for(format));
    stored.view.interlaced = true;
    const cv::Mat picture = whole(stored.view);
    FrameView field = stored.view;
    field.interlaced = false;
    field.height = (kHeight + 1) / 2;
    for (Plane& plane : field.planes) plane.stride *= 2;
    const cv::Mat of_field = whole(field);
    for (int y = 0; y < kHeight; ++y) {
      EXPECT_EQ(difference(picture.row(y), of_field.row(y / 2)), 0) << static_cast<int>(format);
    }
    EXPECT_LE(difference(reduced_rgb(stored.view, {9, 5}), reduced_rgb(field, {9, 5})), 0);
  }
}

TEST(Interlaced, PackedRowsStandForTwo) {
  cv::Mat rgb(7, 5, CV_8UC3);
  cv::RNG(3).fill(rgb, cv::RNG::UNIFORM, 0, 256);
  FrameView view;
  view.width = rgb.cols;
  view.height = rgb.rows;
  view.color.full_range = true;
  view.interlaced = true;
  view.planes[0] = {rgb.data, static_cast<std::ptrdiff_t>(rgb.step)};
  const cv::Mat part = rgb_region(view, {1, 1, 3, 6});
  for (int y = 0; y < part.rows; ++y) {
    const int row = (y + 1) / 2 * 2;
    EXPECT_EQ(difference(part.row(y), rgb(cv::Range(row, row + 1), cv::Range(1, 4))), 0);
  }
  EXPECT_EQ(reduced_rgb(view, {2, 2}).size(), cv::Size(2, 2));
}

TEST(CheckView, KnowsEachFormatsRows) {
  for (const PixelFormat format : kYuvFormats) {
    Stored stored(format, samples_for(format));
    EXPECT_NO_THROW(check_view(stored.view)) << static_cast<int>(format);
    for (Plane& plane : stored.view.planes) {
      if (plane.data == nullptr) continue;
      const Plane kept = plane;
      plane.stride = 17;  // Shorter than any row of chroma that there is.
      EXPECT_THROW(check_view(stored.view), Error) << static_cast<int>(format);
      plane = {nullptr, kept.stride};
      EXPECT_THROW(check_view(stored.view), Error) << static_cast<int>(format);
      plane = kept;
    }
  }
}

}  // namespace
}  // namespace dfd
