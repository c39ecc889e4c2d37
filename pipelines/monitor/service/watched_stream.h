// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One stream with what is found in it and what is said of it. Used on the main loop's thread.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "alarms/rules.h"
#include "alarms/schedule.h"
#include "findings/finding.h"
#include "outputs/event.h"
#include "service/known.h"
#include "service/recorders.h"
#include "service/stream_alarms.h"
#include "service/stream_counters.h"
#include "store/board.h"
#include "store/changes.h"
#include "store/tables.h"
#include "streams/stream.h"

namespace dfd::monitor {

class WatchedStream {
 public:
  // An event, and the alarm whose transition it tells of.
  struct Told {
    Json event;
    std::optional<StoredAlarm> alarm;
    AlarmState previous = AlarmState::kIdle;
    // Of the outputs; otherwise it is only kept.
    bool to_tell = true;
    std::optional<EvidenceChange> evidence = std::nullopt;
  };
  using Tell = std::function<void(const Told&)>;

  // `limit` outlives it. `hysteresis` is the element's. Alarms and counters go on from
  // what the last run `left`.
  WatchedStream(StreamConfig config, double hysteresis, StreamSnapshot left, NotifyLimit& limit,
                Tell tell, Recorders::Make make_recorder = nullptr);

  // What the last run left becomes known only now: counters and open alarms go on from both. Of two
  // alarms of a rule the one of the last run ends.
  void take_left(Moment now, const StreamSnapshot& left);

  // What is due.
  void update(Moment now);

  // The configuration has changed, but for the id. A new connection is made only where the one at
  // hand cannot go on with it; alarms at hand go on.
  void change(Moment now, StreamConfig config, double hysteresis);

  // Nobody wants to know any more: alarms at hand end, for "removed", and the source is closed.
  void leave(Moment now);
  // Then: all of it has ended, or was left behind.
  bool is_closed(Moment now);
  // One of its pipelines was, after it had left.
  void count_stuck();

  Stream& stream() { return stream_; }
  const Stream& stream() const { return stream_; }
  const Finding& finding() const { return known_.finding(); }
  const StreamAlarms& alarms() const { return alarms_; }
  // What the last run left, unless somebody has muted it since.
  void restore_mute(const Mute& mute) {
    if (!mute_) mute_ = mute;
  }

  // What somebody changed about the stream or one of its alarms is acted on, and told.
  void apply(Moment now, const KeptChange& kept);

  // Something happened to the evidence of an alarm.
  void tell_clip(Moment now, const ClipResult& result);

  // The recorder asks for what it has at hand, and records no more. Waits for that.
  void close_recorder(Moment now) { recorders_.close(now); }

  // By the schedule or by hand: whatever is found is not known.
  bool is_muted() const { return muted_; }

  // Over all connections and runs of the program.
  Counters counters() const;

  // What is to be kept.
  StreamSnapshot snapshot() const;

  // What is shown.
  StreamStatus status(Moment now) const;

 private:
  void on_message(GstMessage* message);
  void on_state_changed(Moment now, StreamState previous);
  bool is_news(const Watch& watch);
  void account(Moment now);
  void poll_counts(Moment now);
  void check_age(Moment now);
  void update_alarms(Moment now);
  Coverage coverage(Moment now) const;
  void update_muted(Moment now);
  void tell_muted(Moment now, const Json& change);
  void tell_marked(Moment now, const KeptChange& kept);
  void tell_alarm(Moment now, const StreamAlarms::Rule& rule, const AlarmTransition& transition);
  bool is_judged(Moment now) const;
  EventStream event_stream() const;

  StreamConfig config_;
  double hysteresis_;
  Schedule schedule_;
  bool muted_ = false;
  bool off_air_ = false;
  // By hand.
  std::optional<Mute> mute_;
  Tell tell_;
  Recorders recorders_;
  Stream stream_;
  Known known_;
  StreamAlarms alarms_;
  // Since it last played.
  std::optional<FailureReason> told_failure_;
  std::optional<Time> last_update_;
  bool was_judged_ = false;
  bool said_unseen_ = false;
  StreamCounters counters_;
  Time last_poll_;
  // Of the model.
  Duration window_{};
};

}  // namespace dfd::monitor
