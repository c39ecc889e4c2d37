// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The properties of deepfakedetect: one table in the .cpp has all of each.

#pragma once

#include <gst/gst.h>
#include <gst/video/video.h>

#include <string>

#include "detector/config.h"

typedef enum {  // NOLINT: a GType's values
  GST_DEEPFAKE_MODE_AUTO,
  GST_DEEPFAKE_MODE_IMMEDIATE,
  GST_DEEPFAKE_MODE_COMPLETE,
} GstDeepfakeMode;

typedef enum {  // NOLINT: a GType's values
  GST_DEEPFAKE_MESSAGES_NONE,
  GST_DEEPFAKE_MESSAGES_ON_CHANGE,
  GST_DEEPFAKE_MESSAGES_EVERY_WINDOW,
} GstDeepfakeMessages;

typedef enum {  // NOLINT: a GType's values
  GST_DEEPFAKE_META_RESULT = 1 << 0,
  GST_DEEPFAKE_META_ROI = 1 << 1,
#ifdef HAVE_ANALYTICS
  GST_DEEPFAKE_META_ANALYTICS = 1 << 2,
  GST_DEEPFAKE_META_ALL = (1 << 3) - 1,
#else
  GST_DEEPFAKE_META_ALL = (1 << 2) - 1,
#endif
} GstDeepfakeMetaFlags;

// All properties; their defaults in GParamSpec and in the documentation come from here.
struct GstDeepfakeSettings {
  dfd::EngineConfig engine;
  dfd::SessionConfig session;
  int mode = GST_DEEPFAKE_MODE_AUTO;
  int messages = GST_DEEPFAKE_MESSAGES_ON_CHANGE;
  guint overlay = 0;
  guint meta = GST_DEEPFAKE_META_ALL;
  GstVideoOrientationMethod orientation = GST_VIDEO_ORIENTATION_AUTO;
  std::string stream_id;
};

void gst_deepfake_settings_install(GObjectClass* klass);

// False when id is none of the settings: what is measured is read by the element itself.
bool gst_deepfake_settings_set(GstDeepfakeSettings& settings, guint id, const GValue* value);
bool gst_deepfake_settings_get(const GstDeepfakeSettings& settings, guint id, GValue* value);
