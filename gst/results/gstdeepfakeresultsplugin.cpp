// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plugin of the elements that read results. It knows the meta and no detector, so whoever only
// reads loads no LibTorch.

#include <gst/gst.h>

#include "gstdeepfakejoin.h"
#include "gstdeepfakejsonenc.h"
#include "gstdeepfakeklvenc.h"
#include "gstdeepfakemeta.h"
#include "gstdeepfakeoverlay.h"
#include "gstdeepfakeseiextract.h"
#include "gstdeepfakeseiinsert.h"
#include "gstdeepfakevttenc.h"

static gboolean plugin_init(GstPlugin* plugin) {
  gst_deepfake_meta_get_info();  // Known before one comes from another process.
  return GST_ELEMENT_REGISTER(deepfakejoin, plugin) &&
         GST_ELEMENT_REGISTER(deepfakejsonenc, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeklvenc, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeoverlay, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeseiextract, plugin) &&
         GST_ELEMENT_REGISTER(deepfakeseiinsert, plugin) &&
         GST_ELEMENT_REGISTER(deepfakevttenc, plugin);
}

#define PACKAGE "deepfakedetect"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, deepfakeresults,
                  "Draws, writes, reads and joins the results of deepfakedetect", plugin_init,
                  DEEPFAKE_VERSION, "LGPL", "deepfakedetect", "https://gstreamer.freedesktop.org/")
