/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef __GST_DEEPFAKE_REPORT_H__
#define __GST_DEEPFAKE_REPORT_H__

#include <gst/gst.h>

#include "gstdeepfakemeta.h"

G_BEGIN_DECLS

/**
 * GstDeepfakeEvent:
 * @GST_DEEPFAKE_EVENT_UNKNOWN: one that this version of the library does not know:
 *   gst_deepfake_report_get_event_name() has its name
 * @GST_DEEPFAKE_EVENT_SCORE: a face has a new score
 * @GST_DEEPFAKE_EVENT_VERDICT_CHANGED: another verdict or reason, of the stream or of a face, or
 *   another set of faces; also at the end of the stream
 * @GST_DEEPFAKE_EVENT_IDENTITY_CHANGED: a track shows somebody new. The report holds that track
 *   alone, as it stood for the person it showed before
 * @GST_DEEPFAKE_EVENT_TRACK_LOST: a track ended. The report holds that track alone, with its last
 *   score
 * @GST_DEEPFAKE_EVENT_MODEL_UPDATED: another model was set while playing; it says nothing of faces
 * @GST_DEEPFAKE_EVENT_OVERLOAD: frames are skipped, for analysis takes longer than they do; once a
 *   stream
 *
 * Why deepfakedetect has posted a message.
 *
 * Since: 0.1
 */
typedef enum {
  GST_DEEPFAKE_EVENT_UNKNOWN,
  GST_DEEPFAKE_EVENT_SCORE,
  GST_DEEPFAKE_EVENT_VERDICT_CHANGED,
  GST_DEEPFAKE_EVENT_IDENTITY_CHANGED,
  GST_DEEPFAKE_EVENT_TRACK_LOST,
  GST_DEEPFAKE_EVENT_MODEL_UPDATED,
  GST_DEEPFAKE_EVENT_OVERLOAD
} GstDeepfakeEvent;

/**
 * GstDeepfakeReport:
 *
 * What one message of deepfakedetect says. It never changes once it is made, keeps nothing of the
 * message, and may be used by several threads at once.
 *
 * Since: 0.1
 */
typedef struct _GstDeepfakeReport GstDeepfakeReport;

#define GST_TYPE_DEEPFAKE_EVENT (gst_deepfake_event_get_type ())
#define GST_TYPE_DEEPFAKE_REPORT (gst_deepfake_report_get_type ())

GST_DEEPFAKE_API
GType gst_deepfake_event_get_type (void);

GST_DEEPFAKE_API
GType gst_deepfake_report_get_type (void);

GST_DEEPFAKE_API
GstDeepfakeReport *gst_deepfake_report_new_from_message (GstMessage * message);

GST_DEEPFAKE_API
GstDeepfakeReport *gst_deepfake_report_ref (GstDeepfakeReport * report);

GST_DEEPFAKE_API
void gst_deepfake_report_unref (GstDeepfakeReport * report);

GST_DEEPFAKE_API
GstDeepfakeEvent gst_deepfake_report_get_event (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
const gchar *gst_deepfake_report_get_event_name (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
const gchar *gst_deepfake_report_get_stream_id (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
const gchar *gst_deepfake_report_get_model_id (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
GstClockTime gst_deepfake_report_get_timestamp (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
GstClockTime gst_deepfake_report_get_stream_time (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
GstClockTime gst_deepfake_report_get_running_time (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
GstClockTime gst_deepfake_report_get_duration (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
GstDeepfakeVerdict gst_deepfake_report_get_verdict (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
const gchar *gst_deepfake_report_get_reason (const GstDeepfakeReport * report);

GST_DEEPFAKE_API
gdouble gst_deepfake_report_get_probability (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
GstDeepfakeEvidence gst_deepfake_report_get_evidence (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
gdouble gst_deepfake_report_get_seam_probability (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
gdouble gst_deepfake_report_get_generated_probability (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
gdouble gst_deepfake_report_get_threshold (const GstDeepfakeReport * report);

GST_DEEPFAKE_API
guint gst_deepfake_report_get_n_faces (const GstDeepfakeReport * report);

GST_DEEPFAKE_API
const GstDeepfakeFace *gst_deepfake_report_get_face (
    const GstDeepfakeReport * report, guint index);

GST_DEEPFAKE_API
const gchar *gst_deepfake_report_get_model_file (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
const gchar *gst_deepfake_report_get_model_file_bytes (
    const GstDeepfakeReport * report);

GST_DEEPFAKE_API
gboolean gst_deepfake_report_get_success (const GstDeepfakeReport * report);

GST_DEEPFAKE_API
const gchar *gst_deepfake_report_get_error (const GstDeepfakeReport * report);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GstDeepfakeReport, gst_deepfake_report_unref)

G_END_DECLS

#endif /* __GST_DEEPFAKE_REPORT_H__ */
