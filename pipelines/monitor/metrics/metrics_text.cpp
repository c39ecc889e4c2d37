// SPDX-License-Identifier: LGPL-2.1-or-later

#include "metrics_text.h"

#include <cmath>
#include <sstream>

namespace dfd::monitor {
namespace {

std::string escaped(const std::string& value) {
  std::string result;
  for (const char c : value) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') result += '\\';
    result += c;
  }
  return result;
}

std::string number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::ostringstream stream;
  // Seconds since 1970 with milliseconds, and counters of months, to the last digit.
  stream.precision(15);
  stream << value;
  return stream.str();
}

}  // namespace

void MetricsText::begin(const std::string& name, const std::string& type, const std::string& help) {
  name_ = name;
  text_ += "# HELP " + name + " " + help + "\n# TYPE " + name + " " + type + "\n";
}

void MetricsText::sample(double value, const Labels& labels) { line(name_, value, labels); }

void MetricsText::histogram(const std::map<double, double>& counts, double sum,
                            const Labels& labels) {
  double all = 0;
  for (const auto& [bound, count] : counts) {
    all += count;
    Labels of_bucket = labels;
    of_bucket.emplace_back("le", number_text(bound));
    line(name_ + "_bucket", all, of_bucket);
  }
  line(name_ + "_sum", sum, labels);
  line(name_ + "_count", all, labels);
}

void MetricsText::line(const std::string& name, double value, const Labels& labels) {
  text_ += name;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    text_ += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + escaped(labels[i].second) + "\"";
  }
  text_ += (labels.empty() ? " " : "} ") + number_text(value) + "\n";
}

}  // namespace dfd::monitor
