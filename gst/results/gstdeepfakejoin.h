// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/gst.h>

#define GST_TYPE_DEEPFAKE_JOIN (gst_deepfake_join_get_type())
G_DECLARE_FINAL_TYPE(GstDeepfakeJoin, gst_deepfake_join, GST, DEEPFAKE_JOIN, GstElement)

GST_ELEMENT_REGISTER_DECLARE(deepfakejoin);
