// SPDX-License-Identifier: LGPL-2.1-or-later

#include "detector/report.h"

#include <algorithm>

#include "detector/config.h"

namespace dfd {

float iou(const RectF& a, const RectF& b) {
  if (a.empty() || b.empty()) return 0.F;
  const float width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const float height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  if (width <= 0.F || height <= 0.F) return 0.F;
  const float common = width * height;
  return common / (a.width * a.height + b.width * b.height - common);
}

const char* to_string(Precision precision) noexcept {
  switch (precision) {
    case Precision::kAuto:
      return "auto";
    case Precision::kFp32:
      return "fp32";
    case Precision::kBf16:
      return "bf16";
    case Precision::kFp16:
      return "fp16";
  }
  return "auto";
}

const char* to_string(ExplainMethod method) noexcept {
  switch (method) {
    case ExplainMethod::kGradCam:
      return "grad-cam";
    case ExplainMethod::kHiResCam:
      return "hires-cam";
  }
  return "grad-cam";
}

const char* to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::kAuthentic:
      return "authentic";
    case Verdict::kUndecided:
      return "undecided";
    case Verdict::kSuspicious:
      return "suspicious";
    case Verdict::kManipulated:
      return "manipulated";
  }
  return "undecided";
}

const char* to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::kNone:
      return "none";
    case Reason::kNoFace:
      return "no-face";
    case Reason::kWarmingUp:
      return "warming-up";
    case Reason::kPartial:
      return "partial";
    case Reason::kTooSmall:
      return "too-small";
    case Reason::kBlurred:
      return "blurred";
    case Reason::kDark:
      return "dark";
    case Reason::kBright:
      return "bright";
    case Reason::kProfile:
      return "profile";
    case Reason::kOccluded:
      return "occluded";
    case Reason::kLowConfidence:
      return "low-confidence";
    case Reason::kFrozen:
      return "frozen";
    case Reason::kBlack:
      return "black";
    case Reason::kGap:
      return "gap";
    case Reason::kOverload:
      return "overload";
    case Reason::kError:
      return "error";
  }
  return "error";
}

const char* to_string(EventKind kind) noexcept {
  switch (kind) {
    case EventKind::kScore:
      return "score";
    case EventKind::kVerdictChanged:
      return "verdict-changed";
    case EventKind::kIdentityChanged:
      return "identity-changed";
    case EventKind::kTrackLost:
      return "track-lost";
    case EventKind::kOverload:
      return "overload";
  }
  return "score";
}

const char* to_string(Evidence evidence) noexcept {
  return evidence == Evidence::kSeam ? "seam" : "generated";
}

}  // namespace dfd
