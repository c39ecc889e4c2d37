// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judged_picture.h"

#include <gst/deepfake/gstdeepfakemeta.h>

namespace dfd::monitor {

std::optional<JudgedPicture> judged_in(GstBuffer* buffer) {
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  if (meta == nullptr || !GST_CLOCK_TIME_IS_VALID(meta->running_time)) return std::nullopt;
  JudgedPicture judged;
  judged.running_time = meta->running_time;
  if (meta->verdict != GST_DEEPFAKE_VERDICT_UNDECIDED && meta->probability >= 0) {
    judged.probability = meta->probability;
  }
  for (guint i = 0; i < meta->n_faces; ++i) {
    const GstDeepfakeFace* face = gst_deepfake_meta_get_face(meta, i);
    gsize count = 0;
    const gfloat* cells = gst_deepfake_face_get_heatmap(face, &count);
    if (count == 0 || face->probability < 0) continue;
    if (judged.map && judged.map->probability >= face->probability) continue;
    judged.map = FaceMap{face->probability, {cells, cells + count}};
  }
  return judged;
}

std::shared_ptr<GstSample> with_result_of(GstSample* picture, GstBuffer* other) {
  // The memory is shared.
  GstBuffer* buffer = gst_buffer_copy(gst_sample_get_buffer(picture));
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(other);
  gst_deepfake_meta_copy(meta, buffer, meta->frame_width, meta->frame_height);
  GstSample* sample = gst_sample_new(buffer, gst_sample_get_caps(picture), nullptr, nullptr);
  gst_buffer_unref(buffer);
  return {sample, [](GstSample* last) { gst_sample_unref(last); }};
}

}  // namespace dfd::monitor
