/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A result meta as bytes, for the elements that hand buffers to other processes. Not
 * installed; exported for the tests alone. */

#ifndef __GST_DEEPFAKE_SERIALIZE_H__
#define __GST_DEEPFAKE_SERIALIZE_H__

#include "gstdeepfakemeta.h"

G_BEGIN_DECLS

#define GST_DEEPFAKE_SERIALIZED_VERSION 3

/* (transfer full) */
GST_DEEPFAKE_API
GBytes *gst_deepfake_meta_to_bytes (const GstDeepfakeMeta * meta);

/* Adds the meta that @data describes to a writable buffer; NULL when @data is damaged, or of a
 * version that is neither this nor 2, which knew no kinds of evidence. */
GST_DEEPFAKE_API
GstDeepfakeMeta *gst_deepfake_meta_from_bytes (GstBuffer * buffer,
    guint8 version, const guint8 * data, gsize size);

/* Puts a copy in the place of all that are there; says nothing of where its boxes lie. In
 * gstdeepfakemeta.c. */
GstDeepfakeMeta *gst_deepfake_meta_put (GstBuffer * buffer,
    const GstDeepfakeMeta * like);

G_END_DECLS

#endif /* __GST_DEEPFAKE_SERIALIZE_H__ */
