// SPDX-License-Identifier: LGPL-2.1-or-later

#include "progress.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/log.h"

namespace dfd::monitor {
namespace {

constexpr double kMinute = 60;
constexpr double kHour = 3600;

std::string number(double value) {
  // Below ten the next digit counts.
  constexpr double kWhole = 10;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < kWhole ? "%.1f" : "%.0f", value);
  return text.data();
}

std::string rate_text(double per_second) {
  return per_second >= 1 ? number(per_second) + " files a second"
                         : number(per_second * kMinute) + " files a minute";
}

std::string time_text(double seconds) {
  // Two of the smaller unit are told in it.
  if (seconds < 2 * kMinute) return number(std::max(1.0, seconds)) + " s";
  if (seconds < 2 * kHour) return number(seconds / kMinute) + " min";
  return number(seconds / kHour) + " h";
}

}  // namespace

std::string progress_text(const Progress& progress) {
  constexpr std::uint64_t kWidth = 30;
  const std::uint64_t all = std::max<std::uint64_t>(1, progress.all);
  const std::uint64_t done = std::min(progress.done, all);
  const auto filled = static_cast<std::size_t>(kWidth * done / all);
  std::string text = "scan [" + std::string(filled, '#') + std::string(kWidth - filled, '.') +
                     "] " + std::to_string(progress.done) + "/" + std::to_string(progress.all);
  const double seconds = to_seconds(progress.time);
  if (progress.looked_at == 0 || seconds <= 0) return text;
  const double per_second = double(progress.looked_at) / seconds;
  text += ", " + rate_text(per_second);
  if (done < all) text += ", " + time_text(double(all - done) / per_second) + " left";
  return text;
}

ProgressLine::~ProgressLine() { show_status(""); }

void ProgressLine::show(const Progress& progress, Time now) {
  constexpr auto kEvery = std::chrono::milliseconds(250);
  if (now - shown_ < kEvery) return;
  shown_ = now;
  show_status(progress_text(progress));
}

}  // namespace dfd::monitor
