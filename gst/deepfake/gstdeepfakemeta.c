/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:gstdeepfakemeta
 * @title: GstDeepfakeMeta
 * @short_description: Results of deepfakedetect on a buffer
 *
 * #GstDeepfakeMeta holds the newest verdicts of a stream: one entry for each face that is being
 * followed, and the stream's own verdict, which is its worst face's.
 *
 * The meta has no tags, so it outlives what is done to the pixels. A second meta beside it, private
 * to this library, is tagged as depending on size and orientation: elements that tell what they do
 * (scaling) have it changed, elements that do not (cropping, turning) drop it. That is how
 * gst_deepfake_meta_locate_face() knows whether the boxes are still true.
 *
 * A program that takes buffers from another process (unixfdsrc) and has no element of ours in its
 * pipeline calls gst_deepfake_meta_get_info() once before the first, so that GStreamer knows the
 * meta when it comes.
 */

#include "gstdeepfakemeta.h"
#include "gstdeepfakepicture.h"
#include "gstdeepfakeserialize.h"

#include <string.h>

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
  self->running_time = GST_CLOCK_TIME_NONE;
  self->evidence = GST_DEEPFAKE_EVIDENCE_NONE;
  self->seam_probability = -1;
  self->generated_probability = -1;
  memset (self->_gst_reserved, 0, sizeof (self->_gst_reserved));
  return TRUE;
}

static void
gst_deepfake_meta_free (GstMeta * meta, GstBuffer * buffer)
{
  GstDeepfakeMeta *self = (GstDeepfakeMeta *) meta;
  guint i;
  (void) buffer;

  g_clear_pointer (&self->stream_id, g_free);
  g_clear_pointer (&self->model_id, g_free);
  for (i = 0; i < self->n_faces; i++)
    g_free (self->faces[i].heatmap);
  g_clear_pointer (&self->faces, g_free);
  self->n_faces = 0;
}

static gsize
face_count_cells (const GstDeepfakeFace * face)
{
  return face->heatmap == NULL ? 0 :
      (gsize) face->heatmap_columns * face->heatmap_rows;
}

/* Programs that were built before there were these fields left zero in them, which is no
 * probability. */
static void
settle_evidence (GstDeepfakeEvidence evidence, gdouble * seam,
    gdouble * generated)
{
  if (evidence == GST_DEEPFAKE_EVIDENCE_NONE) {
    *seam = -1;
    *generated = -1;
  }
}

static void
face_copy_into (GstDeepfakeFace * self, const GstDeepfakeFace * like)
{
  gsize cells = face_count_cells (like);

  *self = *like;
  if (cells == 0) {
    self->heatmap_columns = 0;
    self->heatmap_rows = 0;
  }
  self->heatmap = cells == 0 ? NULL :
      g_memdup2 (like->heatmap, cells * sizeof (gfloat));
  settle_evidence (self->evidence, &self->seam_probability,
      &self->generated_probability);
}

G_DEFINE_BOXED_TYPE (GstDeepfakeFace, gst_deepfake_face, gst_deepfake_face_copy,
    gst_deepfake_face_free)

/**
 * gst_deepfake_face_copy: (skip)
 * @face: a #GstDeepfakeFace
 *
 * Returns: (transfer full): a copy with a heatmap of its own
 *
 * Since: 0.1
 */
GstDeepfakeFace *
gst_deepfake_face_copy (const GstDeepfakeFace * face)
{
  GstDeepfakeFace *copy;

  g_return_val_if_fail (face != NULL, NULL);
  copy = g_new (GstDeepfakeFace, 1);
  face_copy_into (copy, face);
  return copy;
}

/**
 * gst_deepfake_face_free: (skip)
 * @face: (transfer full) (nullable): what gst_deepfake_face_copy() gave
 *
 * Since: 0.1
 */
void
gst_deepfake_face_free (GstDeepfakeFace * face)
{
  if (face != NULL)
    g_free (face->heatmap);
  g_free (face);
}

/**
 * gst_deepfake_face_get_heatmap:
 * @face: a #GstDeepfakeFace
 * @n_cells: (out): how many there are: columns times rows
 *
 * For languages that do not know how long the array is.
 *
 * Returns: (transfer none) (nullable) (array length=n_cells): the heatmap, row by row from the top
 *
 * Since: 0.1
 */
const gfloat *
gst_deepfake_face_get_heatmap (const GstDeepfakeFace * face, gsize * n_cells)
{
  g_return_val_if_fail (face != NULL && n_cells != NULL, NULL);
  *n_cells = face_count_cells (face);
  return *n_cells == 0 ? NULL : face->heatmap;
}

