// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the element deepfakedetect says, in the monitor's terms. This room alone reads its messages
// and its statistics, and it does so through gstreamer-deepfake-1.0.

#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dfd::monitor {

enum class Verdict { kAuthentic, kUndecided, kSuspicious, kManipulated };

// "authentic", "undecided", ...
const char* name_of(Verdict verdict);

struct FoundFace {
  // 0 is the whole picture.
  std::uint64_t track_id = 0;
  // In pixels of the analysed frame; may lie outside of it.
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  double detection_confidence = 0;
  Verdict verdict = Verdict::kUndecided;
  std::string reason;
  // All in [0, 1]; absent where there is none.
  std::optional<double> probability;
  std::optional<double> score;
  // "seam" or "generated"; empty where the model knows no kinds.
  std::string evidence;
  std::optional<double> seam_probability;
  std::optional<double> generated_probability;
  std::uint64_t windows = 0;
  std::uint64_t samples = 0;
  bool partial = false;
};

// What is known of a stream from some message on. Undecided with a reason unless the element said
// something else.
struct Finding {
  Verdict verdict = Verdict::kUndecided;
  std::string reason = "warming-up";
  // The worst face's, smoothed, in [0, 1].
  std::optional<double> probability;
  // In force, in [0, 1]; absent as long as the element told none.
  std::optional<double> threshold;
  std::string model_id;
  std::uint64_t stream_time_ns = 0;
  std::uint64_t running_time_ns = 0;
  std::vector<FoundFace> faces;
};

// Nothing where the message tells no state of the whole stream: another element's, or of one track
// that ended. A damaged message gives undecided with reason "error": nothing is known then.
std::optional<Finding> read_finding(GstMessage* message);

// What a message tells of faces, for those who add up a whole video.
struct News {
  enum class Kind {
    // Of all faces that are there.
    kStream,
    // Of one track alone, which ended; its score may be partial.
    kTrackEnded,
    // Of one track alone, as it stood for a person who is not there any more: the track goes on
    // with somebody new.
    kPersonLeft,
  };
  Kind kind = Kind::kStream;
  Finding finding;
};

// As read_finding(), with the messages of single tracks.
std::optional<News> read_news(GstMessage* message);

// Counters of one element since it was started.
struct Counts {
  std::uint64_t frames = 0;
  std::uint64_t samples = 0;
  // Full ones that were scored, of all faces.
  std::uint64_t windows = 0;
  // By reason; those at zero are there too.
  std::map<std::string, std::uint64_t> skipped;
  // Results by the shortest of the element's bounds that they came within, in seconds ("0.005"),
  // and those beyond all as "+Inf"; all their seconds together.
  std::map<std::string, std::uint64_t> latency;
  double latency_seconds = 0;
  // How long a window is that a score is of; 0 before there is a model.
  double window_seconds = 0;
};

Counts read_counts(GstElement* detect);

// How far below its threshold the element leaves "manipulated", in [0, 1].
double read_hysteresis(GstElement* detect);

}  // namespace dfd::monitor
