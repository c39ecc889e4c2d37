// SPDX-License-Identifier: LGPL-2.1-or-later

#include "schedule_reader.h"

#include <glib.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <utility>

namespace dfd::monitor {
namespace {

constexpr const char* kDayNames[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

// Minutes since midnight.
int read_time(TableReader& table, const std::string& key) {
  constexpr std::size_t kLength = 5;
  const auto text = table.text(key);
  if (!text) table.fail(key, "is missing");
  const bool has_shape = text->size() == kLength && (*text)[2] == ':' &&
                         std::all_of(text->begin(), text->end(),
                                     [](char c) { return c == ':' || g_ascii_isdigit(c); });
  int hour = -1;
  int minute = -1;
  if (!has_shape || std::sscanf(text->c_str(), "%2d:%2d", &hour, &minute) != 2 || minute > 59 ||
      hour * 60 + minute > 24 * 60) {
    table.fail(key, "must be HOURS:MINUTES, from \"00:00\" to \"24:00\"");
  }
  return hour * 60 + minute;
}

void read_days(TableReader& table, OffAir& hours) {
  const auto days = table.texts("days");
  if (!days) {
    hours.days.fill(true);
    return;
  }
  if (days->empty()) table.fail("days", "must name a day");
  for (const std::string& day : *days) {
    const auto* const at = std::find(std::begin(kDayNames), std::end(kDayNames), day);
    if (at == std::end(kDayNames)) {
      table.fail("days", "may hold mon, tue, wed, thu, fri, sat and sun, not \"" + day + "\"");
    }
    hours.days.at(static_cast<std::size_t>(at - std::begin(kDayNames))) = true;
  }
}

void read_zone(TableReader& table, OffAir& hours) {
  const auto zone = table.text("zone");
  if (!zone) table.fail("zone", "is missing, such as \"Europe/Berlin\" or \"UTC\"");
  // Others are paths to GLib, or offsets that know no summer.
  const bool is_name =
      !zone->empty() && g_ascii_isalpha(zone->front()) && zone->find("..") == std::string::npos;
  GTimeZone* known = is_name ? g_time_zone_new_identifier(zone->c_str()) : nullptr;
  if (known == nullptr) {
    table.fail("zone", "is no zone that this machine knows (package tzdata): \"" + *zone + "\"");
  }
  g_time_zone_unref(known);
  hours.zone = *zone;
}

}  // namespace

void read_schedule(TableReader& table, std::vector<OffAir>& schedule) {
  // An empty list is one, too: a stream that goes without that of the defaults.
  if (!table.has("schedule")) return;
  std::vector<OffAir> read;
  for (TableReader& entry : table.tables("schedule")) {
    OffAir hours;
    read_days(entry, hours);
    hours.from_minute = read_time(entry, "from");
    hours.to_minute = read_time(entry, "to");
    if (hours.from_minute == hours.to_minute) {
      entry.fail("to", "must not be what from is; a whole day is from \"00:00\" to \"24:00\"");
    }
    if (hours.from_minute == 24 * 60) entry.fail("from", "must be before \"24:00\"");
    if (hours.to_minute == 0) hours.to_minute = 24 * 60;
    read_zone(entry, hours);
    entry.finish();
    read.push_back(hours);
  }
  schedule = std::move(read);
}

}  // namespace dfd::monitor
