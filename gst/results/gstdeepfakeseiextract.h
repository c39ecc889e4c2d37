// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/base/gstbasetransform.h>

#define GST_TYPE_DEEPFAKE_SEI_EXTRACT (gst_deepfake_sei_extract_get_type())
G_DECLARE_FINAL_TYPE(GstDeepfakeSeiExtract, gst_deepfake_sei_extract, GST, DEEPFAKE_SEI_EXTRACT,
                     GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(deepfakeseiextract);
