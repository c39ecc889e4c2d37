/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstdeepfakeserialize.h"

#include <math.h>

/* Little-endian GVariant: stream, model, frame size, verdict, reason, probability, threshold, running
 * time, and the faces with their fields in the order of the struct. Of an absent heatmap the array
 * is empty. Version 2 ends there; behind it comes the evidence of the stream, and that of each face:
 * the kind and both probabilities. */
#define FACE_TYPE "(tdddddddusttbuuad)"
#define META_TYPE "(msmsuuusddta" FACE_TYPE ")"
#define EVIDENCE_TYPE "(udd)"
#define FULL_TYPE "(" META_TYPE EVIDENCE_TYPE "a" EVIDENCE_TYPE ")"

/* Before the cells: the place of the crop. */
#define PLACE_NUMBERS 4

/* Longest side of a heatmap: more than any network's feature map has, and a bound for what a
 * stranger's few bytes can make us allocate. */
#define MOST_CELLS_IN_A_ROW 256

static GVariant *
heatmap_to_variant (const GstDeepfakeFace * face)
{
  gsize n_cells, i;
  const gfloat *cells = gst_deepfake_face_get_heatmap (face, &n_cells);
  gdouble *numbers = g_new (gdouble, PLACE_NUMBERS + n_cells);
  GVariant *variant;

  numbers[0] = face->heatmap_x;
  numbers[1] = face->heatmap_y;
  numbers[2] = face->heatmap_width;
  numbers[3] = face->heatmap_height;
  for (i = 0; i < n_cells; i++)
    numbers[PLACE_NUMBERS + i] = cells[i];
  variant = g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, numbers,
      n_cells == 0 ? 0 : PLACE_NUMBERS + n_cells, sizeof (gdouble));
  g_free (numbers);
  return variant;
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

