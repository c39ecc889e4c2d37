// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "base/check.h"

namespace dfd {
namespace {

// One output position of a filter: weights over [first, first + weights.size()).
struct Filter {
  int first = 0;
  std::vector<int> weights;
};

// Weights of areas are counted in units of 2^-12: twice that and 8 bits fit 32.
constexpr int kAreaBits = 12;

// The pixels under each output pixel, weighted by how much of them lies there.
std::vector<Filter> area_filters(int from, int to) {
  std::vector<Filter> filters(static_cast<std::size_t>(to));
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    Filter& filter = filters[static_cast<std::size_t>(i)];
    const double begin = i * scale;
    const double end = std::min((i + 1) * scale, static_cast<double>(from));
    filter.first = std::min(static_cast<int>(begin), from - 1);
    int given = 0;
    for (int x = filter.first; x < end && x < from; ++x) {
      const double covered = std::min(x + 1.0, end) - begin;
      const int so_far = static_cast<int>(std::lround(covered / (end - begin) * (1 << kAreaBits)));
      filter.weights.push_back(so_far - given);
      given = so_far;
    }
  }
  return filters;
}

template <int kChannels>
void finish_row(const std::vector<std::uint32_t>& sums, const std::vector<Filter>& columns,
                std::uint8_t* out) {
  for (const Filter& column : columns) {
    std::array<std::uint32_t, kChannels> value;
    value.fill(1U << (2 * kAreaBits - 1));
    const std::uint32_t* in = sums.data() + std::ptrdiff_t{kChannels} * column.first;
    for (const int weight : column.weights) {
      for (auto& sum : value) sum += *in++ * static_cast<std::uint32_t>(weight);
    }
    for (const std::uint32_t sum : value) *out++ = static_cast<std::uint8_t>(sum >> 2 * kAreaBits);
  }
}

template <int kChannels>
cv::Mat average_pixels(const cv::Mat& picture, const cv::Size& size) {
  const std::vector<Filter> rows = area_filters(picture.rows, size.height);
  const std::vector<Filter> columns = area_filters(picture.cols, size.width);
  cv::Mat reduced(size, CV_8UC(kChannels));
  const auto row_bytes = static_cast<std::size_t>(picture.cols) * kChannels;
  std::vector<std::uint32_t> sums(row_bytes);
  for (int y = 0; y < size.height; ++y) {
    const Filter& row = rows[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 0U);
    for (std::size_t i = 0; i < row.weights.size(); ++i) {
      const auto* in = picture.ptr<std::uint8_t>(row.first + static_cast<int>(i));
      const auto weight = static_cast<std::uint32_t>(row.weights[i]);
      for (std::size_t x = 0; x < row_bytes; ++x) sums[x] += in[x] * weight;
    }
    finish_row<kChannels>(sums, columns, reduced.ptr<std::uint8_t>(y));
  }
  return reduced;
}

// Pillow counts weights in units of 2^-22 so that 8-bit sums fit 32 bits.
constexpr int kFilterBits = 32 - 8 - 2;

std::vector<Filter> triangle_filters(int from, int to) {
  const double scale = static_cast<double>(from) / to;
  const double support = std::max(scale, 1.0);
  std::vector<Filter> filters(static_cast<std::size_t>(to));
  for (int i = 0; i < to; ++i) {
    Filter& filter = filters[static_cast<std::size_t>(i)];
    const double center = (i + 0.5) * scale;
    filter.first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), from);
    std::vector<double> weights;
    double sum = 0;
    for (int x = filter.first; x < last; ++x) {
      weights.push_back(std::max(0.0, 1 - std::abs((x - center + 0.5) / support)));
      sum += weights.back();
    }
    for (const double weight : weights) {
      filter.weights.push_back(static_cast<int>(weight / sum * (1 << kFilterBits) + 0.5));
    }
  }
  return filters;
}

std::uint8_t round_sum(int sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kFilterBits, 0, 255));
}

