// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whether deepfakedetect still finds out something new. Pictures pass it whatever becomes of its
// analysis, and what was said last is said on.

#pragma once

#include <gst/gst.h>

#include <chrono>
#include <memory>
#include <optional>

namespace dfd::monitor {

// Any thread.
class ResultWatch {
 public:
  using Clock = std::chrono::steady_clock;

  // Looks at the pictures that leave the element, for as long as that lives.
  explicit ResultWatch(GstElement* detect);

  // When one last came with the result of another frame; nothing before the first.
  std::optional<Clock::time_point> newest() const;

  // So long after the newest result it says nothing any more.
  Clock::duration lasts() const { return lasts_; }

  // Far longer than windows wait for a sample (max-gap), and than any machine that keeps up needs.
  static constexpr Clock::duration kLasts = std::chrono::seconds(3);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
  Clock::duration lasts_;
};

}  // namespace dfd::monitor
