// SPDX-License-Identifier: LGPL-2.1-or-later

#include "watched_stream.h"

#include <algorithm>
#include <iomanip>
#include <sstream>
#include <utility>

#include "base/log.h"
#include "service/config_change.h"
#include "service/told.h"

namespace dfd::monitor {
namespace {

// Why nobody is told of an alarm.
constexpr const char* kObserve = "observe";
constexpr const char* kFlood = "flood";

// " (probability 0.83)", " (eos)", or nothing.
std::string why_text(const AlarmInput& input) {
  if (input.probability) {
    std::ostringstream text;
    text << " (probability " << std::setprecision(2) << *input.probability << ")";
    return text.str();
  }
  return input.reason.empty() ? std::string() : " (" + input.reason + ")";
}

Counts sum_of(Counts sum, const Counts& other) {
  sum.samples += other.samples;
  for (const auto& [reason, count] : other.skipped) sum.skipped[reason] += count;
  for (const auto& [bound, count] : other.latency) sum.latency[bound] += count;
  sum.latency_seconds += other.latency_seconds;
  return sum;
}

}  // namespace

WatchedStream::WatchedStream(StreamConfig config, double hysteresis, StreamSnapshot left,
                             NotifyLimit& limit, Tell tell, MakeRecorder make_recorder)
    : config_(std::move(config)),
      hysteresis_(hysteresis),
      limit_(&limit),
      schedule_(config_.schedule),
      tell_(std::move(tell)),
      make_recorder_(std::move(make_recorder)),
      recorder_(make_recorder_ ? make_recorder_(config_) : nullptr),
      stream_(
          config_, [this](GstMessage* message) { on_message(message); },
          recorder_ != nullptr ? recorder_->tap() : nullptr),
      rules_{Rule{"face", config_.alarm.face, Alarm(config_.alarm)},
             Rule{"down", config_.alarm.down, Alarm(config_.alarm)},
             Rule{"frozen", config_.alarm.frozen, Alarm(config_.alarm)},
             Rule{"black", config_.alarm.black, Alarm(config_.alarm)}},
      left_(std::move(left.counters)),
      judged_(std::move(left.judged)) {
  for (const StoredAlarm& alarm : left.open_alarms) restore(alarm);
  count();
}

void WatchedStream::restore(const StoredAlarm& alarm) {
  for (Rule& rule : rules_) {
    if (!rule.wanted || rule.name != alarm.rule || rule.alarm.state() != AlarmState::kIdle)
      continue;
    rule.alarm.restore(alarm.state, alarm.record);
    rule.notified = alarm.notified;
    log_line(alarm.stream + ": alarm " + alarm.rule + " is still " + name_of(alarm.state));
  }
}

void WatchedStream::take_left(Moment now, const StreamSnapshot& left) {
  for (const auto& [key, value] : left.counters) left_[key] += value;
  for (const auto& [day, seconds] : left.judged) judged_[day] += seconds;
  for (const StoredAlarm& alarm : left.open_alarms) {
    const bool is_superseded = std::any_of(rules_.begin(), rules_.end(), [&](const Rule& rule) {
      return rule.wanted && rule.name == alarm.rule && rule.alarm.state() != AlarmState::kIdle;
    });
    if (is_superseded) {
      tell_(told_superseded(now, event_stream(), alarm));
    } else {
      restore(alarm);
    }
  }
  count();
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

void WatchedStream::count() {
  const Watch& watch = stream_.watch();
  counters_ = left_;
  counters_[{"connects", ""}] += double(watch.connects());
  for (const FailureReason reason : kFailureReasons) {
    counters_[{"failures", name_of(reason)}] += double(watch.failures(reason));
  }
  const Counts counts = sum_of(earlier_counts_, counts_);
  counters_[{"frames", ""}] += double(stream_.frames());
  counters_[{"samples", ""}] += double(counts.samples);
  for (const auto& [reason, number] : counts.skipped) {
    counters_[{"skipped", reason}] += double(number);
  }
  for (const auto& [bound, number] : counts.latency) {
    counters_[{"latency", bound}] += double(number);
  }
  counters_[{"latency_seconds", ""}] += counts.latency_seconds;
  counters_[{"judged_seconds", ""}] += judged_seconds_;
  for (const Rule& rule : rules_) {
    if (rule.wanted) counters_[{"alarms", rule.name}] += double(rule.alarm.fired());
  }
  counters_[{"clips", ""}] += double(clips_);
  if (recorder_ != nullptr) {
    const RingStats stats = recorder_->stats();
    counters_[{"recording_lost", ""}] += double(stats.dropped + stats.failures);
  }
  for (const char* reason : {kObserve, kFlood}) counters_[{"suppressed", reason}] += 0;
  for (const auto& [reason, number] : suppressed_) counters_[{"suppressed", reason}] += number;
}

StreamSnapshot WatchedStream::snapshot() const {
  StreamSnapshot snapshot{counters_, judged_, {}};
  for (const Rule& rule : rules_) {
    const AlarmState state = rule.alarm.state();
    if (state != AlarmState::kPending && state != AlarmState::kFiring) continue;
    snapshot.open_alarms.push_back(
        {stream_.config().id, rule.name, state, rule.alarm.record(), rule.notified});
  }
  return snapshot;
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
    status.verdict = name_of(finding_.verdict);
    status.probability = finding_.probability;
    if (finding_.reason != "none") status.reason = finding_.reason;
  } else {
    status.reason = muted_ ? "muted" : covered.reason;
  }
  status.on = config.alarm.on ? config.alarm.on : finding_.threshold;
  status.day = utc_day(now.wall);
  const auto judged = judged_.find(status.day);
  if (judged != judged_.end()) status.judged_seconds = judged->second;
  return status;
}

bool WatchedStream::is_judged(Moment now) const {
  return !muted_ && stream_.is_live(now) && finding_.verdict != Verdict::kUndecided;
}

EventStream WatchedStream::event_stream() const {
  EventStream part;
  part.config = &stream_.config();
  part.session = static_cast<std::uint64_t>(counters_.at({"connects", ""}));
  if (const Connection* connection = stream_.connection()) {
    part.width = connection->width();
    part.height = connection->height();
  }
  return part;
}

void WatchedStream::account(Moment now) {
  const Time begin = std::exchange(last_update_, now.steady).value_or(now.steady);
  if (!was_judged_) return;
  const double seconds = to_seconds(now.steady - begin);
  judged_seconds_ += seconds;
  // What a step took over midnight counts to the new day.
  judged_[utc_day(now.wall)] += seconds;
  // The store has the others; the last one may not be written to its end yet.
  while (judged_.size() > 2) judged_.erase(judged_.begin());
}

void WatchedStream::poll_counts(Moment now) {
  // Its lock is the streaming thread's too.
  constexpr auto kInterval = std::chrono::seconds(1);
  Connection* connection = stream_.connection();
  if (connection == nullptr || connection->detect() == nullptr) return;
  if (!stream_.is_live(now) || now.steady - last_poll_ < kInterval) return;
  last_poll_ = now.steady;
  counts_ = read_counts(connection->detect());
}

void WatchedStream::on_message(GstMessage* message) {
  auto finding = read_finding(message);
  if (!finding) return;
  const Moment time = now();
  account(time);
  finding_ = std::move(*finding);
  was_judged_ = is_judged(time);
  update_alarms(time);
  Connection* connection = stream_.connection();
  if (recorder_ != nullptr && connection != nullptr && finding_.probability) {
    recorder_->note_probability(*finding_.probability, *connection);
  }
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
  if (watch.state() != StreamState::kPlaying) {
    // What was found is of pictures that nobody sees any more.
    const std::string model_id = finding_.model_id;
    finding_ = {};
    finding_.reason = coverage(now).reason;
    finding_.model_id = model_id;
  }
  if (watch.state() == StreamState::kConnecting) {
    earlier_counts_ = sum_of(std::move(earlier_counts_), std::exchange(counts_, {}));
  }
  if (!is_news(watch)) return;
  std::string line = stream_.config().id + ": " + change.state;
  if (!change.text.empty()) line += " (" + change.reason + ": " + change.text + ")";
  if (watch.is_stuck()) line += "; the pipeline does not stop and is left behind";
  log_line(line);
  tell_({stream_event(now, event_stream(), change), std::nullopt, {}, true});
}

// Of an alarm all is told, or nothing.
void WatchedStream::tell_alarm(Moment now, Rule& rule, const AlarmTransition& transition) {
  const StreamConfig& config = stream_.config();
  const std::string& id = transition.record.id;
  if (transition.state == AlarmState::kPending) {
    rule.notified = !config.observe && limit_->admit(now.steady, id);
  } else if (transition.state == AlarmState::kIdle) {
    limit_->give_back(id);
  }
  if (!rule.notified) suppressed_[config.observe ? kObserve : kFlood] += 1;
  const bool has_faces = rule.name == "face";
  Json event =
      alarm_event(now, event_stream(), rule.name, transition, has_faces ? &finding_ : nullptr);
  if (recorder_ != nullptr) {
    recorder_->note(now, rule.name, transition, event["data"], rule.notified, stream_.connection());
  }
  tell_({std::move(event),
         StoredAlarm{config.id, rule.name, transition.state, transition.record, rule.notified},
         transition.previous, rule.notified});
}

void WatchedStream::end_alarm(Moment now, Rule& rule) {
  const auto transition = rule.alarm.end(now, "removed");
  if (!transition) return;
  log_line(config_.id + ": alarm " + rule.name + " " + name_of(transition->state) + " (removed)");
  tell_alarm(now, rule, *transition);
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
    close_recorder(now);
    recorder_ = make_recorder_ ? make_recorder_(config_) : nullptr;
    stream_.set_tap(recorder_ != nullptr ? recorder_->tap() : nullptr);
  } else if (recorder_ != nullptr) {
    recorder_->configure();
  }
  const AlarmConfig& alarm = config_.alarm;
  const bool wanted[] = {alarm.face, alarm.down, alarm.frozen, alarm.black};
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    rules_[i].alarm.configure(alarm);
    if (rules_[i].wanted && !wanted[i]) end_alarm(now, rules_[i]);
    rules_[i].wanted = wanted[i];
  }
  if (!reopens) return;
  const StreamState previous = stream_.watch().state();
  stream_.reopen(now);
  if (stream_.watch().state() != previous) on_state_changed(now, previous);
}

