// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Of a result, what its readers must be told of when it changes: numbers move with every frame,
// verdicts do not.

#pragma once

#include <gst/gst.h>

#include <string>
#include <tuple>
#include <vector>

#include "gstdeepfakemeta.h"

struct GstDeepfakeVerdicts {
  GstDeepfakeVerdict verdict;
  std::string reason;
  std::vector<std::tuple<guint64, GstDeepfakeVerdict, std::string>> faces;  // Track id first.

  bool operator==(const GstDeepfakeVerdicts& other) const {
    return std::tie(verdict, reason, faces) == std::tie(other.verdict, other.reason, other.faces);
  }
};

GstDeepfakeVerdicts gst_deepfake_verdicts_of(const GstDeepfakeMeta& meta);
