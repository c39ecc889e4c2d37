// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The text that Prometheus reads: version 0.0.4 of its exposition format.

#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dfd::monitor {

class MetricsText {
 public:
  // Name and value.
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // Begins a metric, "counter" or "gauge", whose samples follow. Each name once. Where there is no
  // stream it stays without samples, and readers still know that it is there.
  void begin(const std::string& name, const std::string& type, const std::string& help);

  // Of the metric that was begun last.
  void sample(double value, const Labels& labels = {});

  const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace dfd::monitor
