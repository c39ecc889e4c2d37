// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From a GstBuffer to a frame the detector may keep.

#pragma once

#include <gst/video/video.h>

#include <optional>
#include <string>

#include "detector/frame.h"

// The pixel formats that gst_deepfake_map_frame() takes, as a caps string's list; those that most
// elements know come first, for sources that may choose.
#define GST_DEEPFAKE_FORMATS                                                             \
  "{ I420, YV12, NV12, RGB, BGR, RGBx, BGRx, xRGB, xBGR, RGBA, BGRA, ARGB, ABGR, NV21, " \
  "UYVY, YUY2, YVYU, NV16, Y42B, Y444, GRAY8, I420_10LE, I422_10LE, P010_10LE, v210 }"

// No CUDA device: the frame is read in the host's memory.
constexpr int kHostOnly = -1;

// What is not known of the caps' colours, in words, or nothing: then they are read as those of
// standard range.
std::string gst_deepfake_unknown_colors(const GstVideoInfo& info);

// The library's name for what GStreamer's method does; "auto" and "custom" do nothing.
dfd::Orientation gst_deepfake_orientation_of(GstVideoOrientationMethod method);

// What a TAG event says of it, or nothing.
std::optional<dfd::Orientation> gst_deepfake_tagged_orientation(GstEvent* event);

// Maps the buffer for reading and keeps its memory, not the buffer, until the frame's last copy is
// gone: metas can still be added to the buffer. Empty when it cannot be mapped or is of another
// format. cuda_device: where the buffer's memory is known to be; CUDA memory of another is
// downloaded by GStreamer.
std::optional<dfd::Frame> gst_deepfake_map_frame(GstBuffer* buffer, const GstVideoInfo& info,
                                                 dfd::Timestamp time, int cuda_device = kHostOnly);
