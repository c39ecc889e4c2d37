// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is known of a stream: what its element said last, for as long as that can be true. It has no
// clock of its own.

#pragma once

#include <gst/gst.h>

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "findings/finding.h"
#include "findings/result_watch.h"

namespace dfd::monitor {

class Known {
 public:
  // The element of a new connection; may be null. It says its first word later.
  void watch(GstElement* detect);

  // It said so.
  void hear(Finding finding) { heard_ = std::move(finding); }

  // What was said is of pictures that nobody sees any more, and the element is on its way out.
  void forget(const std::string& reason);

  // What is not true any more is not known, for "overload", until there is a new result. True where
  // that changed.
  bool update(Time now);

  const Finding& finding() const { return is_old_ ? old_ : heard_; }
  bool is_old() const { return is_old_; }

 private:
  static Finding unknown(const std::string& reason, const Finding& before);

  std::optional<ResultWatch> results_;
  Finding heard_;
  Finding old_;
  bool is_old_ = false;
};

}  // namespace dfd::monitor
