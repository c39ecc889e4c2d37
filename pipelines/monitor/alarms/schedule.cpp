// SPDX-License-Identifier: LGPL-2.1-or-later

#include "schedule.h"

#include <glib.h>

#include <utility>

namespace dfd::monitor {

struct Schedule::Entry {
  OffAir hours;
  std::shared_ptr<GTimeZone> zone;
};

Schedule::Schedule(const std::vector<OffAir>& entries) {
  for (const OffAir& hours : entries) {
    entries_.push_back(
        {hours, {g_time_zone_new_identifier(hours.zone.c_str()), g_time_zone_unref}});
  }
}

Schedule::~Schedule() = default;
Schedule::Schedule(Schedule&&) noexcept = default;
Schedule& Schedule::operator=(Schedule&&) noexcept = default;

bool Schedule::is_off_air(WallTime time) const {
  constexpr int kDays = 7;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  for (const auto& [hours, zone] : entries_) {
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(seconds);
    g_autoptr(GDateTime) local = g_date_time_to_timezone(utc, zone.get());
    const int minute = g_date_time_get_hour(local) * 60 + g_date_time_get_minute(local);
    // GLib counts from Monday, 1.
    const auto today = static_cast<std::size_t>(g_date_time_get_day_of_week(local) - 1);
    const std::size_t yesterday = (today + kDays - 1) % kDays;
    if (hours.from_minute < hours.to_minute) {
      if (hours.days[today] && minute >= hours.from_minute && minute < hours.to_minute) return true;
    } else if ((hours.days[today] && minute >= hours.from_minute) ||
               (hours.days[yesterday] && minute < hours.to_minute)) {
      return true;
    }
  }
  return false;
}

}  // namespace dfd::monitor
