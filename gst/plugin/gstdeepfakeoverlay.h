// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Draws verdicts on the picture: boxes and labels, with cairo, as a GstVideoOverlayComposition.

#pragma once

#include <gst/video/video.h>

#include "detector/report.h"

typedef enum {  // NOLINT: a GType's values
  GST_DEEPFAKE_OVERLAY_BOXES = 1 << 0,
  GST_DEEPFAKE_OVERLAY_LABELS = 1 << 1,
} GstDeepfakeOverlay;

// (transfer full); null when there is nothing to draw. width, height: of the frame drawn on.
GstVideoOverlayComposition* gst_deepfake_overlay_new(const dfd::StreamReport& report, guint flags,
                                                     int width, int height);

// Draws it into the pixels of a writable buffer.
void gst_deepfake_overlay_blend(GstBuffer* buffer, const GstVideoInfo& info,
                                const dfd::StreamReport& report, guint flags);
