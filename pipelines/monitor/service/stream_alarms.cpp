// SPDX-License-Identifier: LGPL-2.1-or-later

#include "stream_alarms.h"

#include <iomanip>
#include <sstream>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

// " (probability 0.83)", " (eos)", or nothing.
std::string why_text(const AlarmInput& input) {
  if (input.probability) {
    std::ostringstream text;
    text << " (probability " << std::setprecision(2) << *input.probability << ")";
    return text.str();
  }
  return input.reason.empty() ? std::string() : " (" + input.reason + ")";
}

bool is_open(AlarmState state) {
  return state == AlarmState::kPending || state == AlarmState::kFiring;
}

}  // namespace

StreamAlarms::StreamAlarms(const StreamConfig& config, NotifyLimit& limit, Tell tell)
    : config_(&config),
      limit_(&limit),
      tell_(std::move(tell)),
      rules_{Rule{"face", config.alarm.face, Alarm(config.alarm)},
             Rule{"down", config.alarm.down, Alarm(config.alarm)},
             Rule{"frozen", config.alarm.frozen, Alarm(config.alarm)},
             Rule{"black", config.alarm.black, Alarm(config.alarm)}} {}

bool StreamAlarms::restore(const StoredAlarm& alarm) {
  for (Rule& rule : rules_) {
    if (rule.name != alarm.rule) continue;
    if (!rule.wanted) break;
    if (rule.alarm.state() != AlarmState::kIdle) return false;
    rule.alarm.restore(alarm.state, alarm.record);
    rule.notified = alarm.notified;
    log_line(alarm.stream + ": alarm " + alarm.rule + " is still " + name_of(alarm.state));
    return true;
  }
  left_.push_back(alarm);
  return true;
}

void StreamAlarms::tell(Moment now, Rule& rule, const AlarmTransition& transition) {
  const std::string& id = transition.record.id;
  if (transition.state == AlarmState::kPending) {
    rule.notified = !config_->observe && limit_->admit(now.steady, id);
  } else if (transition.state == AlarmState::kIdle) {
    limit_->give_back(id);
  }
  tell_(now, rule, transition);
}

void StreamAlarms::update(Moment now, const std::array<AlarmInput, kRules>& inputs) {
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    Rule& rule = rules_[i];
    if (!rule.wanted) continue;
    rule.signal = inputs[i].signal;
    for (const AlarmTransition& transition : rule.alarm.update(now, inputs[i])) {
      log_line(config_->id + ": alarm " + rule.name + " " + name_of(transition.state) +
               why_text(inputs[i]));
      tell(now, rule, transition);
    }
  }
}

void StreamAlarms::end(Moment now, Rule& rule) {
  const auto transition = rule.alarm.end(now, "removed");
  if (!transition) return;
  log_line(config_->id + ": alarm " + rule.name + " " + name_of(transition->state) + " (removed)");
  tell(now, rule, *transition);
}

void StreamAlarms::end(Moment now) {
  for (Rule& rule : rules_) end(now, rule);
}

void StreamAlarms::configure(Moment now) {
  const AlarmConfig& alarm = config_->alarm;
  const std::array<bool, kRules> wanted = {alarm.face, alarm.down, alarm.frozen, alarm.black};
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    rules_[i].alarm.configure(alarm);
    if (rules_[i].wanted && !wanted[i]) end(now, rules_[i]);
    rules_[i].wanted = wanted[i];
  }
  for (const StoredAlarm& left : std::exchange(left_, {})) {
    // What has another one by now keeps both.
    if (!restore(left)) left_.push_back(left);
  }
}

std::vector<StoredAlarm> StreamAlarms::open() const {
  std::vector<StoredAlarm> open;
  for (const Rule& rule : rules_) {
    if (!is_open(rule.alarm.state())) continue;
    open.push_back(
        {config_->id, rule.name, rule.alarm.state(), rule.alarm.record(), rule.notified});
  }
  open.insert(open.end(), left_.begin(), left_.end());
  return open;
}

StoredAlarm StreamAlarms::newest(StoredAlarm kept) const {
  for (const Rule& rule : rules_) {
    if (rule.alarm.record().id != kept.record.id) continue;
    kept.record = rule.alarm.record();
    // Resolved goes over to idle without a word.
    if (rule.alarm.state() != AlarmState::kIdle) kept.state = rule.alarm.state();
  }
  return kept;
}

}  // namespace dfd::monitor
