// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plugin: registers its elements, and nothing else.

#include <gst/gst.h>

#include "gstdeepfakedetect.h"
#include "gstdeepfakejsonenc.h"
#include "gstdeepfakeklvenc.h"
#include "gstdeepfakemeta.h"
#include "gstdeepfakeoverlay.h"
#include "gstdeepfakeseiextract.h"
#include "gstdeepfakeseiinsert.h"
#include "gstdeepfakevttenc.h"

static gboolean plugin_init(GstPlugin* plugin) {
  gst_deepfake_meta_get_info();  // Known before one comes from another process.
  return GST_ELEMENT_REGISTER(deepfakedetect, plugin) &&
         GST_ELEMENT_REGISTER(deepfakejsonenc, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeklvenc, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeoverlay, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeseiextract, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeseiinsert, plugin) &&
         GST_ELEMENT_REGISTER(deepfakevttenc, plugin);
}

#define PACKAGE "deepfakedetect"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, deepfakedetect,
                  "Watches the faces of a video for manipulation", plugin_init, DEEPFAKE_VERSION,
                  "LGPL", "deepfakedetect", "https://gstreamer.freedesktop.org/")
