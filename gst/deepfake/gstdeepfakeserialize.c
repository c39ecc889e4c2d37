/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstdeepfakeserialize.h"

#include <math.h>

/* Little-endian GVariant: stream, model, frame size, verdict, reason, probability, threshold, and
 * the faces with their fields in the order of the struct. An absent heatmap is an empty array. */
#define FACE_TYPE "(tdddddddusttbad)"
#define META_TYPE "(msmsuuusdda" FACE_TYPE ")"

/* The place of the crop, then the map. */
#define HEATMAP_NUMBERS (4 + GST_DEEPFAKE_HEATMAP_SIZE * GST_DEEPFAKE_HEATMAP_SIZE)

static GVariant *
heatmap_to_variant (const GstDeepfakeFace * face)
{
  gdouble numbers[HEATMAP_NUMBERS] = { face->heatmap_x, face->heatmap_y,
    face->heatmap_width, face->heatmap_height
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (face->heatmap); i++)
    numbers[4 + i] = face->heatmap[i];
  return g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, numbers,
      face->has_heatmap ? HEATMAP_NUMBERS : 0, sizeof (gdouble));
}

static gboolean
is_part (gdouble value)
{
  return value >= 0 && value <= 1;
}

/* -1 stands for none. */
static gboolean
is_part_or_none (gdouble value)
{
  return value == -1 || is_part (value);
}

static gboolean
heatmap_from_variant (GVariant * variant, GstDeepfakeFace * face)
{
  gsize count = 0;
  const gdouble *numbers =
      g_variant_get_fixed_array (variant, &count, sizeof (gdouble));
  guint i;

  face->has_heatmap = count != 0;
  if (count == 0)
    return TRUE;
  if (count != HEATMAP_NUMBERS)
    return FALSE;
  face->heatmap_x = (gfloat) numbers[0];
  face->heatmap_y = (gfloat) numbers[1];
  face->heatmap_width = (gfloat) numbers[2];
  face->heatmap_height = (gfloat) numbers[3];
  for (i = 0; i < G_N_ELEMENTS (face->heatmap); i++) {
    face->heatmap[i] = (gfloat) numbers[4 + i];
    if (!is_part (face->heatmap[i]))
      return FALSE;
  }
  return isfinite (face->heatmap_x) && isfinite (face->heatmap_y)
      && isfinite (face->heatmap_width) && isfinite (face->heatmap_height);
}

/* GVariant takes nothing but UTF-8. */
static gchar *
valid_name (const gchar * name)
{
  return name == NULL ? NULL : g_utf8_make_valid (name, -1);
}

GBytes *
gst_deepfake_meta_to_bytes (const GstDeepfakeMeta * meta)
{
  gchar *stream_id = valid_name (meta->stream_id);
  gchar *model_id = valid_name (meta->model_id);
  GVariantBuilder faces;
  GVariant *variant;
  GBytes *bytes;
  guint i;

  g_variant_builder_init (&faces, G_VARIANT_TYPE ("a" FACE_TYPE));
  for (i = 0; i < meta->n_faces; i++) {
    const GstDeepfakeFace *face = &meta->faces[i];
    g_variant_builder_add (&faces, "(tdddddddusttb@ad)", face->track_id,
        (gdouble) face->x, (gdouble) face->y, (gdouble) face->width,
        (gdouble) face->height, (gdouble) face->detection_confidence,
        face->probability, face->score, (guint32) face->verdict,
        gst_deepfake_reason_from_name (face->reason),
        face->windows, face->samples, face->partial, heatmap_to_variant (face));
  }
  variant = g_variant_ref_sink (g_variant_new (META_TYPE, stream_id, model_id,
          meta->frame_width, meta->frame_height, (guint32) meta->verdict,
          gst_deepfake_reason_from_name (meta->reason), meta->probability,
          meta->threshold, &faces));
  g_free (stream_id);
  g_free (model_id);
  if (G_BYTE_ORDER == G_BIG_ENDIAN) {
    GVariant *swapped = g_variant_byteswap (variant);
    g_variant_unref (variant);
    variant = swapped;
  }
  bytes = g_variant_get_data_as_bytes (variant);
  g_variant_unref (variant);
  return bytes;
}

