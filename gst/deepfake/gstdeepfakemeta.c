/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:gstdeepfakemeta
 * @title: GstDeepfakeMeta
 * @short_description: Results of deepfakedetect on a buffer
 *
 * #GstDeepfakeMeta holds the newest verdicts of a stream: one entry for each face that is being
 * followed, and the stream's own verdict, which is its worst face's.
 */

#include "gstdeepfakemeta.h"

GType
gst_deepfake_meta_api_get_type (void)
{
  static GType type = 0;
  /* No tags: a "size" tag would make videoscale and videoconvert drop the meta. */
  static const gchar *tags[] = { NULL };

  if (g_once_init_enter (&type)) {
    GType registered = gst_meta_api_type_register ("GstDeepfakeMetaAPI", tags);
    g_once_init_leave (&type, registered);
  }
  return type;
}

static gboolean
gst_deepfake_meta_init (GstMeta * meta, gpointer params, GstBuffer * buffer)
{
  GstDeepfakeMeta *self = (GstDeepfakeMeta *) meta;
  (void) params;
  (void) buffer;

  self->stream_id = NULL;
  self->model_id = NULL;
  self->frame_width = 0;
  self->frame_height = 0;
  self->verdict = GST_DEEPFAKE_VERDICT_UNDECIDED;
  self->reason = "error";
  self->probability = -1;
  self->threshold = 0;
  self->n_faces = 0;
  self->faces = NULL;
  return TRUE;
}

static void
gst_deepfake_meta_free (GstMeta * meta, GstBuffer * buffer)
{
  GstDeepfakeMeta *self = (GstDeepfakeMeta *) meta;
  (void) buffer;

  g_clear_pointer (&self->stream_id, g_free);
  g_clear_pointer (&self->model_id, g_free);
  g_clear_pointer (&self->faces, g_free);
  self->n_faces = 0;
}

static gboolean
gst_deepfake_meta_transform (GstBuffer * dest, GstMeta * meta,
    GstBuffer * buffer, GQuark type, gpointer data)
{
  GstDeepfakeMeta *self = (GstDeepfakeMeta *) meta;
  GstDeepfakeMeta *copy;
  (void) buffer;
  (void) type;
  (void) data;

  /* Whatever is done to the pixels, the results stay true: the boxes name the size they refer to. */
  copy = gst_buffer_add_deepfake_meta (dest, self->stream_id, self->model_id,
      self->frame_width, self->frame_height, self->faces, self->n_faces);
  if (copy == NULL)
    return FALSE;
  copy->verdict = self->verdict;
  copy->reason = self->reason;
  copy->probability = self->probability;
  copy->threshold = self->threshold;
  return TRUE;
}

const GstMetaInfo *
gst_deepfake_meta_get_info (void)
{
  static const GstMetaInfo *info = NULL;

  if (g_once_init_enter ((GstMetaInfo **) & info)) {
    const GstMetaInfo *registered =
        gst_meta_register (GST_DEEPFAKE_META_API_TYPE, "GstDeepfakeMeta",
        sizeof (GstDeepfakeMeta), gst_deepfake_meta_init,
        gst_deepfake_meta_free, gst_deepfake_meta_transform);
    g_once_init_leave ((GstMetaInfo **) & info, (GstMetaInfo *) registered);
  }
  return info;
}

/**
 * gst_buffer_add_deepfake_meta:
 * @buffer: a writable #GstBuffer
 * @stream_id: (nullable): name of the stream; copied
 * @model_id: (nullable): name of the model; copied
 * @frame_width: width of the frame that the boxes refer to
 * @frame_height: its height
 * @faces: (array length=n_faces) (nullable): the faces; copied, their reasons must be static
 * @n_faces: length of @faces
 *
 * Adds a meta. Its verdict is "undecided" with reason "error" until the caller sets it, so that a
 * forgotten field never reads as authentic.
 *
 * Returns: (transfer none): the new meta
 *
 * Since: 0.1
 */
GstDeepfakeMeta *
gst_buffer_add_deepfake_meta (GstBuffer * buffer, const gchar * stream_id,
    const gchar * model_id, guint frame_width, guint frame_height,
    const GstDeepfakeFace * faces, guint n_faces)
{
  GstDeepfakeMeta *self;

  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (faces != NULL || n_faces == 0, NULL);

  self = (GstDeepfakeMeta *) gst_buffer_add_meta (buffer,
      GST_DEEPFAKE_META_INFO, NULL);
  if (self == NULL)
    return NULL;
  self->stream_id = g_strdup (stream_id);
  self->model_id = g_strdup (model_id);
  self->frame_width = frame_width;
  self->frame_height = frame_height;
  self->n_faces = n_faces;
  if (n_faces > 0)
    self->faces = g_memdup2 (faces, sizeof (GstDeepfakeFace) * n_faces);
  return self;
}

/**
 * gst_buffer_get_deepfake_meta:
 * @buffer: a #GstBuffer
 *
 * Returns: (transfer none) (nullable): the first meta of this type on the buffer
 *
 * Since: 0.1
 */
GstDeepfakeMeta *
gst_buffer_get_deepfake_meta (GstBuffer * buffer)
{
  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  return (GstDeepfakeMeta *) gst_buffer_get_meta (buffer,
      GST_DEEPFAKE_META_API_TYPE);
}

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
  switch (verdict) {
    case GST_DEEPFAKE_VERDICT_AUTHENTIC:
      return "authentic";
    case GST_DEEPFAKE_VERDICT_SUSPICIOUS:
      return "suspicious";
    case GST_DEEPFAKE_VERDICT_MANIPULATED:
      return "manipulated";
    case GST_DEEPFAKE_VERDICT_UNDECIDED:
    default:
      return "undecided";
  }
}
