// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Results in words.

#pragma once

#include <optional>
#include <string>

#include "gstdeepfakemeta.h"

// The text as UTF-8: bytes that are none become U+FFFD; null becomes the empty text.
std::string gst_deepfake_utf8(const char* text);

// Two lower-case digits a byte.
std::string gst_deepfake_hexadecimal(const std::string& bytes);

// A meta's reason; of a stranger's that has none, "error".
const char* gst_deepfake_reason_text(const gchar* reason);

// Is it one that has a name and a probability?
bool gst_deepfake_is_named(GstDeepfakeEvidence evidence);

// Of which kind of evidence a face's score speaks, and how probable that kind is; none where that
// is not known.
struct GstDeepfakeIndicator {
  const char* kind;  // Static: "seam".
  double probability;
};
std::optional<GstDeepfakeIndicator> gst_deepfake_indicator_of(const GstDeepfakeFace& face);

// For people: "seam 93 %".
std::string gst_deepfake_indicator_text(const GstDeepfakeIndicator& indicator);

// For people: "MANIPULATED 94 % (face #3)", "AUTHENTIC (manipulated with 6 %)", "UNDECIDED
// (warming-up)". No number reads as certainty, nor as how sure "authentic" is. probability: below 0
// when there is none. remark: such as "face #3"; may be empty.
std::string gst_deepfake_statement(GstDeepfakeVerdict verdict, double probability,
                                   const std::string& reason, const std::string& remark = "");
