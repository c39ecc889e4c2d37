// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames in CUDA memory, taken where a decoder put them. LibTorch works in a device's primary
// context, GStreamer's elements make one of their own unless a neighbour offers one; memory of one
// context cannot be read in another. So the element offers the primary one. Where GStreamer or
// LibTorch has no CUDA, none of this does anything.

#pragma once

#include <gst/gst.h>

#include <string>

// The primary context of the device that an element with this name of a device will use ("auto" and
// "cuda": the first one), and its number; null for "cpu" and where there is no such device.
// (transfer full)
GstObject* gst_deepfake_cuda_context_new(const std::string& device, int& index);

// Answers a neighbour's context query; false when it is not about CUDA.
bool gst_deepfake_cuda_answer(GstElement* element, GstQuery* query, GstObject* context);

// Is this buffer in CUDA memory of that context, and what was written to it there? Waits for the
// latter.
bool gst_deepfake_cuda_is_ready(GstBuffer* buffer, GstObject* context);
