// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakestanding.h"

#include "gstdeepfakewords.h"

GstDeepfakeStanding gst_deepfake_standing_of(const GstDeepfakeMeta& meta) {
  GstDeepfakeStanding standing{meta.verdict, gst_deepfake_reason_text(meta.reason), {}};
  for (guint i = 0; i < meta.n_faces; ++i) {
    const GstDeepfakeFace& face = meta.faces[i];
    standing.faces.emplace_back(face.track_id, face.verdict, gst_deepfake_reason_text(face.reason));
  }
  return standing;
}
