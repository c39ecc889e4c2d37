// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the library says about a stream and its faces.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "detector/api.h"
#include "detector/frame.h"
#include "detector/geometry.h"

namespace dfd {

// Names one face through time. Never reused within a session; 0 is the whole picture.
using TrackId = std::uint64_t;

// In rising order of alarm: a stream's verdict is the largest among its tracks.
enum class Verdict { kAuthentic, kUndecided, kSuspicious, kManipulated };

// Why a verdict is not given, or is given with reserve. A closed list.
enum class Reason {
  kNone,
  kNoFace,
  kWarmingUp,
  kPartial,
  kTooSmall,
  kBlurred,
  kDark,
  kBright,
  kProfile,
  kOccluded,
  kLowConfidence,
  kFrozen,
  kBlack,
  kGap,
  kOverload,
  kError,
};

// All of them, in the order of their numbers.
inline constexpr std::array kVerdicts{Verdict::kAuthentic, Verdict::kUndecided,
                                      Verdict::kSuspicious, Verdict::kManipulated};
inline constexpr std::array kReasons{
    Reason::kNone,     Reason::kNoFace,   Reason::kWarmingUp,     Reason::kPartial,
    Reason::kTooSmall, Reason::kBlurred,  Reason::kDark,          Reason::kBright,
    Reason::kProfile,  Reason::kOccluded, Reason::kLowConfidence, Reason::kFrozen,
    Reason::kBlack,    Reason::kGap,      Reason::kOverload,      Reason::kError};

// What a window's score speaks of: a face blended into another picture shows a seam, a face that a
// network painted shows its decoder's traces. A model knows both, or none apart. In this order
// wherever there is one number of each.
enum class Evidence { kSeam, kGenerated };
inline constexpr std::array kEvidence{Evidence::kSeam, Evidence::kGenerated};

enum class EventKind { kScore, kVerdictChanged, kIdentityChanged, kTrackLost, kOverload };
inline constexpr std::array kEventKinds{EventKind::kScore, EventKind::kVerdictChanged,
                                        EventKind::kIdentityChanged, EventKind::kTrackLost,
                                        EventKind::kOverload};

// One of each kind, [0, 1]; none where the model knows no kinds.
using EvidenceProbabilities = std::array<std::optional<double>, kEvidence.size()>;

// Stable lower-case names, as they stand in messages: "undecided", "warming-up", "track-lost".
DFD_API const char* to_string(Verdict verdict) noexcept;
DFD_API const char* to_string(Reason reason) noexcept;
DFD_API const char* to_string(EventKind kind) noexcept;
DFD_API const char* to_string(Evidence evidence) noexcept;  // "seam", "generated"

// As many cells as the network's feature map has places: 8x8 for InceptionResnetV1 at 160 pixels.
struct Heatmap {
  int columns = 0;
  int rows = 0;
  std::vector<float> cells;  // Row by row from the top, in [0, 1].
};

// Where one window's evidence for "manipulated" lies in its newest sample (Grad-CAM;
// ExplainConfig). Of the logit, not of the forged pixels: docs/training.md, "Explain".
struct Explanation {
  // Over the crop, turned as the frame is stored: the strongest cell is 1, and all are 0 where
  // nothing speaks for "manipulated".
  Heatmap map;
  // The crop in parts of FaceReport::box: offsets from its left and top edge, width and height.
  // May reach out of it. Of a crop aligned by landmarks the upright rectangle around its square:
  // the turn is not told.
  RectF region;
  Timestamp time{};  // Of the sample's frame.
};

struct FaceReport {
  TrackId track = 0;
  RectF box;                          // In pixels of the frame as it is stored, whatever its
                                      // orientation; the whole frame without faces.
  float detection_confidence = 0.F;   // In [0, 1].
  std::optional<double> probability;  // Smoothed over time, [0, 1]; none before the first score.
  std::optional<double> score;        // Of the newest window, [0, 1].
  // The kind that the score speaks of; none where the model knows no kinds, or there is no score.
  std::optional<Evidence> evidence;
  EvidenceProbabilities evidence_scores{};  // Of the newest window: the larger is the score.
  EvidenceProbabilities indicators{};       // Smoothed over time as the probability is.
  Verdict verdict = Verdict::kUndecided;
  Reason reason = Reason::kWarmingUp;
  std::uint64_t windows = 0;  // Full windows scored so far, of the person it shows.
  std::uint64_t samples = 0;  // Samples so far, of the same.
  bool partial = false;       // The score is of a window that never filled.
  // The newest, none before the first and after the window began anew (a gap, another person,
  // another model). Never changes once it is here.
  std::shared_ptr<const Explanation> explanation;
};

// The newest state of a stream. The probability, the kind of evidence and the indicators are the
// worst track's.
struct StreamReport {
  Timestamp time{};  // Of the frame that was analysed last.
  int frame_width = 0;
  int frame_height = 0;
  double threshold = 0.5;
  Verdict verdict = Verdict::kUndecided;
  Reason reason = Reason::kNoFace;
  std::optional<double> probability;
  std::optional<Evidence> evidence;
  EvidenceProbabilities indicators{};
  std::vector<FaceReport> faces;  // By ascending track id.
};

// Something to tell the application. For kTrackLost and kIdentityChanged the report holds that
// track alone, as it stood for the person it showed.
struct Event {
  EventKind kind = EventKind::kScore;
  StreamReport report;
};

}  // namespace dfd
