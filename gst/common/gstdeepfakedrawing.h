// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How verdicts look: boxes, labels, a banner and heatmaps, drawn with cairo.

#pragma once

#include <gst/video/video.h>

#include <string>

#include "gstdeepfakemeta.h"

// Thread-compatible. Remembers where the banner was, so that it does not jump about, and what was
// drawn last: results change with the samples, and frames come more often.
class GstDeepfakeDrawing {
 public:
  GstDeepfakeDrawing() = default;
  ~GstDeepfakeDrawing();
  GstDeepfakeDrawing(const GstDeepfakeDrawing&) = delete;
  GstDeepfakeDrawing& operator=(const GstDeepfakeDrawing&) = delete;

  // What the flags (GstDeepfakeOverlay) ask for, in rectangles little larger than what is drawn,
  // within a frame of that size. buffer: the one that the meta is on. (transfer none), until the
  // next call.
  GstVideoOverlayComposition* compose(const GstDeepfakeMeta& meta, GstBuffer* buffer, guint flags,
                                      int width, int height);

 private:
  GstVideoOverlayComposition* composition_ = nullptr;  // Of key_.
  std::string key_;                                    // All that the drawing depends on, as bytes.
  bool banner_at_bottom_ = false;
};
