// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What each rule makes of what is known of a stream.

#pragma once

#include <string>

#include "alarms/alarm.h"
#include "findings/finding.h"

namespace dfd::monitor {

// Whether somebody looks at the stream at all.
struct Coverage {
  // Pictures come.
  bool live = false;
  // A connection was given up, and none has shown a picture since.
  bool down = false;
  // Why, where it is not live: "connecting", "stall", "auth", ...
  std::string reason;
};

// A face is called manipulated. `hysteresis` is the element's. An undecided verdict is no signal,
// whatever its probability is: partial scores make no alarm. Where nobody is in the picture there
// is nothing to warn of; all else that is undecided is unknown.
AlarmInput face_input(const AlarmConfig& config, double hysteresis, const Coverage& coverage,
                      const Finding& finding);

// The picture is what `reason` says, "frozen" or "black". A frozen one may be black as well, and
// the other way round: the element tells one of the two.
AlarmInput picture_input(const std::string& reason, const Coverage& coverage,
                         const Finding& finding);

// The stream cannot be watched.
AlarmInput down_input(const Coverage& coverage);

}  // namespace dfd::monitor
