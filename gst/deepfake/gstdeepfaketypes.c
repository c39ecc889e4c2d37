/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstdeepfaketypes.h"

GType
gst_deepfake_verdict_get_type (void)
{
  static GType type = 0;
  static const GEnumValue values[] = {
    {GST_DEEPFAKE_VERDICT_AUTHENTIC, "GST_DEEPFAKE_VERDICT_AUTHENTIC",
        "authentic"},
    {GST_DEEPFAKE_VERDICT_UNDECIDED, "GST_DEEPFAKE_VERDICT_UNDECIDED",
        "undecided"},
    {GST_DEEPFAKE_VERDICT_SUSPICIOUS, "GST_DEEPFAKE_VERDICT_SUSPICIOUS",
        "suspicious"},
    {GST_DEEPFAKE_VERDICT_MANIPULATED, "GST_DEEPFAKE_VERDICT_MANIPULATED",
        "manipulated"},
    {0, NULL, NULL}
  };

  if (g_once_init_enter (&type)) {
    GType registered = g_enum_register_static ("GstDeepfakeVerdict", values);
    g_once_init_leave (&type, registered);
  }
  return type;
}

GType
gst_deepfake_evidence_get_type (void)
{
  static GType type = 0;
  static const GEnumValue values[] = {
    {GST_DEEPFAKE_EVIDENCE_NONE, "GST_DEEPFAKE_EVIDENCE_NONE", "none"},
    {GST_DEEPFAKE_EVIDENCE_SEAM, "GST_DEEPFAKE_EVIDENCE_SEAM", "seam"},
    {GST_DEEPFAKE_EVIDENCE_GENERATED, "GST_DEEPFAKE_EVIDENCE_GENERATED",
        "generated"},
    {0, NULL, NULL}
  };

  if (g_once_init_enter (&type)) {
    GType registered = g_enum_register_static ("GstDeepfakeEvidence", values);
    g_once_init_leave (&type, registered);
  }
  return type;
}

GType
gst_deepfake_overlay_get_type (void)
{
  static GType type = 0;
  static const GFlagsValue values[] = {
    {GST_DEEPFAKE_OVERLAY_BOXES, "A box around each face", "boxes"},
    {GST_DEEPFAKE_OVERLAY_LABELS, "Track, verdict and probability", "labels"},
    {GST_DEEPFAKE_OVERLAY_BANNER, "The stream's verdict", "banner"},
    {GST_DEEPFAKE_OVERLAY_HEATMAP, "What speaks for a manipulation", "heatmap"},
    {0, NULL, NULL}
  };

  if (g_once_init_enter (&type)) {
    GType registered = g_flags_register_static ("GstDeepfakeOverlay", values);
    g_once_init_leave (&type, registered);
  }
  return type;
}

static const gchar *const verdict_names[] = {
  "authentic", "undecided", "suspicious", "manipulated"
};

/**
 * gst_deepfake_verdict_get_name:
 * @verdict: a #GstDeepfakeVerdict
 *
 * Returns: (transfer none): the verdict's name in messages, such as "undecided"
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_verdict_get_name (GstDeepfakeVerdict verdict)
{
  return (guint) verdict < G_N_ELEMENTS (verdict_names) ?
      verdict_names[verdict] : "undecided";
}

/**
 * gst_deepfake_verdict_from_name:
 * @name: (nullable): such as "undecided"
 * @verdict: (out): the verdict of that name, else "undecided"
 *
 * Returns: whether there is a verdict of that name
 *
 * Since: 0.1
 */
gboolean
gst_deepfake_verdict_from_name (const gchar * name,
    GstDeepfakeVerdict * verdict)
{
  guint i;

  *verdict = GST_DEEPFAKE_VERDICT_UNDECIDED;
  for (i = 0; i < G_N_ELEMENTS (verdict_names); i++) {
    if (g_strcmp0 (name, verdict_names[i]) == 0) {
      *verdict = (GstDeepfakeVerdict) i;
      return TRUE;
    }
  }
  return FALSE;
}

static const gchar *const evidence_names[] = { "none", "seam", "generated" };

/**
 * gst_deepfake_evidence_get_name:
 * @evidence: a #GstDeepfakeEvidence
 *
 * Returns: (transfer none): its name in messages, "seam" or "generated"; "none" of all others
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_evidence_get_name (GstDeepfakeEvidence evidence)
{
  return (guint) evidence < G_N_ELEMENTS (evidence_names) ?
      evidence_names[evidence] : "none";
}

/**
 * gst_deepfake_evidence_from_name:
 * @name: (nullable): such as "seam"
 *
 * Returns: the kind of that name; #GST_DEEPFAKE_EVIDENCE_NONE when this version knows none of it
 *
 * Since: 0.1
 */
GstDeepfakeEvidence
gst_deepfake_evidence_from_name (const gchar * name)
{
  guint i;

  for (i = 0; i < G_N_ELEMENTS (evidence_names); i++) {
    if (g_strcmp0 (name, evidence_names[i]) == 0)
      return (GstDeepfakeEvidence) i;
  }
  return GST_DEEPFAKE_EVIDENCE_NONE;
}

static const gchar *const reasons[] = {
  "none", "no-face", "warming-up", "partial", "too-small", "blurred", "dark",
  "bright", "profile", "occluded", "low-confidence", "frozen", "black", "gap",
  "overload", "error", NULL
};

/**
 * gst_deepfake_reason_get_names:
 *
 * Returns: (transfer none) (array zero-terminated=1): all reasons; later versions may have more
 *
 * Since: 0.1
 */
const gchar *const *
gst_deepfake_reason_get_names (void)
{
  return reasons;
}

/**
 * gst_deepfake_reason_from_name:
 * @name: (nullable): such as "warming-up"
 *
 * Returns: (transfer none): the static string of that name, as the metas need it; "error" when
 *   there is no such reason
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_reason_from_name (const gchar * name)
{
  guint i;

  for (i = 0; reasons[i] != NULL; i++) {
    if (g_strcmp0 (name, reasons[i]) == 0)
      return reasons[i];
  }
  return "error";
}
