// SPDX-License-Identifier: LGPL-2.1-or-later

#include "clock.h"

#include <cstdio>
#include <ctime>

namespace dfd::monitor {

Moment now() { return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()}; }

Duration from_seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

double to_seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string utc_text(WallTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const auto rest = std::chrono::floor<std::chrono::milliseconds>(time - whole);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%03dZ", date, static_cast<int>(rest.count()));
  return text;
}

std::string utc_day(WallTime time) {
  constexpr std::size_t kLength = 10;
  return utc_text(time).substr(0, kLength);
}

double unix_seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace dfd::monitor