GstDeepfakeMeta *
gst_deepfake_meta_put (GstBuffer * buffer, const GstDeepfakeMeta * like)
{
  GstDeepfakeMeta *old;
  guint i;
  GstDeepfakeMeta *self = (GstDeepfakeMeta *) gst_buffer_add_meta (buffer,
      GST_DEEPFAKE_META_INFO, NULL);

  if (self == NULL)
    return NULL;
  self->stream_id = g_strdup (like->stream_id);
  self->model_id = g_strdup (like->model_id);
  self->frame_width = like->frame_width;
  self->frame_height = like->frame_height;
  self->verdict = like->verdict;
  self->reason = like->reason;
  self->probability = like->probability;
  self->threshold = like->threshold;
  self->running_time = like->running_time;
  self->evidence = like->evidence;
  self->seam_probability = like->seam_probability;
  self->generated_probability = like->generated_probability;
  settle_evidence (self->evidence, &self->seam_probability,
      &self->generated_probability);
  self->n_faces = like->n_faces;
  if (like->n_faces > 0)
    self->faces = g_new (GstDeepfakeFace, like->n_faces);
  for (i = 0; i < like->n_faces; i++)
    face_copy_into (&self->faces[i], &like->faces[i]);
  /* The first that is found is the oldest. */
  while ((old = gst_buffer_get_deepfake_meta (buffer)) != self)
    gst_buffer_remove_meta (buffer, (GstMeta *) old);
  return self;
}

static gboolean
gst_deepfake_meta_transform (GstBuffer * dest, GstMeta * meta,
    GstBuffer * buffer, GQuark type, gpointer data)
{
  GstDeepfakeMeta *self = (GstDeepfakeMeta *) meta;
  GstDeepfakeMeta *there = gst_buffer_get_deepfake_meta (dest);
  (void) buffer;
  (void) type;
  (void) data;

  /* Payloaders and parsers make one buffer of several; the worst of their results counts. */
  if (there != NULL && there->verdict > self->verdict)
    return TRUE;
  /* Whatever is done to the pixels, the results stay true: the boxes name the size they refer to. */
  return gst_deepfake_meta_put (dest, self) != NULL;
}

#if GST_CHECK_VERSION (1, 24, 0)
static gboolean
gst_deepfake_meta_serialize (const GstMeta * meta,
    GstByteArrayInterface * data, guint8 * version)
{
  GBytes *bytes = gst_deepfake_meta_to_bytes ((const GstDeepfakeMeta *) meta);
  gboolean appended = gst_byte_array_interface_append_data (data,
      g_bytes_get_data (bytes, NULL), (guint) g_bytes_get_size (bytes));

  g_bytes_unref (bytes);
  *version = GST_DEEPFAKE_SERIALIZED_VERSION;
  return appended;
}

static GstMeta *
gst_deepfake_meta_deserialize (const GstMetaInfo * info, GstBuffer * buffer,
    const guint8 * data, gsize size, guint8 version)
{
  (void) info;

  return (GstMeta *) gst_deepfake_meta_from_bytes (buffer, version, data, size);
}
#endif

