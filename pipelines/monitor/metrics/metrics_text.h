// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The text that Prometheus reads: version 0.0.4 of its exposition format.

#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dfd::monitor {

class MetricsText {
 public:
  // Name and value.
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // Begins a metric, "counter", "gauge" or "histogram", whose samples follow. Each name once. Where
  // there is no stream it stays without samples, and readers still know that it is there.
  void begin(const std::string& name, const std::string& type, const std::string& help);

  // Of the metric that was begun last.
  void sample(double value, const Labels& labels = {});

  // Of the histogram that was begun last: how many were within each bound and not the one before,
  // with those beyond all at infinity, and the sum of all.
  void histogram(const std::map<double, double>& counts, double sum, const Labels& labels);

  const std::string& text() const { return text_; }

 private:
  void line(const std::string& name, double value, const Labels& labels);

  std::string name_;
  std::string text_;
};

}  // namespace dfd::monitor
