/* SPDX-License-Identifier: LGPL-2.1-or-later */

#ifndef __GST_DEEPFAKE_META_H__
#define __GST_DEEPFAKE_META_H__

#include <gst/gst.h>

#include "gstdeepfaketypes.h"

G_BEGIN_DECLS

/**
 * GstDeepfakeFace:
 * @track_id: names one face through time; the id of its region-of-interest meta. 0 is the whole
 *   picture
 * @x: left edge in pixels of the reference frame; may lie outside
 * @y: top edge
 * @width: width in pixels
 * @height: height in pixels
 * @detection_confidence: of the face detector, in [0, 1]
 * @probability: that the face is manipulated, smoothed over time, in [0, 1]; -1 when there is none
 * @score: probability of the newest window alone, in [0, 1]; -1 when there is none
 * @verdict: of this face
 * @reason: a static string such as "none" or "warming-up"
 * @windows: full windows scored so far
 * @samples: frames of this face analysed so far
 * @partial: the score is of a window that never filled
 * @heatmap_x: left edge of the explained crop, as a part of the box's width from its left edge; may
 *   be negative
 * @heatmap_y: top edge, as a part of the box's height
 * @heatmap_width: width, as a part of the box's
 * @heatmap_height: height, as a part of the box's
 * @heatmap_columns: cells in a row of the heatmap
 * @heatmap_rows: rows of the heatmap
 * @heatmap: (nullable): which parts of the crop speak for "manipulated", row by row from the top, in
 *   [0, 1]; says nothing of how much. %NULL where there is no explanation
 * @evidence: which kind of evidence the score speaks of
 * @seam_probability: that the face was blended into the picture, smoothed over time as @probability
 *   is, in [0, 1]; -1 when there is none. Means nothing where @evidence is
 *   %GST_DEEPFAKE_EVIDENCE_NONE
 * @generated_probability: likewise, that a network painted it
 *
 * What is known of one face. Set all of it to zero before filling it in: further fields may come in
 * the reserved room.
 *
 * Since: 0.1
 */
typedef struct {
  guint64 track_id;
  gfloat x;
  gfloat y;
  gfloat width;
  gfloat height;
  gfloat detection_confidence;
  gdouble probability;
  gdouble score;
  GstDeepfakeVerdict verdict;
  const gchar *reason;
  guint64 windows;
  guint64 samples;
  gboolean partial;
  gfloat heatmap_x;
  gfloat heatmap_y;
  gfloat heatmap_width;
  gfloat heatmap_height;
  guint heatmap_columns;
  guint heatmap_rows;
  gfloat *heatmap;
  GstDeepfakeEvidence evidence;
  gdouble seam_probability;
  gdouble generated_probability;

  /*< private >*/
  gpointer _gst_reserved[5];
} GstDeepfakeFace;

typedef struct _GstDeepfakeMeta GstDeepfakeMeta;

/**
 * GstDeepfakeMeta:
 * @meta: parent
 * @stream_id: name of the stream, as in the messages
 * @model_id: first digits of the model file's SHA-256
 * @frame_width: width of the frame that the boxes refer to
 * @frame_height: its height
 * @verdict: the worst among the faces
 * @reason: of that verdict, a static string
 * @probability: the worst face's, in [0, 1]; -1 when there is none
 * @threshold: from which a face counts as manipulated, in [0, 1]
 * @n_faces: length of @faces
 * @faces: (array length=n_faces): by ascending track id
 * @running_time: of the frame that was analysed, as in the messages; %GST_CLOCK_TIME_NONE when it is
 *   not known, as after the meta came in the stream
 * @evidence: the worst face's
 * @seam_probability: the worst face's, in [0, 1]; -1 when there is none
 * @generated_probability: the worst face's, in [0, 1]; -1 when there is none
 *
 * The newest results of a stream, on every buffer. The meta carries no tags, so scaling, conversion
 * and encoding keep it; the boxes are then still those of the frame that was analysed, whose size
 * stands in @frame_width and @frame_height. gst_deepfake_meta_locate_face() says where they lie in
 * the frame that the buffer holds.
 *
 * Since: 0.1
 */
struct _GstDeepfakeMeta {
  GstMeta meta;

  gchar *stream_id;
  gchar *model_id;
  guint frame_width;
  guint frame_height;
  GstDeepfakeVerdict verdict;
  const gchar *reason;
  gdouble probability;
  gdouble threshold;
  guint n_faces;
  GstDeepfakeFace *faces;
  GstClockTime running_time;
  GstDeepfakeEvidence evidence;
  gdouble seam_probability;
  gdouble generated_probability;

  /*< private >*/
  gpointer _gst_reserved[5];
};

#define GST_DEEPFAKE_META_API_TYPE (gst_deepfake_meta_api_get_type ())
#define GST_DEEPFAKE_META_INFO (gst_deepfake_meta_get_info ())

#define GST_TYPE_DEEPFAKE_FACE (gst_deepfake_face_get_type ())

GST_DEEPFAKE_API
GType gst_deepfake_face_get_type (void);

GST_DEEPFAKE_API
GstDeepfakeFace *gst_deepfake_face_copy (const GstDeepfakeFace * face);

GST_DEEPFAKE_API
void gst_deepfake_face_free (GstDeepfakeFace * face);

GST_DEEPFAKE_API
const gfloat *gst_deepfake_face_get_heatmap (const GstDeepfakeFace * face,
    gsize * n_cells);

GST_DEEPFAKE_API
GType gst_deepfake_meta_api_get_type (void);

GST_DEEPFAKE_API
const GstMetaInfo *gst_deepfake_meta_get_info (void);

GST_DEEPFAKE_API
GstDeepfakeMeta *gst_buffer_add_deepfake_meta (GstBuffer * buffer,
    const gchar * stream_id, const gchar * model_id,
    guint frame_width, guint frame_height,
    const GstDeepfakeFace * faces, guint n_faces);

GST_DEEPFAKE_API
GstDeepfakeMeta *gst_buffer_get_deepfake_meta (GstBuffer * buffer);

GST_DEEPFAKE_API
GstDeepfakeMeta *gst_deepfake_meta_copy (const GstDeepfakeMeta * meta,
    GstBuffer * dest, guint picture_width, guint picture_height);

GST_DEEPFAKE_API
const GstDeepfakeFace *gst_deepfake_meta_get_face (
    const GstDeepfakeMeta * meta, guint index);

GST_DEEPFAKE_API
gboolean gst_deepfake_meta_get_picture_size (const GstDeepfakeMeta * meta,
    GstBuffer * buffer, guint * width, guint * height);

GST_DEEPFAKE_API
gboolean gst_deepfake_meta_locate_face (const GstDeepfakeMeta * meta,
    GstBuffer * buffer, guint index, gdouble * x, gdouble * y,
    gdouble * width, gdouble * height);

G_END_DECLS

#endif /* __GST_DEEPFAKE_META_H__ */
