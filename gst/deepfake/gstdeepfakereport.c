/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:gstdeepfakereport
 * @title: GstDeepfakeReport
 * @short_description: Reads the messages of deepfakedetect
 *
 * deepfakedetect tells the application what it found by element messages on the bus. A
 * #GstDeepfakeReport is such a message, read and checked:
 *
 * |[<!-- language="C" -->
 * GstDeepfakeReport *report = gst_deepfake_report_new_from_message (message);
 * if (report != NULL) {
 *   g_print ("%s: %s\n", gst_deepfake_report_get_stream_id (report),
 *       gst_deepfake_verdict_get_name (gst_deepfake_report_get_verdict (report)));
 *   gst_deepfake_report_unref (report);
 * }
 * ]|
 *
 * ## What is refused
 *
 * A damaged message gives no report at all, for half-read it could say "authentic" of a video of
 * which its writer did not. A message is damaged when
 *
 * * one of its fields is missing or of another type than the documentation of deepfakedetect says;
 *   the stream's `probability` may be missing, a face's `probability` and `score`, and of both
 *   `evidence`, `seam-probability` and `generated-probability`
 * * there is a probability of a kind of evidence and no `evidence`
 * * a probability, a score, a confidence or the threshold lies outside [0, 1], or is no number
 * * the side of a box is no number, or larger than a #gfloat can be
 * * a verdict has a name that nobody knows
 * * a face's verdict is worse than the stream's: a stream is as bad as its worst face
 * * it says "authentic" and has no face
 * * it is of the event "model-updated", and `error` is there though `success` is true, or missing
 *   though it is false; or `model-file-hex` does not hold pairs of hexadecimal digits
 *
 * Fields that this version does not know are passed over, a reason that it does not know is read as
 * "error", and a kind of evidence that it does not know as none.
 */

#include "gstdeepfakereport.h"

#include <math.h>
#include <string.h>

struct _GstDeepfakeReport
{
  gatomicrefcount ref_count;

  GstDeepfakeEvent event;
  gchar *event_name;
  gchar *stream_id;
  gchar *model_id;
  GstClockTime timestamp;
  GstClockTime stream_time;
  GstClockTime running_time;
  GstClockTime duration;
  GstDeepfakeVerdict verdict;
  const gchar *reason;
  gdouble probability;
  gdouble threshold;
  GstDeepfakeEvidence evidence;
  gdouble seam_probability;
  gdouble generated_probability;
  guint n_faces;
  GstDeepfakeFace *faces;

  gchar *model_file;
  gchar *model_file_bytes;
  gboolean success;
  gchar *error;
};

G_DEFINE_BOXED_TYPE (GstDeepfakeReport, gst_deepfake_report,
    gst_deepfake_report_ref, gst_deepfake_report_unref);

static const GEnumValue event_values[] = {
  {GST_DEEPFAKE_EVENT_UNKNOWN, "GST_DEEPFAKE_EVENT_UNKNOWN", "unknown"},
  {GST_DEEPFAKE_EVENT_SCORE, "GST_DEEPFAKE_EVENT_SCORE", "score"},
  {GST_DEEPFAKE_EVENT_VERDICT_CHANGED, "GST_DEEPFAKE_EVENT_VERDICT_CHANGED",
      "verdict-changed"},
  {GST_DEEPFAKE_EVENT_IDENTITY_CHANGED, "GST_DEEPFAKE_EVENT_IDENTITY_CHANGED",
      "identity-changed"},
  {GST_DEEPFAKE_EVENT_TRACK_LOST, "GST_DEEPFAKE_EVENT_TRACK_LOST",
      "track-lost"},
  {GST_DEEPFAKE_EVENT_MODEL_UPDATED, "GST_DEEPFAKE_EVENT_MODEL_UPDATED",
      "model-updated"},
  {GST_DEEPFAKE_EVENT_OVERLOAD, "GST_DEEPFAKE_EVENT_OVERLOAD", "overload"},
  {0, NULL, NULL}
};

GType
gst_deepfake_event_get_type (void)
{
  static GType type = 0;

  if (g_once_init_enter (&type)) {
    GType registered = g_enum_register_static ("GstDeepfakeEvent",
        event_values);
    g_once_init_leave (&type, registered);
  }
  return type;
}

