// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The enumerations of deepfakedetect's properties, as GLib knows them.

#pragma once

#include <gst/gst.h>

#define GST_TYPE_DEEPFAKE_REGION (gst_deepfake_region_get_type())
GType gst_deepfake_region_get_type();

#define GST_TYPE_DEEPFAKE_PRECISION (gst_deepfake_precision_get_type())
GType gst_deepfake_precision_get_type();

#define GST_TYPE_DEEPFAKE_MODE (gst_deepfake_mode_get_type())
GType gst_deepfake_mode_get_type();

#define GST_TYPE_DEEPFAKE_MESSAGES (gst_deepfake_messages_get_type())
GType gst_deepfake_messages_get_type();

#define GST_TYPE_DEEPFAKE_META_FLAGS (gst_deepfake_meta_flags_get_type())
GType gst_deepfake_meta_flags_get_type();

#define GST_TYPE_DEEPFAKE_EXPLAIN_METHOD (gst_deepfake_explain_method_get_type())
GType gst_deepfake_explain_method_get_type();

void gst_deepfake_enums_mark();  // For the documentation.
