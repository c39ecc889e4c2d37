// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeverdicts.h"

#include "gstdeepfakewords.h"

GstDeepfakeVerdicts gst_deepfake_verdicts_of(const GstDeepfakeMeta& meta) {
  GstDeepfakeVerdicts verdicts{meta.verdict, gst_deepfake_reason_text(meta.reason), {}};
  for (guint i = 0; i < meta.n_faces; ++i) {
    const GstDeepfakeFace& face = meta.faces[i];
    verdicts.faces.emplace_back(face.track_id, face.verdict, gst_deepfake_reason_text(face.reason));
  }
  return verdicts;
}
