// SPDX-License-Identifier: LGPL-2.1-or-later

#include "alarm_json.h"

namespace dfd::monitor {

void set_record(Json& object, const AlarmRecord& record) {
  object["started_at"] = utc_text(record.started_at);
  set_known(object, "fired_at", record.fired_at);
  set_known(object, "ended_at", record.ended_at);
  set_known(object, "on", record.on);
  set_known(object, "off", record.off);
  set_known(object, "peak_probability", record.peak_probability);
  set_known(object, "mean_probability", record.mean_probability);
  object["seconds_over"] = in_thousandths(record.seconds_over);
  object["reason"] = record.reason;
  object["data_lost"] = record.data_lost;
}

}  // namespace dfd::monitor
