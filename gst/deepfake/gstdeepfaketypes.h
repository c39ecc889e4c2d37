/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef __GST_DEEPFAKE_TYPES_H__
#define __GST_DEEPFAKE_TYPES_H__

#include <gst/gst.h>

G_BEGIN_DECLS

#ifdef GST_DEEPFAKE_BUILD
#define GST_DEEPFAKE_API __attribute__ ((visibility ("default")))
#else
#define GST_DEEPFAKE_API
#endif

/**
 * GstDeepfakeVerdict:
 * @GST_DEEPFAKE_VERDICT_AUTHENTIC: nothing was found in at least one full window
 * @GST_DEEPFAKE_VERDICT_UNDECIDED: no statement; the reason says why
 * @GST_DEEPFAKE_VERDICT_SUSPICIOUS: near or shortly above the threshold
 * @GST_DEEPFAKE_VERDICT_MANIPULATED: above the threshold for long enough
 *
 * In rising order of alarm. The verdict of a stream is the largest among its faces.
 *
 * Since: 0.1
 */
typedef enum {
  GST_DEEPFAKE_VERDICT_AUTHENTIC,
  GST_DEEPFAKE_VERDICT_UNDECIDED,
  GST_DEEPFAKE_VERDICT_SUSPICIOUS,
  GST_DEEPFAKE_VERDICT_MANIPULATED
} GstDeepfakeVerdict;

/**
 * GstDeepfakeEvidence:
 * @GST_DEEPFAKE_EVIDENCE_NONE: the model knows no kinds, or has given no score yet
 * @GST_DEEPFAKE_EVIDENCE_SEAM: a face that was blended into another picture: its seam
 * @GST_DEEPFAKE_EVIDENCE_GENERATED: a face that a network painted: its traces
 *
 * What a score speaks of. It is an indicator beside the verdict and makes none.
 *
 * Since: 0.1
 */
typedef enum {
  GST_DEEPFAKE_EVIDENCE_NONE,
  GST_DEEPFAKE_EVIDENCE_SEAM,
  GST_DEEPFAKE_EVIDENCE_GENERATED
} GstDeepfakeEvidence;

/**
 * GstDeepfakeOverlay:
 * @GST_DEEPFAKE_OVERLAY_BOXES: a box around each face
 * @GST_DEEPFAKE_OVERLAY_LABELS: track, verdict and probability beside it
 * @GST_DEEPFAKE_OVERLAY_BANNER: the stream's verdict
 * @GST_DEEPFAKE_OVERLAY_HEATMAP: what speaks for a manipulation
 *
 * What is drawn on a picture: the property `overlay` of deepfakedetect and deepfakeoverlay.
 *
 * Since: 0.1
 */
typedef enum {
  GST_DEEPFAKE_OVERLAY_BOXES = 1 << 0,
  GST_DEEPFAKE_OVERLAY_LABELS = 1 << 1,
  GST_DEEPFAKE_OVERLAY_BANNER = 1 << 2,
  GST_DEEPFAKE_OVERLAY_HEATMAP = 1 << 3
} GstDeepfakeOverlay;

#define GST_TYPE_DEEPFAKE_VERDICT (gst_deepfake_verdict_get_type ())
#define GST_TYPE_DEEPFAKE_EVIDENCE (gst_deepfake_evidence_get_type ())
#define GST_TYPE_DEEPFAKE_OVERLAY (gst_deepfake_overlay_get_type ())

GST_DEEPFAKE_API
GType gst_deepfake_verdict_get_type (void);

GST_DEEPFAKE_API
GType gst_deepfake_evidence_get_type (void);

GST_DEEPFAKE_API
GType gst_deepfake_overlay_get_type (void);

GST_DEEPFAKE_API
const gchar *gst_deepfake_verdict_get_name (GstDeepfakeVerdict verdict);

GST_DEEPFAKE_API
gboolean gst_deepfake_verdict_from_name (const gchar * name,
    GstDeepfakeVerdict * verdict);

GST_DEEPFAKE_API
const gchar *gst_deepfake_evidence_get_name (GstDeepfakeEvidence evidence);

GST_DEEPFAKE_API
GstDeepfakeEvidence gst_deepfake_evidence_from_name (const gchar * name);

GST_DEEPFAKE_API
const gchar *gst_deepfake_reason_from_name (const gchar * name);

GST_DEEPFAKE_API
const gchar *const *gst_deepfake_reason_get_names (void);

G_END_DECLS

#endif /* __GST_DEEPFAKE_TYPES_H__ */