const GstMetaInfo *
gst_deepfake_meta_get_info (void)
{
  static const GstMetaInfo *info = NULL;

  if (g_once_init_enter ((GstMetaInfo **) & info)) {
    const GstMetaInfo *registered;
#if GST_CHECK_VERSION (1, 24, 0)
    GstMetaInfo *fresh = (GstMetaInfo *)
        gst_meta_info_new (GST_DEEPFAKE_META_API_TYPE, "GstDeepfakeMeta",
        sizeof (GstDeepfakeMeta));
    fresh->init_func = gst_deepfake_meta_init;
    fresh->free_func = gst_deepfake_meta_free;
    fresh->transform_func = gst_deepfake_meta_transform;
    fresh->serialize_func = gst_deepfake_meta_serialize;
    fresh->deserialize_func = gst_deepfake_meta_deserialize;
    registered = gst_meta_info_register (fresh);
#else
    registered = gst_meta_register (GST_DEEPFAKE_META_API_TYPE,
        "GstDeepfakeMeta", sizeof (GstDeepfakeMeta), gst_deepfake_meta_init,
        gst_deepfake_meta_free, gst_deepfake_meta_transform);
#endif
    /* The other process must know both before it can read them. */
    gst_deepfake_picture_get_info ();
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
 * Adds a meta, or replaces the one that is there: there is never a second. Its running time is not
 * known and its verdict is "undecided" with reason "error" until the caller sets it, so that a forgotten field never reads
 * as authentic. The buffer's picture counts as the whole frame at this size from here on.
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
  GstDeepfakeMeta like;

  g_return_val_if_fail (GST_IS_BUFFER (buffer), NULL);
  g_return_val_if_fail (faces != NULL || n_faces == 0, NULL);

  memset (&like, 0, sizeof (like));
  like.stream_id = (gchar *) stream_id;
  like.model_id = (gchar *) model_id;
  like.frame_width = frame_width;
  like.frame_height = frame_height;
  like.verdict = GST_DEEPFAKE_VERDICT_UNDECIDED;
  like.reason = "error";
  like.probability = -1;
  like.running_time = GST_CLOCK_TIME_NONE;
  like.n_faces = n_faces;
  like.faces = (GstDeepfakeFace *) faces;
  self = gst_deepfake_meta_put (buffer, &like);
  if (self != NULL)
    gst_deepfake_picture_set (buffer, frame_width, frame_height);
  return self;
}

/**
 * gst_deepfake_meta_copy:
 * @meta: a #GstDeepfakeMeta, on whatever buffer
 * @dest: a writable #GstBuffer
 * @picture_width: width of the picture in @dest, when that shows the whole analysed frame; 0 when
 *   it does not, or nobody knows
 * @picture_height: its height
 *
 * Gives a buffer the results of another: to join them to frames that were not analysed themselves,
 * or are kept elsewhere. Nothing is shared with @meta.
 *
 * Returns: (transfer none): the meta on @dest, in place of the one that was there
 *
 * Since: 0.1
 */
GstDeepfakeMeta *
gst_deepfake_meta_copy (const GstDeepfakeMeta * meta, GstBuffer * dest,
    guint picture_width, guint picture_height)
{
  GstDeepfakeMeta *copy;

  g_return_val_if_fail (meta != NULL && GST_IS_BUFFER (dest), NULL);
  copy = gst_deepfake_meta_put (dest, meta);
  if (copy != NULL)
    gst_deepfake_picture_set (dest, picture_width, picture_height);
  return copy;
}

/**
 * gst_buffer_get_deepfake_meta:
 * @buffer: a #GstBuffer
 *
 * Returns: (transfer none) (nullable): the meta on the buffer
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
 * gst_deepfake_meta_get_face:
 * @meta: a #GstDeepfakeMeta
 * @index: less than its n_faces
 *
 * For languages that cannot index the array.
 *
 * Returns: (transfer none) (nullable): the face; %NULL when there is none of that index
 *
 * Since: 0.1
 */
const GstDeepfakeFace *
gst_deepfake_meta_get_face (const GstDeepfakeMeta * meta, guint index)
{
  g_return_val_if_fail (meta != NULL, NULL);
  return index < meta->n_faces ? &meta->faces[index] : NULL;
}

/**
 * gst_deepfake_meta_get_picture_size:
 * @meta: a #GstDeepfakeMeta
 * @buffer: the buffer it is on
 * @width: (out) (optional): width in pixels
 * @height: (out) (optional): height in pixels
 *
 * The size that the analysed frame has now: elements such as videoscale tell what they do to it.
 *
 * Returns: %FALSE when an element since then cut or turned the picture, or did something else
 *   without saying what: the boxes then belong to a picture that is not there any more. What is
 *   said of the faces stays true.
 *
 * Since: 0.1
 */
gboolean
gst_deepfake_meta_get_picture_size (const GstDeepfakeMeta * meta,
    GstBuffer * buffer, guint * width, guint * height)
{
  guint picture_width;
  guint picture_height;

  g_return_val_if_fail (meta != NULL, FALSE);
  g_return_val_if_fail (GST_IS_BUFFER (buffer), FALSE);

  if (!gst_deepfake_picture_get (buffer, &picture_width, &picture_height) ||
      meta->frame_width == 0 || meta->frame_height == 0)
    return FALSE;
  if (width != NULL)
    *width = picture_width;
  if (height != NULL)
    *height = picture_height;
  return TRUE;
}

/**
 * gst_deepfake_meta_locate_face:
 * @meta: a #GstDeepfakeMeta
 * @buffer: the buffer it is on
 * @index: less than its n_faces
 * @x: (out): left edge in pixels of the buffer's picture; may lie outside
 * @y: (out): top edge
 * @width: (out): width in pixels
 * @height: (out): height in pixels
 *
 * Where a face lies in the picture that the buffer holds now.
 *
 * Returns: %FALSE when that is not known, as in gst_deepfake_meta_get_picture_size()
 *
 * Since: 0.1
 */
gboolean
gst_deepfake_meta_locate_face (const GstDeepfakeMeta * meta,
    GstBuffer * buffer, guint index, gdouble * x, gdouble * y,
    gdouble * width, gdouble * height)
{
  const GstDeepfakeFace *face = gst_deepfake_meta_get_face (meta, index);
  guint picture_width;
  guint picture_height;
  gdouble x_scale;
  gdouble y_scale;

  if (face == NULL || !gst_deepfake_meta_get_picture_size (meta, buffer,
          &picture_width, &picture_height))
    return FALSE;
  x_scale = (gdouble) picture_width / meta->frame_width;
  y_scale = (gdouble) picture_height / meta->frame_height;
  *x = face->x * x_scale;
  *y = face->y * y_scale;
  *width = face->width * x_scale;
  *height = face->height * y_scale;
  return TRUE;
}
