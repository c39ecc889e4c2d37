// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The properties of deepfakedetect: their types, defaults and documentation.

#pragma once

#include <gst/gst.h>

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
  std::string stream_id;
};

// Those of what is measured, not set, are read by the element itself.
enum GstDeepfakeProperty : guint {  // NOLINT: ids
  GST_DEEPFAKE_PROP_0,
  GST_DEEPFAKE_PROP_MODEL_FILE,
  GST_DEEPFAKE_PROP_FACE_MODEL_FILE,
  GST_DEEPFAKE_PROP_DEVICE,
  GST_DEEPFAKE_PROP_ACTIVE_DEVICE,
  GST_DEEPFAKE_PROP_PRECISION,
  GST_DEEPFAKE_PROP_THREADS,
  GST_DEEPFAKE_PROP_INFERENCE_REGION,
  GST_DEEPFAKE_PROP_DETECTION_INTERVAL,
  GST_DEEPFAKE_PROP_MIN_FACE_SIZE,
  GST_DEEPFAKE_PROP_MAX_FACES,
  GST_DEEPFAKE_PROP_SAMPLE_RATE,
  GST_DEEPFAKE_PROP_WINDOW_STRIDE,
  GST_DEEPFAKE_PROP_MODE,
  GST_DEEPFAKE_PROP_MAX_GAP,
  GST_DEEPFAKE_PROP_THRESHOLD,
  GST_DEEPFAKE_PROP_HYSTERESIS,
  GST_DEEPFAKE_PROP_SMOOTHING_HALF_LIFE,
  GST_DEEPFAKE_PROP_MIN_DURATION,
  GST_DEEPFAKE_PROP_MESSAGES,
  GST_DEEPFAKE_PROP_OVERLAY,
  GST_DEEPFAKE_PROP_META,
  GST_DEEPFAKE_PROP_STREAM_ID,
  GST_DEEPFAKE_PROP_EXPLAIN,
  GST_DEEPFAKE_PROP_EXPLAIN_RATE,
  GST_DEEPFAKE_PROP_EXPLAIN_METHOD,
  GST_DEEPFAKE_PROP_STATS,
};

void gst_deepfake_settings_install(GObjectClass* klass);

// False when id is none of the settings.
bool gst_deepfake_settings_set(GstDeepfakeSettings& settings, guint id, const GValue* value);
bool gst_deepfake_settings_get(const GstDeepfakeSettings& settings, guint id, GValue* value);
