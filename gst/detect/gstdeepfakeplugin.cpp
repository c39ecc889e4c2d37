// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plugin of the element that judges.

#include <gst/gst.h>

#include "gstdeepfakedetect.h"
#include "gstdeepfakemeta.h"

static gboolean plugin_init(GstPlugin* plugin) {
  gst_deepfake_meta_get_info();  // Known before one comes from another process.
  return GST_ELEMENT_REGISTER(deepfakedetect, plugin);
}

#define PACKAGE "deepfakedetect"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, deepfakedetect,
                  "Watches the faces of a video for manipulation", plugin_init, DEEPFAKE_VERSION,
                  "LGPL", "deepfakedetect", "https://gstreamer.freedesktop.org/")