static GstDeepfakeEvent
event_from_name (const gchar * name)
{
  const GEnumValue *value;

  for (value = event_values; value->value_nick != NULL; value++) {
    if (g_str_equal (name, value->value_nick))
      return (GstDeepfakeEvent) value->value;
  }
  return GST_DEEPFAKE_EVENT_UNKNOWN;
}

/* Comparisons with what is no number are false. */
static gboolean
read_part (const GstStructure * structure, const gchar * field, gdouble * part)
{
  return gst_structure_get_double (structure, field, part) && *part >= 0
      && *part <= 1;
}

static gboolean
read_optional_part (const GstStructure * structure, const gchar * field,
    gdouble * part)
{
  *part = -1;
  return !gst_structure_has_field (structure, field)
      || read_part (structure, field, part);
}

static gboolean
read_pixels (const GstStructure * structure, const gchar * field,
    gfloat * pixels)
{
  gdouble number;

  if (!gst_structure_get_double (structure, field, &number)
      || !(fabs (number) <= G_MAXFLOAT))
    return FALSE;
  *pixels = (gfloat) number;
  return TRUE;
}

static gboolean
read_text (const GstStructure * structure, const gchar * field, gchar ** text)
{
  *text = g_strdup (gst_structure_get_string (structure, field));
  return *text != NULL;
}

static gboolean
read_verdict (const GstStructure * structure, GstDeepfakeVerdict * verdict,
    const gchar ** reason)
{
  const gchar *name = gst_structure_get_string (structure, "reason");

  *reason = gst_deepfake_reason_from_name (name);
  return name != NULL
      && gst_deepfake_verdict_from_name (gst_structure_get_string (structure,
          "verdict"), verdict);
}

/* Where no kind is told there is nothing to have a probability. */
static gboolean
read_evidence (const GstStructure * structure, GstDeepfakeEvidence * evidence,
    gdouble * seam, gdouble * generated)
{
  const gboolean told = gst_structure_has_field (structure, "evidence");
  const gchar *name = gst_structure_get_string (structure, "evidence");
  const gboolean good = told == (name != NULL)
      && read_optional_part (structure, "seam-probability", seam)
      && read_optional_part (structure, "generated-probability", generated)
      && (told || (*seam == -1 && *generated == -1));

  *evidence = gst_deepfake_evidence_from_name (name);
  if (*evidence == GST_DEEPFAKE_EVIDENCE_NONE) {
    *seam = -1;
    *generated = -1;
  }
  return good;
}

static gboolean
read_face (const GstStructure * structure, GstDeepfakeFace * face)
{
  gdouble confidence;

  if (!read_part (structure, "detection-confidence", &confidence))
    return FALSE;
  face->detection_confidence = (gfloat) confidence;
  return gst_structure_get_uint64 (structure, "track-id", &face->track_id)
      && read_pixels (structure, "x", &face->x)
      && read_pixels (structure, "y", &face->y)
      && read_pixels (structure, "width", &face->width)
      && read_pixels (structure, "height", &face->height)
      && read_optional_part (structure, "probability", &face->probability)
      && read_optional_part (structure, "score", &face->score)
      && read_evidence (structure, &face->evidence, &face->seam_probability,
      &face->generated_probability)
      && read_verdict (structure, &face->verdict, &face->reason)
      && gst_structure_get_uint64 (structure, "windows", &face->windows)
      && gst_structure_get_uint64 (structure, "samples", &face->samples)
      && gst_structure_get_boolean (structure, "partial", &face->partial);
}

static gboolean
read_faces (const GstStructure * structure, GstDeepfakeReport * self)
{
  const GValue *list = gst_structure_get_value (structure, "faces");
  guint i;

  if (list == NULL || !GST_VALUE_HOLDS_LIST (list))
    return FALSE;
  self->n_faces = gst_value_list_get_size (list);
  self->faces = g_new0 (GstDeepfakeFace, self->n_faces);
  for (i = 0; i < self->n_faces; i++) {
    const GValue *value = gst_value_list_get_value (list, i);
    const GstStructure *face = GST_VALUE_HOLDS_STRUCTURE (value) ?
        gst_value_get_structure (value) : NULL;
    /* A stream is as bad as its worst face. */
    if (face == NULL || !read_face (face, &self->faces[i])
        || self->faces[i].verdict > self->verdict)
      return FALSE;
  }
  return self->n_faces > 0 || self->verdict != GST_DEEPFAKE_VERDICT_AUTHENTIC;
}

