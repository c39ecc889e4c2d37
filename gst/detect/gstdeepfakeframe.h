// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a GstBuffer to a frame the detector may keep.

#pragma once

#include <gst/video/video.h>

#include <optional>

#include "detector/frame.h"

// The pixel formats that gst_deepfake_map_frame() takes, as a caps string's list.
#define GST_DEEPFAKE_FORMATS \
  "{ I420, YV12, NV12, RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, ABGR }"

// No CUDA device: the frame is read in the host's memory.
constexpr int kHostOnly = -1;

// Maps the buffer for reading and keeps its memory, not the buffer, until the frame's last copy is
// gone: metas can still be added to the buffer. Empty when it cannot be mapped. cuda_device: where
// the buffer's memory is known to be; CUDA memory of another is downloaded by GStreamer.
std::optional<dfd::Frame> gst_deepfake_map_frame(GstBuffer* buffer, const GstVideoInfo& info,
                                                 dfd::Timestamp time, int cuda_device = kHostOnly);
