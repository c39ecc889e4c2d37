// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/gst.h>

#define GST_TYPE_DEEPFAKE_KLV_ENC (gst_deepfake_klv_enc_get_type())
GType gst_deepfake_klv_enc_get_type();

GST_ELEMENT_REGISTER_DECLARE(deepfakeklvenc);