/* The size stands in the face already. */
static gboolean
heatmap_from_variant (GVariant * variant, GstDeepfakeFace * face)
{
  gsize count = 0;
  const gdouble *numbers =
      g_variant_get_fixed_array (variant, &count, sizeof (gdouble));
  gsize n_cells, i;

  if (face->heatmap_columns > MOST_CELLS_IN_A_ROW
      || face->heatmap_rows > MOST_CELLS_IN_A_ROW)
    return FALSE;
  n_cells = (gsize) face->heatmap_columns * face->heatmap_rows;
  if (count != (n_cells == 0 ? 0 : PLACE_NUMBERS + n_cells))
    return FALSE;
  if (n_cells == 0)
    return TRUE;
  face->heatmap_x = (gfloat) numbers[0];
  face->heatmap_y = (gfloat) numbers[1];
  face->heatmap_width = (gfloat) numbers[2];
  face->heatmap_height = (gfloat) numbers[3];
  face->heatmap = g_new (gfloat, n_cells);
  for (i = 0; i < n_cells; i++) {
    face->heatmap[i] = (gfloat) numbers[PLACE_NUMBERS + i];
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

static GVariant *
meta_to_variant (const GstDeepfakeMeta * meta)
{
  gchar *stream_id = valid_name (meta->stream_id);
  gchar *model_id = valid_name (meta->model_id);
  GVariantBuilder faces;
  GVariant *variant;
  guint i;

  g_variant_builder_init (&faces, G_VARIANT_TYPE ("a" FACE_TYPE));
  for (i = 0; i < meta->n_faces; i++) {
    const GstDeepfakeFace *face = &meta->faces[i];
    gboolean mapped = face->heatmap != NULL;
    g_variant_builder_add (&faces, "(tdddddddusttbuu@ad)", face->track_id,
        (gdouble) face->x, (gdouble) face->y, (gdouble) face->width,
        (gdouble) face->height, (gdouble) face->detection_confidence,
        face->probability, face->score, (guint32) face->verdict,
        gst_deepfake_reason_from_name (face->reason),
        face->windows, face->samples, face->partial,
        mapped ? face->heatmap_columns : 0, mapped ? face->heatmap_rows : 0,
        heatmap_to_variant (face));
  }
  variant = g_variant_new (META_TYPE, stream_id, model_id,
      meta->frame_width, meta->frame_height, (guint32) meta->verdict,
      gst_deepfake_reason_from_name (meta->reason), meta->probability,
      meta->threshold, meta->running_time, &faces);
  g_free (stream_id);
  g_free (model_id);
  return variant;
}

GBytes *
gst_deepfake_meta_to_bytes (const GstDeepfakeMeta * meta)
{
  GVariantBuilder evidence;
  GVariant *variant;
  GBytes *bytes;
  guint i;

  g_variant_builder_init (&evidence, G_VARIANT_TYPE ("a" EVIDENCE_TYPE));
  for (i = 0; i < meta->n_faces; i++) {
    const GstDeepfakeFace *face = &meta->faces[i];
    g_variant_builder_add (&evidence, EVIDENCE_TYPE, (guint32) face->evidence,
        face->seam_probability, face->generated_probability);
  }
  variant = g_variant_ref_sink (g_variant_new ("(@" META_TYPE EVIDENCE_TYPE
          "a" EVIDENCE_TYPE ")", meta_to_variant (meta),
          (guint32) meta->evidence, meta->seam_probability,
          meta->generated_probability, &evidence));
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

  g_variant_get (variant, "(tdddddddu&sttbuu@ad)", &face->track_id, &x, &y,
      &width, &height, &confidence, &face->probability, &face->score, &verdict,
      &reason, &face->windows, &face->samples, &face->partial,
      &face->heatmap_columns, &face->heatmap_rows, &heatmap);
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

static gboolean
evidence_from_variant (GVariant * variant, GstDeepfakeEvidence * evidence,
    gdouble * seam, gdouble * generated)
{
  guint32 kind;

  g_variant_get (variant, EVIDENCE_TYPE, &kind, seam, generated);
  if (kind > GST_DEEPFAKE_EVIDENCE_GENERATED) {
    /* Of a newer version, whose two numbers may mean something else. */
    *evidence = GST_DEEPFAKE_EVIDENCE_NONE;
    *seam = *generated = -1;
    return TRUE;
  }
  *evidence = (GstDeepfakeEvidence) kind;
  return is_part_or_none (*seam) && is_part_or_none (*generated);
}

/* full: of version 3. */
static gboolean
all_evidence_from_variant (GVariant * full, GstDeepfakeMeta * like)
{
  GVariant *stream = g_variant_get_child_value (full, 1);
  GVariant *list = g_variant_get_child_value (full, 2);
  gboolean good = g_variant_n_children (list) == like->n_faces
      && evidence_from_variant (stream, &like->evidence,
      &like->seam_probability, &like->generated_probability);
  guint i;

  for (i = 0; i < like->n_faces && good; i++) {
    GVariant *face = g_variant_get_child_value (list, i);
    good = evidence_from_variant (face, &like->faces[i].evidence,
        &like->faces[i].seam_probability,
        &like->faces[i].generated_probability);
    g_variant_unref (face);
  }
  g_variant_unref (list);
  g_variant_unref (stream);
  return good;
}

/* full: (nullable): what has the evidence besides. */
static GstDeepfakeMeta *
meta_from_variant (GstBuffer * buffer, GVariant * variant, GVariant * full)
{
  GstDeepfakeMeta *meta = NULL;
  const gchar *stream_id, *model_id, *reason;
  guint32 width, height, verdict;
  gdouble probability, threshold;
  GstClockTime running_time;
  GVariant *list;
  GstDeepfakeFace *faces;
  gsize i, n_faces;
  gboolean good;

  g_variant_get (variant, "(m&sm&suuu&sddt@a" FACE_TYPE ")", &stream_id,
      &model_id, &width, &height, &verdict, &reason, &probability, &threshold,
      &running_time, &list);
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
      .n_faces = (guint) n_faces,.faces = faces,
      .running_time = running_time
    };
    if (full == NULL || all_evidence_from_variant (full, &like))
      meta = gst_deepfake_meta_put (buffer, &like);
  }
  for (i = 0; i < n_faces; i++)
    g_free (faces[i].heatmap);
  g_free (faces);
  g_variant_unref (list);
  return meta;
}

GstDeepfakeMeta *
gst_deepfake_meta_from_bytes (GstBuffer * buffer, guint8 version,
    const guint8 * data, gsize size)
{
  const gboolean full = version == GST_DEEPFAKE_SERIALIZED_VERSION;
  GBytes *bytes;
  GVariant *variant;
  GstDeepfakeMeta *meta = NULL;

  if (!full && version != 2)
    return NULL;
  /* A copy, since GVariant wants its data aligned. */
  bytes = g_bytes_new (data, size);
  variant = g_variant_ref_sink (g_variant_new_from_bytes
      (G_VARIANT_TYPE (full ? FULL_TYPE : META_TYPE), bytes, FALSE));
  g_bytes_unref (bytes);
  if (G_BYTE_ORDER == G_BIG_ENDIAN) {
    GVariant *swapped = g_variant_byteswap (variant);
    g_variant_unref (variant);
    variant = swapped;
  }
  /* Damaged data would otherwise be read as zeros, and verdict 0 is "authentic". */
  if (g_variant_is_normal_form (variant)) {
    GVariant *inner = full ? g_variant_get_child_value (variant, 0) :
        g_variant_ref (variant);
    meta = meta_from_variant (buffer, inner, full ? variant : NULL);
    g_variant_unref (inner);
  }
  g_variant_unref (variant);
  return meta;
}
