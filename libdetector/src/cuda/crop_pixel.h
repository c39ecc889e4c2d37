// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The arithmetic of one output pixel, for a CUDA kernel or the host: base/picture.h and make_crop()
// of backbone/input.h say the same of whole pictures. Colours are R, G, B, whole numbers of [0,
// 255].

#pragma once

#include <math.h>

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#define DFD_HOST_DEVICE __host__ __device__
#else
#define DFD_HOST_DEVICE
#endif

namespace dfd {

// One channel of a frame, whole or cut out of it.
struct CropChannel {
  const std::uint8_t* data;  // The sample (left, top) of the frame's plane; what lies before it is
                             // not there.
  std::ptrdiff_t stride;     // Bytes from one row to the next.
  int step;                  // Bytes from one sample to the next.
  int left, top;
};

// One picture to make. Lies in device memory, where its frame does.
struct CropTask {
  CropChannel channels[3];          // Y', Cb, Cr when subsampled, else R, G, B.
  bool subsampled;                  // Two by two pixels share a chroma sample (4:2:0).
  bool centred_x, centred_y;        // The chroma sample lies between columns, between rows.
  int chroma_width, chroma_height;  // Of the whole frame.
  float offset, scale;              // Of luma or of R, G and B: (sample - offset) * scale.
  float red_cr, green_cb, green_cr, blue_cb;
  int left, top, width, height;  // The part of the frame that is read, in pixels.
  int grid_width, grid_height;   // What it is averaged to first: CropGrid.
  float to_grid[6];              // From crop to grid, from the middle of the first pixel: rows of
                                 // [m | t].
};

namespace pixel {

DFD_HOST_DEVICE inline int least(int a, int b) { return a < b ? a : b; }
DFD_HOST_DEVICE inline int most(int a, int b) { return a < b ? b : a; }
DFD_HOST_DEVICE inline int inside(int value, int size) { return most(0, least(value, size - 1)); }

// Rounded as an 8-bit picture would have it.
DFD_HOST_DEVICE inline float rounded(float value) {
  return floorf(fminf(fmaxf(value + 0.5F, 0.F), 255.F));
}

DFD_HOST_DEVICE inline float sample(const CropChannel& channel, int x, int y) {
  return channel.data[(y - channel.top) * channel.stride +
                      static_cast<std::ptrdiff_t>(x - channel.left) * channel.step];
}

// A position between two samples: first + (second - first) * part.
struct Tap {
  int first, second;
  float part;
};

DFD_HOST_DEVICE inline float sample(const CropChannel& channel, const Tap& x, const Tap& y) {
  const float a = sample(channel, x.first, y.first);
  const float b = sample(channel, x.second, y.first);
  const float left = a + (sample(channel, x.first, y.second) - a) * y.part;
  const float right = b + (sample(channel, x.second, y.second) - b) * y.part;
  return left + (right - left) * x.part;
}

// Where the chroma of a luma column or row lies. centred: between luma 2k and 2k + 1; else on 2k.
DFD_HOST_DEVICE inline Tap chroma_tap(int luma, bool centred, int size) {
  const int k = luma / 2;
  const bool odd = luma % 2 != 0;
  const int first = centred && !odd ? k - 1 : k;
  float part = odd ? 0.5F : 0.F;
  if (centred) part = odd ? 0.25F : 0.75F;
  return {inside(first, size), inside(part > 0.F ? first + 1 : first, size), part};
}

DFD_HOST_DEVICE inline void to_rgb(const CropTask& task, const float samples[3], float rgb[3]) {
  const float first = (samples[0] - task.offset) * task.scale;
  if (task.subsampled) {
    const float cb = samples[1] - 128.F;
    const float cr = samples[2] - 128.F;
    rgb[0] = rounded(first + task.red_cr * cr);
    rgb[1] = rounded(first + task.green_cb * cb + task.green_cr * cr);
    rgb[2] = rounded(first + task.blue_cb * cb);
    return;
  }
  rgb[0] = rounded(first);
  rgb[1] = rounded((samples[1] - task.offset) * task.scale);
  rgb[2] = rounded((samples[2] - task.offset) * task.scale);
}

// OpenCV's BORDER_REFLECT: cba|abc|cba.
DFD_HOST_DEVICE inline int reflected(int index, int size) {
  const int period = 2 * size;
  const int rest = (index % period + period) % period;
  return rest < size ? rest : period - 1 - rest;
}

DFD_HOST_DEVICE inline float triangle(float distance) { return fmaxf(0.F, 1.F - fabsf(distance)); }

// Weights of the region's pixels [first, last) along one axis: the triangle filters of two
// neighbouring cells of the grid, mixed.
struct Filter {
  int first, last;
  float slope;  // Of the triangles' sides: 1 over half their width.
  float center[2], factor[2];
};

DFD_HOST_DEVICE inline float weight(const Filter& filter, int pixel) {
  const float at = static_cast<float>(pixel) + 0.5F;
  return filter.factor[0] * triangle((at - filter.center[0]) * filter.slope) +
         filter.factor[1] * triangle((at - filter.center[1]) * filter.slope);
}

// position: in the grid, counted from the middle of its first cell. The filters are those of
// resize_bilinear().
DFD_HOST_DEVICE inline Filter filter_at(float position, int grid, int pixels) {
  const float scale = static_cast<float>(pixels) / static_cast<float>(grid);
  const float support = fmaxf(scale, 1.F);
  const float cell = floorf(position);
  Filter filter{pixels, 0, 1.F / support, {0.F, 0.F}, {0.F, 0.F}};
  for (int i = 0; i < 2; ++i) {
    const float share = i == 0 ? 1.F - (position - cell) : position - cell;
    if (share <= 0.F) continue;
    const int index = reflected(static_cast<int>(cell) + i, grid);
    const float center = (static_cast<float>(index) + 0.5F) * scale;
    const int first = most(0, static_cast<int>(center - support + 0.5F));
    const int last = least(pixels, static_cast<int>(center + support + 0.5F));
    float sum = 0.F;
    for (int x = first; x < last; ++x) {
      sum += triangle((static_cast<float>(x) + 0.5F - center) * filter.slope);
    }
    filter.center[i] = center;
    filter.factor[i] = share / sum;
    filter.first = least(filter.first, first);
    filter.last = most(filter.last, last);
  }
  return filter;
}

// Of a channel, in its samples.
struct Part {
  int left, top, width, height;
};

// As cv::resize with INTER_LINEAR.
DFD_HOST_DEVICE inline Tap stretched_tap(int index, int to, int from) {
  const float at =
      (static_cast<float>(index) + 0.5F) * static_cast<float>(from) / static_cast<float>(to) - 0.5F;
  const float first = floorf(at);
  const int whole = static_cast<int>(first);
  return {inside(whole, from), inside(whole + 1, from), at - first};
}

// One sample of a part that is averaged over to_width x to_height areas or, where it has fewer
// samples, stretched to them; rounded.
DFD_HOST_DEVICE inline float average(const CropChannel& channel, const Part& part, int to_width,
                                     int to_height, int x, int y) {
  if (to_width > part.width || to_height > part.height) {
    Tap column = stretched_tap(x, to_width, part.width);
    Tap row = stretched_tap(y, to_height, part.height);
    column.first += part.left;
    column.second += part.left;
    row.first += part.top;
    row.second += part.top;
    return rounded(sample(channel, column, row));
  }
  // In units of 1 / to_width of a pixel, areas begin and end at whole numbers.
  const int begin_x = x * part.width;
  const int end_x = begin_x + part.width;
  const int begin_y = y * part.height;
  const int end_y = begin_y + part.height;
  float sum = 0.F;
  for (int row = begin_y / to_height; row * to_height < end_y; ++row) {
    const int height = least((row + 1) * to_height, end_y) - most(row * to_height, begin_y);
    float row_sum = 0.F;
    for (int column = begin_x / to_width; column * to_width < end_x; ++column) {
      const int width = least((column + 1) * to_width, end_x) - most(column * to_width, begin_x);
      row_sum += static_cast<float>(width) * sample(channel, part.left + column, part.top + row);
    }
    sum += row_sum * static_cast<float>(height);
  }
  return rounded(sum / static_cast<float>(part.width) / static_cast<float>(part.height));
}

}  // namespace pixel

// The pixel (x, y) of the frame, which lies in the task's region: rgb_region().
DFD_HOST_DEVICE inline void frame_pixel(const CropTask& task, int x, int y, float rgb[3]) {
  float samples[3] = {pixel::sample(task.channels[0], x, y), 0.F, 0.F};
  if (task.subsampled) {
    const pixel::Tap column = pixel::chroma_tap(x, task.centred_x, task.chroma_width);
    const pixel::Tap row = pixel::chroma_tap(y, task.centred_y, task.chroma_height);
    samples[1] = pixel::sample(task.channels[1], column, row);
    samples[2] = pixel::sample(task.channels[2], column, row);
  } else {
    samples[1] = pixel::sample(task.channels[1], x, y);
    samples[2] = pixel::sample(task.channels[2], x, y);
  }
  pixel::to_rgb(task, samples, rgb);
}

// The pixel (x, y) of the crop: make_crop().
DFD_HOST_DEVICE inline void crop_pixel(const CropTask& task, int x, int y, float rgb[3]) {
  const float* m = task.to_grid;
  const float column = static_cast<float>(x);
  const float row = static_cast<float>(y);
  const pixel::Filter columns =
      pixel::filter_at(m[0] * column + m[1] * row + m[2], task.grid_width, task.width);
  const pixel::Filter rows =
      pixel::filter_at(m[3] * column + m[4] * row + m[5], task.grid_height, task.height);
  float sums[3] = {0.F, 0.F, 0.F};
  for (int j = rows.first; j < rows.last; ++j) {
    const float row_weight = pixel::weight(rows, j);
    for (int i = columns.first; i < columns.last; ++i) {
      const float weight = row_weight * pixel::weight(columns, i);
      if (weight <= 0.F) continue;
      float one[3];
      frame_pixel(task, task.left + i, task.top + j, one);
      for (int channel = 0; channel < 3; ++channel) sums[channel] += weight * one[channel];
    }
  }
  for (int channel = 0; channel < 3; ++channel) rgb[channel] = pixel::rounded(sums[channel]);
}

// The pixel (x, y) of the task's region reduced to width x height: reduced_rgb().
DFD_HOST_DEVICE inline void reduced_pixel(const CropTask& task, int width, int height, int x, int y,
                                          float rgb[3]) {
  const pixel::Part whole{task.left, task.top, task.width, task.height};
  const pixel::Part halved{task.left / 2, task.top / 2, (task.width + 1) / 2,
                           (task.height + 1) / 2};
  const pixel::Part& others = task.subsampled ? halved : whole;
  const float samples[3] = {pixel::average(task.channels[0], whole, width, height, x, y),
                            pixel::average(task.channels[1], others, width, height, x, y),
                            pixel::average(task.channels[2], others, width, height, x, y)};
  pixel::to_rgb(task, samples, rgb);
}

}  // namespace dfd