static gboolean
read_results (const GstStructure * structure, GstDeepfakeReport * self)
{
  return read_text (structure, "model-id", &self->model_id)
      && gst_structure_get_uint64 (structure, "timestamp", &self->timestamp)
      && gst_structure_get_uint64 (structure, "stream-time", &self->stream_time)
      && gst_structure_get_uint64 (structure, "running-time",
      &self->running_time)
      && gst_structure_get_uint64 (structure, "duration", &self->duration)
      && read_verdict (structure, &self->verdict, &self->reason)
      && read_optional_part (structure, "probability", &self->probability)
      && read_part (structure, "threshold", &self->threshold)
      && read_evidence (structure, &self->evidence, &self->seam_probability,
      &self->generated_probability)
      && read_faces (structure, self);
}

/* (nullable): names of files have no zero byte, and are not empty where they have other bytes than
 * UTF-8. */
static gchar *
bytes_from_hexadecimal (const gchar * digits)
{
  gsize length = digits == NULL ? 0 : strlen (digits);
  gchar *bytes;
  gsize i;

  if (length == 0 || length % 2 != 0)
    return NULL;
  bytes = g_malloc0 (length / 2 + 1);
  for (i = 0; i < length; i += 2) {
    gint high = g_ascii_xdigit_value (digits[i]);
    gint low = g_ascii_xdigit_value (digits[i + 1]);
    if (high < 0 || low < 0 || high + low == 0) {
      g_free (bytes);
      return NULL;
    }
    bytes[i / 2] = (gchar) (high * 16 + low);
  }
  return bytes;
}

static gboolean
read_model (const GstStructure * structure, GstDeepfakeReport * self)
{
  gboolean has_error = gst_structure_has_field (structure, "error");

  if (!read_text (structure, "model-id", &self->model_id)
      || !read_text (structure, "model-file", &self->model_file)
      || !gst_structure_get_boolean (structure, "success", &self->success))
    return FALSE;
  /* What failed says why, and what did not has nothing to say. */
  if (self->success ? has_error :
      !read_text (structure, "error", &self->error))
    return FALSE;
  if (gst_structure_has_field (structure, "model-file-hex"))
    self->model_file_bytes =
        bytes_from_hexadecimal (gst_structure_get_string (structure,
            "model-file-hex"));
  else
    self->model_file_bytes = g_strdup (self->model_file);
  return self->model_file_bytes != NULL;
}

static gboolean
read_message (const GstStructure * structure, GstDeepfakeReport * self)
{
  if (!read_text (structure, "event", &self->event_name)
      || !read_text (structure, "stream-id", &self->stream_id))
    return FALSE;
  self->event = event_from_name (self->event_name);
  if (self->event == GST_DEEPFAKE_EVENT_MODEL_UPDATED)
    return read_model (structure, self);
  /* Something newer, which may not be about faces. */
  if (self->event == GST_DEEPFAKE_EVENT_UNKNOWN
      && !gst_structure_has_field (structure, "verdict")
      && !gst_structure_has_field (structure, "faces"))
    return TRUE;
  return read_results (structure, self);
}

/**
 * gst_deepfake_report_new_from_message: (constructor)
 * @message: any message from a bus
 *
 * Reads a message of deepfakedetect. What is refused stands at the top of this page. In Python,
 * whose constructors cannot give nothing, this raises a TypeError where C gets %NULL: ask
 * gst_message_has_name() for "deepfakedetect" first, then only damaged messages raise it.
 *
 * Returns: (transfer full) (nullable): what it says; %NULL when it is another message or a damaged
 *   one, of which nothing is known
 *
 * Since: 0.1
 */
GstDeepfakeReport *
gst_deepfake_report_new_from_message (GstMessage * message)
{
  GstDeepfakeReport *self;

  g_return_val_if_fail (GST_IS_MESSAGE (message), NULL);

  if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_ELEMENT
      || !gst_message_has_name (message, "deepfakedetect"))
    return NULL;
  self = g_new0 (GstDeepfakeReport, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->timestamp = GST_CLOCK_TIME_NONE;
  self->stream_time = GST_CLOCK_TIME_NONE;
  self->running_time = GST_CLOCK_TIME_NONE;
  self->duration = GST_CLOCK_TIME_NONE;
  self->verdict = GST_DEEPFAKE_VERDICT_UNDECIDED;
  self->reason = "none";
  self->probability = -1;
  self->threshold = -1;
  self->seam_probability = -1;
  self->generated_probability = -1;
  if (!read_message (gst_message_get_structure (message), self))
    g_clear_pointer (&self, gst_deepfake_report_unref);
  return self;
}

