// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakestanding.h"

static const char* text_of(const gchar* reason) { return reason != nullptr ? reason : "error"; }

GstDeepfakeStanding gst_deepfake_standing_of(const GstDeepfakeMeta& meta) {
  GstDeepfakeStanding standing{meta.verdict, text_of(meta.reason), {}};
  for (guint i = 0; i < meta.n_faces; ++i) {
    const GstDeepfakeFace& face = meta.faces[i];
    standing.faces.emplace_back(face.track_id, face.verdict, text_of(face.reason));
  }
  return standing;
}
