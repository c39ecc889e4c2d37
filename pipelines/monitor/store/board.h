// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is known of the streams right now, for those who must not ask the streams themselves. Any
// thread.

#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"

namespace dfd::monitor {

struct StreamStatus {
  std::string id;
  std::string name;
  // Empty where there is none.
  std::string group;
  // Alarms are kept, and nobody is told.
  bool observe = false;
  // Of the connection: "waiting", "connecting", "playing", "closing".
  std::string state;
  WallTime since;
  // Why nobody can say what is shown; empty where somebody can.
  std::string reason;
  // Of the failure, for people; empty where there is none.
  std::string text;
  std::optional<WallTime> last_frame;
  // Pictures come.
  bool live = false;
  // "undecided" wherever nobody looks.
  std::string verdict = "undecided";
  // In [0, 1]; absent where there is none, or nobody looks.
  std::optional<double> probability;
  // From which there is an alarm, in [0, 1]; absent as long as the element told none.
  std::optional<double> on;
  // By the schedule or by hand.
  bool muted = false;
  // By hand only.
  std::optional<WallTime> muted_until;
  std::string mute_reason;
  // "2026-11-23", UTC, and how many seconds of it were judged so far.
  std::string day;
  double judged_seconds = 0;
};

// The worst probability of each span, oldest first; nothing where nobody could say.
struct ProbabilityHistory {
  WallTime end;
  std::vector<std::optional<double>> values;
};

// The newest of a stream's pictures, small.
struct StreamPicture {
  std::shared_ptr<const std::string> jpeg;
  WallTime time;
};

class Board {
 public:
  // All streams as they are now, in the order in which they are shown. What was there before and
  // is not any more is forgotten.
  void put(Moment now, std::vector<StreamStatus> streams);

  // Of a stream that is there; else it is forgotten.
  void put_picture(const std::string& id, StreamPicture picture);

  std::vector<StreamStatus> streams() const;
  std::optional<StreamStatus> stream(const std::string& id) const;
  // Nothing where nobody looks, or where there is none. Whoever asks finds one a moment later.
  std::optional<StreamPicture> picture(const std::string& id) const;
  // The streams whose pictures were asked for since the last call.
  std::set<std::string> take_asked();
  // Empty where the stream is not known.
  ProbabilityHistory history(const std::string& id) const;

  // An older picture would look like one of now.
  static constexpr Duration kPictureAge = std::chrono::seconds(5);
  static constexpr Duration kSpan = std::chrono::seconds(2);
  // Ten minutes: what a chart beside a picture shows.
  static constexpr std::size_t kMostSpans = 300;

 private:
  struct Kept {
    std::optional<StreamPicture> picture;
    // Of the span at hand.
    std::optional<double> worst;
    std::deque<std::optional<double>> values;
  };
  void end_spans(Moment now);

  mutable std::mutex mutex_;
  std::vector<StreamStatus> streams_;
  std::map<std::string, Kept> kept_;
  mutable std::set<std::string> asked_;
  // Where the span at hand began; all streams have the same.
  std::optional<Time> begin_;
  WallTime end_of_last_;
};

}  // namespace dfd::monitor
