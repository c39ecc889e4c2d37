// SPDX-License-Identifier: LGPL-2.1-or-later

#include "known.h"

#include <utility>

namespace dfd::monitor {

Finding Known::unknown(const std::string& reason, const Finding& before) {
  Finding finding;
  finding.reason = reason;
  finding.model_id = before.model_id;
  return finding;
}

void Known::watch(GstElement* detect) {
  results_.reset();
  if (detect != nullptr) results_.emplace(detect);
}

void Known::forget(const std::string& reason) {
  heard_ = unknown(reason, heard_);
  results_.reset();
  is_old_ = false;
}

bool Known::update(Time now) {
  const auto newest = results_ ? results_->newest() : std::nullopt;
  const bool is_old = newest && now - *newest >= results_->lasts();
  if (is_old && !is_old_) {
    old_ = unknown("overload", heard_);
    // In force whatever is found.
    old_.threshold = heard_.threshold;
  }
  return std::exchange(is_old_, is_old) != is_old;
}

}  // namespace dfd::monitor
