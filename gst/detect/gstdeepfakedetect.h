// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/base/gstbasetransform.h>

#define GST_TYPE_DEEPFAKE_DETECT (gst_deepfake_detect_get_type())
G_DECLARE_FINAL_TYPE(GstDeepfakeDetect, gst_deepfake_detect, GST, DEEPFAKE_DETECT, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(deepfakedetect);
