// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/base/gstbasetransform.h>

#define GST_TYPE_DEEPFAKE_SEI_INSERT (gst_deepfake_sei_insert_get_type())
G_DECLARE_FINAL_TYPE(GstDeepfakeSeiInsert, gst_deepfake_sei_insert, GST, DEEPFAKE_SEI_INSERT,
                     GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE(deepfakeseiinsert);
