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
  // feature of the composition. Any thread. (transfer full)
  GstCaps* transform_caps(GstPadDirection direction, GstCaps* caps, GstCaps* filter,
                          bool draws) const;

  // In the element's propose_allocation, behind the base class's, which asks downstream: nobody may
  // leave the cutting of the picture to downstream, since boxes are drawn and faces sought in it.
  static void refuse_crop_meta(GstQuery* query);

  // Downstream is asked anew for its wishes: drawing begins, or downstream changed. Any thread.
  void renegotiate(GstBaseTransform* base);

  // New caps are in force. Streaming thread.
  void caps_set() { way_ = Way::kUnknown; }

  // To be called for each buffer before it leaves, drawn on or not: the first after new caps asks
  // downstream, as long as no buffer waits there that the answer would have to wait for. Streaming
  // thread.
  void ask_downstream(GstBaseTransform* base, bool draws);

  // Draws the result meta of the buffer results, which may be another one, on a writable buffer.
  // GST_FLOW_ERROR, and an error of the element, when its pixels cannot be written. Streaming
  // thread.
  GstFlowReturn paint(GstBaseTransform* base, GstBuffer* buffer, GstBuffer* results,
                      const GstVideoInfo& info, guint flags);

 private:
  enum class Way { kUnknown, kAttach, kBlend };

  Way way_ = Way::kUnknown;  // With the caps in force.
  // Each change of what downstream may want has a number: the newest, the one downstream was last
  // asked under, and the one under which it took caps with the feature but does not draw.
  std::atomic<unsigned> wishes_{1};
  unsigned asked_ = 0;
  std::atomic<unsigned> refused_{0};
  GstDeepfakeDrawing drawing_;
};
