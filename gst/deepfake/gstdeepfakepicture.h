/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A meta that says of a buffer's picture: it is the analysed frame, whole, at this size. It has the
 * tags of what depends on size and orientation, so elements that tell what they do to the picture
 * have it changed, and those that do not drop it. Private to the library. */

#ifndef __GST_DEEPFAKE_PICTURE_H__
#define __GST_DEEPFAKE_PICTURE_H__

#include <gst/gst.h>

G_BEGIN_DECLS

const GstMetaInfo *gst_deepfake_picture_get_info (void);

/* On a writable buffer. */
void gst_deepfake_picture_set (GstBuffer * buffer, guint width, guint height);

/* FALSE when nothing is known of the picture. */
gboolean gst_deepfake_picture_get (GstBuffer * buffer, guint * width,
    guint * height);

G_END_DECLS

#endif /* __GST_DEEPFAKE_PICTURE_H__ */