static gboolean
is_verdict (guint32 verdict)
{
  return verdict <= GST_DEEPFAKE_VERDICT_MANIPULATED;
}

static gboolean
face_from_variant (GVariant * variant, GstDeepfakeFace * face)
{
  gdouble x, y, width, height, confidence;
  guint32 verdict;
  const gchar *reason;
  GVariant *heatmap;
  gboolean good;

  g_variant_get (variant, "(tdddddddu&sttb@ad)", &face->track_id, &x, &y,
      &width, &height, &confidence, &face->probability, &face->score, &verdict,
      &reason, &face->windows, &face->samples, &face->partial, &heatmap);
  face->x = (gfloat) x;
  face->y = (gfloat) y;
  face->width = (gfloat) width;
  face->height = (gfloat) height;
  face->detection_confidence = (gfloat) confidence;
  face->verdict = (GstDeepfakeVerdict) verdict;
  face->reason = gst_deepfake_reason_from_name (reason);
  good = heatmap_from_variant (heatmap, face) && is_verdict (verdict)
      && isfinite (face->x) && isfinite (face->y) && isfinite (face->width)
      && isfinite (face->height) && is_part (confidence)
      && is_part_or_none (face->probability) && is_part_or_none (face->score);
  g_variant_unref (heatmap);
  return good;
}

static GstDeepfakeMeta *
meta_from_variant (GstBuffer * buffer, GVariant * variant)
{
  GstDeepfakeMeta *meta = NULL;
  const gchar *stream_id, *model_id, *reason;
  guint32 width, height, verdict;
  gdouble probability, threshold;
  GVariant *list;
  GstDeepfakeFace *faces;
  gsize i, n_faces;
  gboolean good;

  g_variant_get (variant, "(m&sm&suuu&sdd@a" FACE_TYPE ")", &stream_id,
      &model_id, &width, &height, &verdict, &reason, &probability, &threshold,
      &list);
  n_faces = g_variant_n_children (list);
  faces = g_new0 (GstDeepfakeFace, n_faces);
  good = is_verdict (verdict) && is_part_or_none (probability)
      && is_part (threshold);
  for (i = 0; i < n_faces && good; i++) {
    GVariant *face = g_variant_get_child_value (list, i);
    /* A stream is as bad as its worst face. */
    good = face_from_variant (face, &faces[i])
        && (guint32) faces[i].verdict <= verdict;
    g_variant_unref (face);
  }
  if (good) {
    GstDeepfakeMeta like = {.stream_id = (gchar *) stream_id,
      .model_id = (gchar *) model_id,.frame_width = width,
      .frame_height = height,.verdict = (GstDeepfakeVerdict) verdict,
      .reason = gst_deepfake_reason_from_name (reason),
      .probability = probability,.threshold = threshold,
      .n_faces = (guint) n_faces,.faces = faces
    };
    meta = gst_deepfake_meta_put (buffer, &like);
  }
  g_free (faces);
  g_variant_unref (list);
  return meta;
}

GstDeepfakeMeta *
gst_deepfake_meta_from_bytes (GstBuffer * buffer, const guint8 * data,
    gsize size)
{
  /* A copy, since GVariant wants its data aligned. */
  GBytes *bytes = g_bytes_new (data, size);
  GVariant *variant = g_variant_ref_sink (g_variant_new_from_bytes
      (G_VARIANT_TYPE (META_TYPE), bytes, FALSE));
  GstDeepfakeMeta *meta = NULL;

  g_bytes_unref (bytes);
  if (G_BYTE_ORDER == G_BIG_ENDIAN) {
    GVariant *swapped = g_variant_byteswap (variant);
    g_variant_unref (variant);
    variant = swapped;
  }
  /* Damaged data would otherwise be read as zeros, and verdict 0 is "authentic". */
  if (g_variant_is_normal_form (variant))
    meta = meta_from_variant (buffer, variant);
  g_variant_unref (variant);
  return meta;
}
