// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakewords.h"

#include <cmath>

static std::string percent(double probability) {
  const long rounded = std::lround(probability * 100);
  if (rounded < 1) return "under 1 %";
  if (rounded > 99) return "over 99 %";
  return std::to_string(rounded) + " %";
}

std::string gst_deepfake_utf8(const char* text) {
  if (text == nullptr) return {};
  gchar* valid = g_utf8_make_valid(text, -1);
  std::string result = valid;
  g_free(valid);
  return result;
}

std::string gst_deepfake_hexadecimal(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    char digits[3];
    g_snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(byte));
    text += digits;
  }
  return text;
}

const char* gst_deepfake_reason_text(const gchar* reason) {
  return reason != nullptr ? reason : "error";
}

bool gst_deepfake_is_named(GstDeepfakeEvidence evidence) {
  return evidence == GST_DEEPFAKE_EVIDENCE_SEAM || evidence == GST_DEEPFAKE_EVIDENCE_GENERATED;
}

std::optional<GstDeepfakeIndicator> gst_deepfake_indicator_of(const GstDeepfakeFace& face) {
  const bool seam = face.evidence == GST_DEEPFAKE_EVIDENCE_SEAM;
  if (!gst_deepfake_is_named(face.evidence)) return std::nullopt;
  const double probability = seam ? face.seam_probability : face.generated_probability;
  const bool known = probability >= 0 && probability <= 1;
  if (!known) return std::nullopt;
  return GstDeepfakeIndicator{gst_deepfake_evidence_get_name(face.evidence), probability};
}

std::string gst_deepfake_indicator_text(const GstDeepfakeIndicator& indicator) {
  return std::string(indicator.kind) + " " + percent(indicator.probability);
}

std::string gst_deepfake_statement(GstDeepfakeVerdict verdict, double probability,
                                   const std::string& reason, const std::string& remark) {
  gchar* name = g_ascii_strup(gst_deepfake_verdict_get_name(verdict), -1);
  std::string text = name;
  g_free(name);
  std::string remarks;
  const auto add = [&](const std::string& more) {
    if (!more.empty()) remarks += (remarks.empty() ? "" : ", ") + more;
  };
  const bool known = probability >= 0 && probability <= 1;  // A stranger's may be anything.
  const bool alarm = verdict >= GST_DEEPFAKE_VERDICT_SUSPICIOUS;
  if (known && alarm) text += " " + percent(probability);
  if (known && !alarm) add("manipulated with " + percent(probability));
  if (reason != "none") add(reason);
  add(remark);
  if (!remarks.empty()) text += " (" + remarks + ")";
  return text;
}
