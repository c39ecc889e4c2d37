// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/base/gstbasetransform.h>

#define GST_TYPE_DEEPFAKE_OVERLAY_ELEMENT (gst_deepfake_overlay_element_get_type())
G_DECLARE_FINAL_TYPE(GstDeepfakeOverlayElement, gst_deepfake_overlay_element, GST,
                     DEEPFAKE_OVERLAY_ELEMENT, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(deepfakeoverlay);