/**
 * gst_deepfake_report_ref:
 * @report: a #GstDeepfakeReport
 *
 * Returns: (transfer full): the same report, which has one more owner
 *
 * Since: 0.1
 */
GstDeepfakeReport *
gst_deepfake_report_ref (GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, NULL);
  g_atomic_ref_count_inc (&report->ref_count);
  return report;
}

/**
 * gst_deepfake_report_unref:
 * @report: (transfer full): a #GstDeepfakeReport
 *
 * Gives up a reference. The last one to do so frees the report, its faces and its texts.
 *
 * Since: 0.1
 */
void
gst_deepfake_report_unref (GstDeepfakeReport * report)
{
  g_return_if_fail (report != NULL);

  if (!g_atomic_ref_count_dec (&report->ref_count))
    return;
  g_free (report->event_name);
  g_free (report->stream_id);
  g_free (report->model_id);
  g_free (report->faces);
  g_free (report->model_file);
  g_free (report->model_file_bytes);
  g_free (report->error);
  g_free (report);
}

/**
 * gst_deepfake_report_get_event:
 * @report: a #GstDeepfakeReport
 *
 * A message of an event that this version does not know is read as the others are when it has a
 * verdict or faces; else the report has none and says what one of %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 * says of faces.
 *
 * Returns: why the message was posted
 *
 * Since: 0.1
 */
GstDeepfakeEvent
gst_deepfake_report_get_event (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, GST_DEEPFAKE_EVENT_UNKNOWN);
  return report->event;
}

/**
 * gst_deepfake_report_get_event_name:
 * @report: a #GstDeepfakeReport
 *
 * Returns: (transfer none): the event as it stands in the message, such as "verdict-changed"; also
 *   of events that this version does not know
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_report_get_event_name (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, NULL);
  return report->event_name;
}

/**
 * gst_deepfake_report_get_stream_id:
 * @report: a #GstDeepfakeReport
 *
 * Returns: (transfer none): name of the stream: the property of deepfakedetect, or its own name
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_report_get_stream_id (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, NULL);
  return report->stream_id;
}

/**
 * gst_deepfake_report_get_model_id:
 * @report: a #GstDeepfakeReport
 *
 * Returns: (transfer none) (nullable): first digits of the SHA-256 of the model file in force;
 *   %NULL only for an unknown event that is not about faces
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_report_get_model_id (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, NULL);
  return report->model_id;
}

/**
 * gst_deepfake_report_get_timestamp:
 * @report: a #GstDeepfakeReport
 *
 * Returns: timestamp of the frame analysed last, in ns; %GST_CLOCK_TIME_NONE when it is not known,
 *   and for %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
GstClockTime
gst_deepfake_report_get_timestamp (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, GST_CLOCK_TIME_NONE);
  return report->timestamp;
}

/**
 * gst_deepfake_report_get_stream_time:
 * @report: a #GstDeepfakeReport
 *
 * Returns: stream time of the frame analysed last, in ns: its place in the clip;
 *   %GST_CLOCK_TIME_NONE when it is not known, and for %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
GstClockTime
gst_deepfake_report_get_stream_time (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, GST_CLOCK_TIME_NONE);
  return report->stream_time;
}

/**
 * gst_deepfake_report_get_running_time:
 * @report: a #GstDeepfakeReport
 *
 * Returns: running time of the frame analysed last, in ns; %GST_CLOCK_TIME_NONE when it is not
 *   known, and for %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
GstClockTime
gst_deepfake_report_get_running_time (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, GST_CLOCK_TIME_NONE);
  return report->running_time;
}

/**
 * gst_deepfake_report_get_duration:
 * @report: a #GstDeepfakeReport
 *
 * Returns: duration of a frame, in ns; %GST_CLOCK_TIME_NONE when it is not known, and for
 *   %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
GstClockTime
gst_deepfake_report_get_duration (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, GST_CLOCK_TIME_NONE);
  return report->duration;
}

/**
 * gst_deepfake_report_get_verdict:
 * @report: a #GstDeepfakeReport
 *
 * Returns: the worst face's verdict; %GST_DEEPFAKE_VERDICT_UNDECIDED for
 *   %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
GstDeepfakeVerdict
gst_deepfake_report_get_verdict (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, GST_DEEPFAKE_VERDICT_UNDECIDED);
  return report->verdict;
}

/**
 * gst_deepfake_report_get_reason:
 * @report: a #GstDeepfakeReport
 *
 * Returns: (transfer none): of the verdict, a static string such as "warming-up"; "error" for one
 *   that this version does not know, "none" for %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_report_get_reason (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, "error");
  return report->reason;
}

/**
 * gst_deepfake_report_get_probability:
 * @report: a #GstDeepfakeReport
 *
 * Returns: the worst face's probability, smoothed over time, in [0, 1]; -1 when there is none
 *
 * Since: 0.1
 */
