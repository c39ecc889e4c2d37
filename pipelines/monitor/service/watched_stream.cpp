// SPDX-License-Identifier: LGPL-2.1-or-later

#include "watched_stream.h"

#include <utility>

#include "base/log.h"
#include "service/config_change.h"
#include "service/told.h"
#include "streams/unseen.h"

namespace dfd::monitor {
namespace {

// Why nobody is told of an alarm.
constexpr const char* kObserve = "observe";
constexpr const char* kFlood = "flood";

}  // namespace

WatchedStream::WatchedStream(StreamConfig config, double hysteresis, StreamSnapshot left,
                             NotifyLimit& limit, Tell tell, Recorders::Make make_recorder)
    : config_(std::move(config)),
      hysteresis_(hysteresis),
      schedule_(config_.schedule),
      tell_(std::move(tell)),
      recorders_(std::move(make_recorder), config_),
      stream_(
          config_, [this](GstMessage* message) { on_message(message); }, recorders_.tap()),
      alarms_(config_, limit,
              [this](Moment now, const StreamAlarms::Rule& rule,
                     const AlarmTransition& transition) { tell_alarm(now, rule, transition); }),
      counters_(std::move(left.counters), std::move(left.judged)) {
  for (const char* reason : {kObserve, kFlood}) counters_.add("suppressed", reason, 0);
  for (const StoredAlarm& alarm : left.open_alarms) alarms_.restore(alarm);
}

void WatchedStream::take_left(Moment now, const StreamSnapshot& left) {
  counters_.add(left.counters, left.judged);
  for (const StoredAlarm& alarm : left.open_alarms) {
    if (!alarms_.restore(alarm)) tell_(told_superseded(now, event_stream(), alarm));
  }
}

Coverage WatchedStream::coverage(Moment now) const {
  Coverage coverage;
  const Watch& watch = stream_.watch();
  coverage.live = stream_.is_live(now);
  coverage.down = watch.failure().has_value();
  if (coverage.down) {
    coverage.reason = name_of(watch.failure()->reason);
  } else if (!coverage.live) {
    coverage.reason = watch.state() == StreamState::kPlaying ? "stall" : name_of(watch.state());
  }
  return coverage;
}

Counters WatchedStream::counters() const {
  Counters counters = counters_.read(stream_);
  for (const StreamAlarms::Rule& rule : alarms_.rules()) {
    const std::uint64_t fired = rule.alarm.fired();
    if (rule.wanted || fired > 0) counters[{"alarms", rule.name}] += double(fired);
  }
  const auto lost = double(recorders_.lost());
  if (recorders_.current() != nullptr || lost > 0) counters[{"recording_lost", ""}] += lost;
  return counters;
}

StreamSnapshot WatchedStream::snapshot() const {
  return {counters(), counters_.judged(), alarms_.open()};
}

StreamStatus WatchedStream::status(Moment now) const {
  const StreamConfig& config = stream_.config();
  const Watch& watch = stream_.watch();
  const Coverage covered = coverage(now);
  StreamStatus status;
  status.id = config.id;
  status.name = config.name;
  status.group = config.group;
  status.observe = config.observe;
  status.state = name_of(watch.state());
  status.since =
      now.wall - std::chrono::duration_cast<WallTime::duration>(now.steady - watch.since());
  status.live = covered.live;
  status.last_frame = stream_.last_frame();
  if (watch.failure()) status.text = watch.failure()->text;
  status.muted = muted_;
  if (mute_) {
    status.muted_until = mute_->until;
    status.mute_reason = mute_->reason;
  }
  const bool is_known = covered.live && !muted_;
  if (is_known) {
    status.verdict = name_of(finding().verdict);
    status.probability = finding().probability;
    if (finding().reason != "none") status.reason = finding().reason;
  } else {
    status.reason = muted_ ? "muted" : covered.reason;
  }
  status.on = config.alarm.on ? config.alarm.on : finding().threshold;
  status.day = utc_day(now.wall);
  status.judged_seconds = counters_.judged_on(status.day);
  return status;
}

bool WatchedStream::is_judged(Moment now) const {
  return !muted_ && stream_.is_live(now) && finding().verdict != Verdict::kUndecided;
}

EventStream WatchedStream::event_stream() const {
  EventStream part;
  part.config = &stream_.config();
  part.session = counters_.connects(stream_);
  if (const Connection* connection = stream_.connection()) {
    part.width = connection->width();
    part.height = connection->height();
  }
  return part;
}

void WatchedStream::account(Moment now) {
  const Time begin = std::exchange(last_update_, now.steady).value_or(now.steady);
  if (was_judged_) counters_.add_judged(to_seconds(now.steady - begin), now.wall);
}

void WatchedStream::poll_counts(Moment now) {
  // Its lock is the streaming thread's too.
  constexpr auto kInterval = std::chrono::seconds(1);
  Connection* connection = stream_.connection();
  if (connection == nullptr || connection->detect() == nullptr) return;
  if (!stream_.is_live(now) || now.steady - last_poll_ < kInterval) return;
  last_poll_ = now.steady;
  const Counts counts = read_counts(connection->detect());
  counters_.set_analysed(counts);
  window_ = from_seconds(counts.window_seconds);
  if (Recorder* recorder = recorders_.current()) recorder->set_window(window_);
}

// A worker that hangs sends no message.
void WatchedStream::check_age(Moment now) {
  if (!known_.update(now.steady) || !stream_.is_live(now)) return;
  log_line(config_.id + (known_.is_old() ? ": pictures come, and none is analysed (overload)"
                                         : ": pictures are analysed again"));
}

void WatchedStream::on_message(GstMessage* message) {
  if (!said_unseen_ && tells_unseen(message)) {
    said_unseen_ = true;
    log_line(config_.id +
             ": there is another track of pictures, or another program: nobody watches that");
  }
  auto heard = read_finding(message);
  if (!heard) return;
  const Moment time = now();
  account(time);
  known_.hear(std::move(*heard));
  was_judged_ = is_judged(time);
  update_alarms(time);
  Connection* connection = stream_.connection();
  Recorder* recorder = recorders_.current();
  if (recorder != nullptr && connection != nullptr) recorder->note_finding(*connection);
}

// Of a source that is away for days each try would be an event; the metrics count them.
bool WatchedStream::is_news(const Watch& watch) {
  if (watch.is_stuck()) return true;
  switch (watch.state()) {
    case StreamState::kPlaying:
      told_failure_.reset();
      return true;
    case StreamState::kConnecting:
      return !watch.failure();
    case StreamState::kClosing:
      // Without one it goes on with another configuration.
      return !watch.failure() ||
             std::exchange(told_failure_, watch.failure()->reason) != watch.failure()->reason;
    case StreamState::kWaiting:
      break;
  }
  return false;
}

void WatchedStream::on_state_changed(Moment now, StreamState previous) {
  const Watch& watch = stream_.watch();
  StreamChange change{name_of(previous), name_of(watch.state()), "", ""};
  if (watch.failure()) {
    change.reason = watch.is_stuck() ? name_of(FailureReason::kStuck) : coverage(now).reason;
    change.text = watch.failure()->text;
  }
  if (watch.state() != StreamState::kPlaying) known_.forget(coverage(now).reason);
  if (watch.state() == StreamState::kConnecting) {
    known_.watch(stream_.connection()->detect());
    counters_.begin_connection();
  }
  if (!is_news(watch)) return;
  std::string line = stream_.config().id + ": " + change.state;
  if (!change.text.empty()) line += " (" + change.reason + ": " + change.text + ")";
  if (watch.is_stuck()) line += "; the pipeline does not stop and is left behind";
  log_line(line);
  tell_({stream_event(now, event_stream(), change), std::nullopt, {}, true});
}

void WatchedStream::tell_alarm(Moment now, const StreamAlarms::Rule& rule,
                               const AlarmTransition& transition) {
  if (!rule.notified) counters_.add("suppressed", config_.observe ? kObserve : kFlood);
  const bool has_faces = rule.name == "face";
  Json event =
      alarm_event(now, event_stream(), rule.name, transition, has_faces ? &finding() : nullptr);
  if (Recorder* recorder = recorders_.current()) {
    recorder->note(now, rule.name, transition, event["data"], rule.notified, stream_.connection());
  }
  tell_({std::move(event),
         StoredAlarm{config_.id, rule.name, transition.state, transition.record, rule.notified},
         transition.previous, rule.notified});
}

void WatchedStream::change(Moment now, StreamConfig config, double hysteresis) {
  account(now);
  const bool reopens = needs_new_connection(config_, config);
  const bool records = config_.evidence.wanted;
  Connection* connection = stream_.connection();
  if (!reopens && connection != nullptr && connection->detect() != nullptr) {
    set_detect(connection->detect(), changed_properties(config_, config));
  }
  config_ = std::move(config);
  hysteresis_ = hysteresis;
  schedule_ = Schedule(config_.schedule);
  stream_.configure();
  if (config_.evidence.wanted != records) {
    recorders_.replace(now, config_);
    stream_.set_tap(recorders_.tap());
  } else if (Recorder* recorder = recorders_.current()) {
    recorder->configure();
  }
  alarms_.configure(now);
  if (!reopens) return;
  const StreamState previous = stream_.watch().state();
  stream_.reopen(now);
  if (stream_.watch().state() != previous) on_state_changed(now, previous);
}

void WatchedStream::leave(Moment now) {
  account(now);
  alarms_.end(now);
  recorders_.end(now);
  stream_.close(now);
}

void WatchedStream::count_stuck() { counters_.add("failures", name_of(FailureReason::kStuck)); }

bool WatchedStream::is_closed(Moment now) {
  // Both are asked each time.
  const bool has_recorded = recorders_.update(now);
  return stream_.is_closed(now) && has_recorded;
}

void WatchedStream::update_muted(Moment now) {
  if (mute_ && mute_->until <= now.wall) {
    mute_.reset();
    tell_muted(now, {{"action", "unmute"}});
  }
  const bool off_air = schedule_.is_off_air(now.wall);
  if (std::exchange(off_air_, off_air) != off_air) {
    log_line(stream_.config().id +
             (off_air ? ": off the air by its schedule" : ": on the air again"));
  }
  muted_ = off_air || mute_;
}

void WatchedStream::apply(Moment now, const KeptChange& kept) {
  const Change& change = kept.change;
  switch (change.kind) {
    case Change::Kind::kMute:
      mute_ = Mute{change.until, change.text, change.mark};
      return tell_muted(now, change_part(change));
    case Change::Kind::kUnmute:
      mute_.reset();
      return tell_muted(now, change_part(change));
    case Change::Kind::kAcknowledge:
    case Change::Kind::kLabel:
      return tell_marked(now, kept);
  }
}

// The connection is what it was.
void WatchedStream::tell_muted(Moment now, const Json& change) {
  const char* state = name_of(stream_.watch().state());
  Json event = stream_event(now, event_stream(), {state, state, coverage(now).reason, ""});
  event["data"]["change"] = change;
  log_line(stream_.config().id + (mute_ ? ": muted by hand" : ": not muted by hand any more"));
  tell_({std::move(event), std::nullopt, {}, true});
}

// The alarm is in the state in which it was. Whoever was not told of it is not told of this.
void WatchedStream::tell_marked(Moment now, const KeptChange& kept) {
  tell_(told_marked(now, event_stream(), alarms_.newest(*kept.alarm), kept.change));
}

void WatchedStream::tell_clip(Moment now, const ClipResult& result) {
  if (result.state == ClipResult::State::kWritten) counters_.add("clips", "");
  tell_(told_clip(now, event_stream(), result));
}

void WatchedStream::update_alarms(Moment now) {
  const Coverage covered = muted_ ? Coverage{false, false, "muted"} : coverage(now);
  AlarmInput face = face_input(config_.alarm, hysteresis_, covered, finding());
  face.lasted = window_;
  alarms_.update(now,
                 {std::move(face), down_input(covered), picture_input("frozen", covered, finding()),
                  picture_input("black", covered, finding())});
}

void WatchedStream::update(Moment now) {
  const StreamState previous = stream_.watch().state();
  account(now);
  update_muted(now);
  if (stream_.update(now)) on_state_changed(now, previous);
  check_age(now);
  was_judged_ = is_judged(now);
  poll_counts(now);
  update_alarms(now);
  recorders_.update(now);
}

}  // namespace dfd::monitor
