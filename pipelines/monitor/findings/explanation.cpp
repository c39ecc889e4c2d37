// SPDX-License-Identifier: LGPL-2.1-or-later

#include "explanation.h"

#include <gst/deepfake/gstdeepfakemeta.h>

#include <algorithm>

namespace dfd::monitor {

std::optional<double> explained_probability(GstBuffer* buffer) {
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  std::optional<double> highest;
  for (guint i = 0; meta != nullptr && i < meta->n_faces; ++i) {
    const GstDeepfakeFace* face = gst_deepfake_meta_get_face(meta, i);
    gsize cells = 0;
    gst_deepfake_face_get_heatmap(face, &cells);
    if (cells == 0 || face->probability < 0) continue;
    highest = std::max(highest.value_or(0), face->probability);
  }
  return highest;
}

}  // namespace dfd::monitor