gdouble
gst_deepfake_report_get_probability (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, -1);
  return report->probability;
}

/**
 * gst_deepfake_report_get_evidence:
 * @report: a #GstDeepfakeReport
 *
 * Returns: which kind of evidence the worst face's score speaks of
 *
 * Since: 0.1
 */
GstDeepfakeEvidence
gst_deepfake_report_get_evidence (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, GST_DEEPFAKE_EVIDENCE_NONE);
  return report->evidence;
}

/**
 * gst_deepfake_report_get_seam_probability:
 * @report: a #GstDeepfakeReport
 *
 * Returns: that the worst face was blended into the picture, smoothed over time, in [0, 1]; -1 when
 *   there is none
 *
 * Since: 0.1
 */
gdouble
gst_deepfake_report_get_seam_probability (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, -1);
  return report->seam_probability;
}

/**
 * gst_deepfake_report_get_generated_probability:
 * @report: a #GstDeepfakeReport
 *
 * Returns: that a network painted the worst face, smoothed over time, in [0, 1]; -1 when there is
 *   none
 *
 * Since: 0.1
 */
gdouble
gst_deepfake_report_get_generated_probability (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, -1);
  return report->generated_probability;
}

/**
 * gst_deepfake_report_get_threshold:
 * @report: a #GstDeepfakeReport
 *
 * Returns: from which a face counts as manipulated, in [0, 1]; -1 for
 *   %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
gdouble
gst_deepfake_report_get_threshold (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, -1);
  return report->threshold;
}

/**
 * gst_deepfake_report_get_n_faces:
 * @report: a #GstDeepfakeReport
 *
 * Returns: how many faces the report has; 0 for %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
guint
gst_deepfake_report_get_n_faces (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, 0);
  return report->n_faces;
}

/**
 * gst_deepfake_report_get_face:
 * @report: a #GstDeepfakeReport
 * @index: less than gst_deepfake_report_get_n_faces()
 *
 * Faces are in the order of the message: by ascending track id. Messages carry no heatmaps.
 *
 * Returns: (transfer none) (nullable): the face, which is there as long as the report; %NULL when
 *   there is none of that index
 *
 * Since: 0.1
 */
const GstDeepfakeFace *
gst_deepfake_report_get_face (const GstDeepfakeReport * report, guint index)
{
  g_return_val_if_fail (report != NULL, NULL);
  return index < report->n_faces ? &report->faces[index] : NULL;
}

/**
 * gst_deepfake_report_get_model_file:
 * @report: a #GstDeepfakeReport
 *
 * For people to read: where the name is no UTF-8, U+FFFD stands for what is not.
 *
 * Returns: (transfer none) (nullable): the model file that was set; %NULL for other events than
 *   %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_report_get_model_file (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, NULL);
  return report->model_file;
}

/**
 * gst_deepfake_report_get_model_file_bytes:
 * @report: a #GstDeepfakeReport
 *
 * For opening the file.
 *
 * Returns: (transfer none) (nullable) (type filename): the same name, byte by byte as it was set;
 *   %NULL for other events than %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_report_get_model_file_bytes (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, NULL);
  return report->model_file_bytes;
}

/**
 * gst_deepfake_report_get_success:
 * @report: a #GstDeepfakeReport
 *
 * Returns: whether the model that was set is in force; %FALSE for other events than
 *   %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
gboolean
gst_deepfake_report_get_success (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, FALSE);
  return report->success;
}

/**
 * gst_deepfake_report_get_error:
 * @report: a #GstDeepfakeReport
 *
 * Returns: (transfer none) (nullable): why the model that was set is not in force; %NULL when it
 *   is, and for other events than %GST_DEEPFAKE_EVENT_MODEL_UPDATED
 *
 * Since: 0.1
 */
const gchar *
gst_deepfake_report_get_error (const GstDeepfakeReport * report)
{
  g_return_val_if_fail (report != NULL, NULL);
  return report->error;
}
