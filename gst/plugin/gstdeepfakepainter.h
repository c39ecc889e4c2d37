// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Brings a drawing onto the video of a base transform: attached to the buffers where downstream
// says that it will draw it (GstVideoOverlayComposition in caps and allocation query), else blended
// into the pixels.

#pragma once

#include <gst/base/gstbasetransform.h>
#include <gst/video/video.h>

#include <atomic>

#include "gstdeepfakedrawing.h"

class GstDeepfakePainter {
 public:
  // The element's transform_caps: the same caps, and while it draws, the same with and without the
  // feature of the composition. Thread-safe. (transfer full)
  GstCaps* transform_caps(GstPadDirection direction, GstCaps* caps, GstCaps* filter,
                          bool draws) const;

  // To be asked again: before a start, when downstream changed or drawing begins. Thread-safe.
  void forget_downstream() { way_ = Way::kUnknown; }

  // Draws the result meta of a writable buffer. Streaming thread. False when its pixels cannot be
  // written.
  bool paint(GstBaseTransform* base, GstBuffer* buffer, const GstVideoInfo& info, guint flags);

 private:
  enum class Way { kUnknown, kAttach, kBlend };

  void ask_downstream(GstBaseTransform* base);

  std::atomic<Way> way_{Way::kUnknown};
  GstDeepfakeDrawing drawing_;
};
