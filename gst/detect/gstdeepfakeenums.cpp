// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeenums.h"

#include "detector/config.h"
#include "gstdeepfakesettings.h"
#include "gstdeepfaketypes.h"

/**
 * GstDeepfakeRegion:
 * @faces: every face apart
 * @full-frame: the picture as one, as the seed recipe does
 * @roi-list: every face that an upstream element marked
 *
 * Since: 0.1
 */
GType gst_deepfake_region_get_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(dfd::Region::kFaces), "Every face apart", "faces"},
      {static_cast<int>(dfd::Region::kFullFrame), "The picture as one", "full-frame"},
      {static_cast<int>(dfd::Region::kRoiList), "Every face that an upstream element marked",
       "roi-list"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstDeepfakeRegion", values);
  return type;
}

GType gst_deepfake_precision_get_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(dfd::Precision::kAuto), "The fastest the device has in hardware", "auto"},
      {static_cast<int>(dfd::Precision::kFp32), "Single precision, the reference", "fp32"},
      {static_cast<int>(dfd::Precision::kBf16), "CPUs with AVX512-BF16 or AMX, CUDA", "bf16"},
      {static_cast<int>(dfd::Precision::kFp16), "CUDA", "fp16"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstDeepfakePrecision", values);
  return type;
}

GType gst_deepfake_mode_get_type() {
  static const GEnumValue values[] = {
      {GST_DEEPFAKE_MODE_AUTO, "Complete when the source is not live, else immediate", "auto"},
      {GST_DEEPFAKE_MODE_IMMEDIATE, "A frame leaves at once with the newest verdicts", "immediate"},
      {GST_DEEPFAKE_MODE_COMPLETE, "A frame waits until its own samples are analysed", "complete"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstDeepfakeMode", values);
  return type;
}

GType gst_deepfake_messages_get_type() {
  static const GEnumValue values[] = {
      {GST_DEEPFAKE_MESSAGES_NONE, "No messages", "none"},
      {GST_DEEPFAKE_MESSAGES_ON_CHANGE,
       "When a verdict or its reason changes, a track ends, at EOS", "on-change"},
      {GST_DEEPFAKE_MESSAGES_EVERY_WINDOW, "Every new score too", "every-window"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstDeepfakeMessages", values);
  return type;
}

GType gst_deepfake_meta_flags_get_type() {
  static const GFlagsValue values[] = {
      {GST_DEEPFAKE_META_RESULT, "GstDeepfakeMeta, which survives scaling and encoding", "result"},
      {GST_DEEPFAKE_META_ROI, "A region-of-interest meta for each face", "roi"},
#ifdef HAVE_ANALYTICS
      {GST_DEEPFAKE_META_ANALYTICS, "GstAnalytics: object, class and tracking of each face",
       "analytics"},
#endif
      {0, nullptr, nullptr}};
  static const GType type = g_flags_register_static("GstDeepfakeMetaFlags", values);
  return type;
}

GType gst_deepfake_explain_method_get_type() {
  static const GEnumValue values[] = {
      {static_cast<int>(dfd::ExplainMethod::kGradCam), "A weight for each channel", "grad-cam"},
      {static_cast<int>(dfd::ExplainMethod::kHiResCam), "Place by place", "hires-cam"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstDeepfakeExplainMethod", values);
  return type;
}

void gst_deepfake_enums_mark() {
  for (const GType type :
       {GST_TYPE_DEEPFAKE_REGION, GST_TYPE_DEEPFAKE_PRECISION, GST_TYPE_DEEPFAKE_MODE,
        GST_TYPE_DEEPFAKE_MESSAGES, GST_TYPE_DEEPFAKE_META_FLAGS, GST_TYPE_DEEPFAKE_EXPLAIN_METHOD,
        GST_TYPE_DEEPFAKE_OVERLAY}) {
    gst_type_mark_as_plugin_api(type, static_cast<GstPluginAPIFlags>(0));
  }
}