void WatchedStream::leave(Moment now) {
  account(now);
  for (Rule& rule : rules_) end_alarm(now, rule);
  close_recorder(now);
  count();
  stream_.close(now);
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
  StoredAlarm alarm = *kept.alarm;
  for (const Rule& rule : rules_) {
    if (rule.alarm.record().id != alarm.record.id) continue;
    // Newer than what is kept; resolved goes over to idle without a word.
    alarm.record = rule.alarm.record();
    if (rule.alarm.state() != AlarmState::kIdle) alarm.state = rule.alarm.state();
  }
  tell_(told_marked(now, event_stream(), alarm, kept.change));
}

void WatchedStream::tell_clip(Moment now, const ClipResult& result) {
  if (result.state == ClipResult::State::kWritten) ++clips_;
  tell_(told_clip(now, event_stream(), result));
}

void WatchedStream::close_recorder(Moment now) {
  if (recorder_ != nullptr) recorder_->close(now);
}

void WatchedStream::update_alarms(Moment now) {
  const StreamConfig& config = stream_.config();
  const Coverage covered = muted_ ? Coverage{false, false, "muted"} : coverage(now);
  const AlarmInput inputs[] = {face_input(config.alarm, hysteresis_, covered, finding_),
                               down_input(covered), picture_input("frozen", covered, finding_),
                               picture_input("black", covered, finding_)};
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    Rule& rule = rules_[i];
    if (!rule.wanted) continue;
    for (const AlarmTransition& transition : rule.alarm.update(now, inputs[i])) {
      log_line(config.id + ": alarm " + rule.name + " " + name_of(transition.state) +
               why_text(inputs[i]));
      tell_alarm(now, rule, transition);
    }
  }
}

void WatchedStream::update(Moment now) {
  const StreamState previous = stream_.watch().state();
  account(now);
  update_muted(now);
  const bool changed = stream_.update(now);
  // Events tell the number of the connection.
  count();
  if (changed) on_state_changed(now, previous);
  was_judged_ = is_judged(now);
  poll_counts(now);
  update_alarms(now);
  if (recorder_ != nullptr) recorder_->update(now);
  count();
}

}  // namespace dfd::monitor
