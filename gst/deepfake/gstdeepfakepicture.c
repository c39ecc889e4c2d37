/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstdeepfakepicture.h"
#include "gstdeepfakeserialize.h"

#include <gst/video/video.h>

typedef struct {
  GstMeta meta;
  guint width;
  guint height;
} PictureMeta;

static GType
picture_meta_api_get_type (void)
{
  static GType type = 0;
  static const gchar *tags[] = { GST_META_TAG_VIDEO_STR,
    GST_META_TAG_VIDEO_SIZE_STR, GST_META_TAG_VIDEO_ORIENTATION_STR, NULL
  };

  if (g_once_init_enter (&type)) {
    GType registered =
        gst_meta_api_type_register ("GstDeepfakePictureMetaAPI", tags);
    g_once_init_leave (&type, registered);
  }
  return type;
}

static PictureMeta *
picture_meta_get (GstBuffer * buffer)
{
  return (PictureMeta *) gst_buffer_get_meta (buffer,
      picture_meta_api_get_type ());
}

gboolean
gst_deepfake_picture_get (GstBuffer * buffer, guint * width, guint * height)
{
  PictureMeta *self = picture_meta_get (buffer);

  if (self == NULL || self->width == 0 || self->height == 0)
    return FALSE;
  *width = self->width;
  *height = self->height;
  return TRUE;
}

static gboolean
picture_meta_init (GstMeta * meta, gpointer params, GstBuffer * buffer)
{
  PictureMeta *self = (PictureMeta *) meta;
  (void) params;
  (void) buffer;

  self->width = 0;
  self->height = 0;
  return TRUE;
}

void
gst_deepfake_picture_set (GstBuffer * buffer, guint width, guint height)
{
  PictureMeta *self = picture_meta_get (buffer);

  if (self == NULL)
    self = (PictureMeta *) gst_buffer_add_meta (buffer,
        gst_deepfake_picture_get_info (), NULL);
  self->width = width;
  self->height = height;
}

/* Where the shape of the display changes, videoscale adds borders, and does not tell. */
static gboolean
keeps_aspect (const GstVideoInfo * in, const GstVideoInfo * out)
{
  gdouble from = (gdouble) GST_VIDEO_INFO_WIDTH (in) * GST_VIDEO_INFO_PAR_N (in)
      / ((gdouble) GST_VIDEO_INFO_HEIGHT (in) * GST_VIDEO_INFO_PAR_D (in));
  gdouble to = (gdouble) GST_VIDEO_INFO_WIDTH (out) * GST_VIDEO_INFO_PAR_N (out)
      / ((gdouble) GST_VIDEO_INFO_HEIGHT (out) * GST_VIDEO_INFO_PAR_D (out));
  /* Sizes are whole pixels: a difference of one is rounding. */
  gdouble pixel = 1.0 / MIN (GST_VIDEO_INFO_WIDTH (out),
      GST_VIDEO_INFO_HEIGHT (out));

  return ABS (from / to - 1) <= pixel;
}

static gboolean
picture_meta_transform (GstBuffer * dest, GstMeta * meta,
    GstBuffer * buffer, GQuark type, gpointer data)
{
  PictureMeta *self = (PictureMeta *) meta;
  (void) buffer;

  if (GST_META_TRANSFORM_IS_COPY (type)) {
    GstMetaTransformCopy *copy = data;
    if (!copy->region)
      gst_deepfake_picture_set (dest, self->width, self->height);
    return TRUE;
  }
  if (GST_VIDEO_META_TRANSFORM_IS_SCALE (type)) {
    GstVideoMetaTransform *scale = data;
    guint from_width = (guint) GST_VIDEO_INFO_WIDTH (scale->in_info);
    guint from_height = (guint) GST_VIDEO_INFO_HEIGHT (scale->in_info);
    /* Of another size before, it was not this picture that was scaled. */
    if (from_width == self->width && from_height == self->height
        && keeps_aspect (scale->in_info, scale->out_info))
      gst_deepfake_picture_set (dest, (guint) GST_VIDEO_INFO_WIDTH (scale->out_info),
          (guint) GST_VIDEO_INFO_HEIGHT (scale->out_info));
    return TRUE;
  }
  return FALSE;
}

#if GST_CHECK_VERSION (1, 24, 0)
static gboolean
picture_meta_serialize (const GstMeta * meta, GstByteArrayInterface * data,
    guint8 * version)
{
  const PictureMeta *self = (const PictureMeta *) meta;
  guint32 size[2];

  size[0] = GUINT32_TO_LE (self->width);
  size[1] = GUINT32_TO_LE (self->height);
  *version = GST_DEEPFAKE_SERIALIZED_VERSION;
  return gst_byte_array_interface_append_data (data, (guint8 *) size,
      sizeof (size));
}

static GstMeta *
picture_meta_deserialize (const GstMetaInfo * info, GstBuffer * buffer,
    const guint8 * data, gsize size, guint8 version)
{
  (void) info;

  if (version != GST_DEEPFAKE_SERIALIZED_VERSION || size != 8)
    return NULL;
  gst_deepfake_picture_set (buffer, GST_READ_UINT32_LE (data),
      GST_READ_UINT32_LE (data + 4));
  return (GstMeta *) picture_meta_get (buffer);
}
#endif

const GstMetaInfo *
gst_deepfake_picture_get_info (void)
{
  static const GstMetaInfo *info = NULL;

  if (g_once_init_enter ((GstMetaInfo **) & info)) {
    const GstMetaInfo *registered;
#if GST_CHECK_VERSION (1, 24, 0)
    GstMetaInfo *fresh = (GstMetaInfo *)
        gst_meta_info_new (picture_meta_api_get_type (),
        "GstDeepfakePictureMeta", sizeof (PictureMeta));
    fresh->init_func = picture_meta_init;
    fresh->transform_func = picture_meta_transform;
    fresh->serialize_func = picture_meta_serialize;
    fresh->deserialize_func = picture_meta_deserialize;
    registered = gst_meta_info_register (fresh);
#else
    registered = gst_meta_register (picture_meta_api_get_type (),
        "GstDeepfakePictureMeta", sizeof (PictureMeta), picture_meta_init, NULL,
        picture_meta_transform);
#endif
    g_once_init_leave ((GstMetaInfo **) & info, (GstMetaInfo *) registered);
  }
  return info;
}