cv::Mat resize_rows(const cv::Mat& rgb, int width) {
  if (rgb.cols == width) return rgb;
  const std::vector<Filter> filters = triangle_filters(rgb.cols, width);
  cv::Mat out(rgb.rows, width, CV_8UC3);
  for (int y = 0; y < rgb.rows; ++y) {
    const auto* in = rgb.ptr<std::uint8_t>(y);
    auto* pixel = out.ptr<std::uint8_t>(y);
    for (const Filter& filter : filters) {
      int red = 1 << (kFilterBits - 1);
      int green = red;
      int blue = red;
      const std::uint8_t* source = in + std::ptrdiff_t{3} * filter.first;
      for (const int weight : filter.weights) {
        red += source[0] * weight;
        green += source[1] * weight;
        blue += source[2] * weight;
        source += 3;
      }
      pixel[0] = round_sum(red);
      pixel[1] = round_sum(green);
      pixel[2] = round_sum(blue);
      pixel += 3;
    }
  }
  return out;
}

cv::Mat resize_columns(const cv::Mat& rgb, int height) {
  if (rgb.rows == height) return rgb;
  const std::vector<Filter> filters = triangle_filters(rgb.rows, height);
  cv::Mat out(height, rgb.cols, CV_8UC3);
  const int bytes = rgb.cols * 3;
  std::vector<int> sums(static_cast<std::size_t>(bytes));
  for (int y = 0; y < height; ++y) {
    const Filter& filter = filters[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 1 << (kFilterBits - 1));
    for (std::size_t i = 0; i < filter.weights.size(); ++i) {
      const auto* in = rgb.ptr<std::uint8_t>(filter.first + static_cast<int>(i));
      const int weight = filter.weights[i];
      for (int x = 0; x < bytes; ++x) sums[static_cast<std::size_t>(x)] += in[x] * weight;
    }
    std::transform(sums.begin(), sums.end(), out.ptr<std::uint8_t>(y), round_sum);
  }
  return out;
}

}  // namespace

cv::Mat average_areas(const cv::Mat& picture, const cv::Size& size) {
  DFD_CHECK(picture.depth() == CV_8U && size.width <= picture.cols && size.height <= picture.rows);
  switch (picture.channels()) {
    case 1:
      return average_pixels<1>(picture, size);
    case 2:
      return average_pixels<2>(picture, size);
    case 3:
      return average_pixels<3>(picture, size);
    default:
      return average_pixels<4>(picture, size);
  }
}

cv::Mat average_areas(const ReadRow& row, const cv::Size& from, const cv::Size& size) {
  const std::vector<Filter> rows = area_filters(from.height, size.height);
  const std::vector<Filter> columns = area_filters(from.width, size.width);
  cv::Mat reduced(size, CV_8U);
  std::vector<std::uint16_t> values(static_cast<std::size_t>(from.width));
  std::vector<std::uint32_t> sums(values.size());
  for (int y = 0; y < size.height; ++y) {
    const Filter& filter = rows[static_cast<std::size_t>(y)];
    std::fill(sums.begin(), sums.end(), 0U);
    for (std::size_t i = 0; i < filter.weights.size(); ++i) {
      row(filter.first + static_cast<int>(i), values.data());
      const auto weight = static_cast<std::uint32_t>(filter.weights[i]);
      for (std::size_t x = 0; x < values.size(); ++x) sums[x] += values[x] * weight;
    }
    for (std::uint32_t& sum : sums) sum = (sum + 2) >> 2;  // To 8 bits, so that 32 suffice.
    finish_row<1>(sums, columns, reduced.ptr<std::uint8_t>(y));
  }
  return reduced;
}

cv::Mat resize_bilinear(const cv::Mat& rgb, const cv::Size& size) {
  DFD_CHECK(rgb.type() == CV_8UC3 && !rgb.empty() && !size.empty());
  return resize_columns(resize_rows(rgb, size.width), size.height);
}

}  // namespace dfd
