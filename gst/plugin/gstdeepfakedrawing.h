// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How verdicts look: boxes, labels, a banner and heatmaps, drawn with cairo.

#pragma once

#include <gst/video/video.h>

#include "gstdeepfakemeta.h"

typedef enum {  // NOLINT: a GType's values
  GST_DEEPFAKE_OVERLAY_BOXES = 1 << 0,
  GST_DEEPFAKE_OVERLAY_LABELS = 1 << 1,
  GST_DEEPFAKE_OVERLAY_BANNER = 1 << 2,
  GST_DEEPFAKE_OVERLAY_HEATMAP = 1 << 3,
} GstDeepfakeOverlay;

// Thread-compatible. Remembers where the banner was, so that it does not jump about.
class GstDeepfakeDrawing {
 public:
  // Adds to the composition what the flags (GstDeepfakeOverlay) ask for, in rectangles no larger
  // than what is drawn, and within the frame of that size. buffer: the one that the meta is on.
  void add(GstVideoOverlayComposition* composition, const GstDeepfakeMeta& meta, GstBuffer* buffer,
           guint flags, int width, int height);

 private:
  bool banner_at_bottom_ = false;
};
