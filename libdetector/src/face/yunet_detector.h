// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What YuNet's net says, and the faces that are in it; without OpenCV's dnn.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

#include "face/face_detector.h"

namespace dfd {

// One of the net's three grids: cell (x, y) has the number n = y * columns + x, and its corner at
// (x, y) * stride pixels of the net's picture. Borrowed; any float may be in it.
struct YunetGrid {
  int stride = 0;
  int columns = 0, rows = 0;
  const float* face = nullptr;       // [rows * columns]: how sure, in [0, 1].
  const float* object = nullptr;     // [rows * columns]: how well the box fits, in [0, 1].
  const float* box = nullptr;        // [rows * columns, 4]: centre from the cell, log of the size.
  const float* landmarks = nullptr;  // [rows * columns, 5, 2]: from the cell, in strides.
};

// Adds the faces of a grid in pixels of the net's picture, boxes by MTCNN's convention; many lie on
// each other. What is no number, or no size for a face of this picture, is left out.
void decode_yunet(const YunetGrid& grid, std::vector<FaceDetection>& faces);

// Keeps the surest of those that lie on each other, and no more than a crowd.
void suppress_yunet(std::vector<FaceDetection>& faces);

// Sizes of the pictures that go through the net, the first for the smallest faces; the next are for
// faces too large for the one before. picture: its size; min_size: as of FaceDetector::detect().
std::vector<cv::Size> yunet_levels(const cv::Size& picture, int min_size);

// Do these first bytes of a file (16 are enough) look like ONNX, as against safetensors or anything
// else?
bool looks_like_onnx(const std::uint8_t* data, std::size_t size);
bool looks_like_safetensors(const std::uint8_t* data, std::size_t size);

}  // namespace dfd
