// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The alarms of one stream, by rule, and whether the outputs are told of them: of an alarm all is
// told, or nothing. Used on the main loop's thread.

#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "alarms/alarm.h"
#include "alarms/notify_limit.h"
#include "store/tables.h"

namespace dfd::monitor {

class StreamAlarms {
 public:
  static constexpr std::size_t kRules = 4;

  struct Rule {
    // "face", "down", "frozen", "black".
    std::string name;
    bool wanted = false;
    Alarm alarm;
    // The outputs are told of the alarm at hand.
    bool notified = true;
    // Of the newest that is known.
    Signal signal = Signal::kUnknown;

    // Somebody sees what it warns of at this moment: an alarm also fires on where nobody looks.
    bool is_seen() const {
      return wanted && alarm.state() == AlarmState::kFiring && signal == Signal::kOver;
    }
  };

  // Of each transition, in their order.
  using Tell = std::function<void(Moment, const Rule&, const AlarmTransition&)>;

  // Both outlive it. What changes in `config` is in force from configure() on.
  StreamAlarms(const StreamConfig& config, NotifyLimit& limit, Tell tell);

  // An open alarm of the last run goes on, as soon as somebody wants its rule. False, and nothing
  // is done, where that has another one by now.
  bool restore(const StoredAlarm& alarm);

  // In the order of rules().
  void update(Moment now, const std::array<AlarmInput, kRules>& inputs);

  // The configuration has changed. Alarms of rules that nobody wants any more end, and those of the
  // last run go on whose rules came back.
  void configure(Moment now);

  // All at hand end.
  void end(Moment now);

  const std::array<Rule, kRules>& rules() const { return rules_; }
  const Rule& face() const { return rules_[0]; }

  // Those that are pending or firing, and those of the last run whose rules nobody wants.
  std::vector<StoredAlarm> open() const;

  // An alarm that was kept, as it is now.
  StoredAlarm newest(StoredAlarm kept) const;

 private:
  void tell(Moment now, Rule& rule, const AlarmTransition& transition);
  void end(Moment now, Rule& rule);

  const StreamConfig* config_;
  NotifyLimit* limit_;
  Tell tell_;
  std::array<Rule, kRules> rules_;
  // Of the last run, of rules that nobody wants.
  std::vector<StoredAlarm> left_;
};

}  // namespace dfd::monitor
