// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Makes the evidence of alarms, and keeps it within its bounds, on a thread of its own.

#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/leavable_thread.h"
#include "config/config.h"
#include "evidence/best_picture.h"
#include "evidence/evidence_folder.h"
#include "evidence/ring.h"
#include "findings/verdict_log.h"
#include "store/evidence_files.h"

namespace dfd::monitor {

struct ClipRequest {
  EvidencePlace place;
  // The outputs are told of the alarm.
  bool notified = true;
  // What the newest event of the alarm said.
  Json data;
  // Of one connection, in their order; none where nothing could be recorded.
  std::vector<Segment> segments;
  // Of their pictures: see verdicts_of().
  std::vector<Said> said;
  // How far before the alarm's beginning the clip begins.
  double pre_roll_s = 0;
  WallTime begin;
  WallTime end;
  // Longer than max_clip_s, or than the ring has room for.
  bool cut = false;
  ClipPicture best;
  ClipPicture heatmap;
  ClipPicture face;
};

struct ClipResult {
  enum class State {
    kWritten,
    kDeleted,  // For room, or for its age.
    kFailed,
    kPaused,  // All there is belongs to open alarms: nothing is recorded.
    kResumed,
  };
  State state = State::kWritten;
  // Of kPaused and kResumed that of the alarm that was tried.
  EvidencePlace place;
  bool notified = true;
  // For people; empty where there is nothing to say.
  std::string text;
  // Of kWritten.
  std::vector<EvidenceFile> files;
  double pre_roll_s = 0;
  WallTime begin;
  WallTime end;
};

// "written", "deleted", "failed", "paused", "resumed".
const char* name_of(ClipResult::State state);

class ClipMaker {
 public:
  // What an earlier run left half-done is removed. The folder is there.
  ClipMaker(const std::string& state_folder, const EvidenceLimits& limits);
  // Makes what was asked for, for no longer than kCloseLimit, or not at all where drain() took that
  // long in vain; what is left then is lost.
  ~ClipMaker();
  ClipMaker(const ClipMaker&) = delete;
  ClipMaker& operator=(const ClipMaker&) = delete;

  void make(ClipRequest request);

  // Pending and firing ones: their evidence is not touched.
  void set_open(std::set<std::string> alarms);

  void set_limits(const EvidenceLimits& limits);

  // What was done since the last call, in its order.
  std::vector<ClipResult> take_results();

  // Waits until nothing is left to do, for no longer than kCloseLimit.
  void drain();

  std::uint64_t bytes() const;

  static constexpr Duration kCloseLimit = std::chrono::seconds(10);

 private:
  struct Shared;
  static void run(Shared& shared);

  std::shared_ptr<Shared> shared_;
  LeavableThread thread_;
};

}  // namespace dfd::monitor
