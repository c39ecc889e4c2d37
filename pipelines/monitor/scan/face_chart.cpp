// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/face_chart.h"

#include <algorithm>
#include <cmath>

#include "scan/html.h"

namespace dfd::monitor {
namespace {

// In pixels; the plot without its words.
struct Plot {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
};

struct Scale {
  Plot plot;
  ChartFrame frame;

  std::string x(double time_s) const {
    const double part = std::clamp(time_s / frame.duration_s, 0.0, 1.0);
    return fixed(plot.left + plot.width * part, 1);
  }
  std::string y(double probability) const {
    return fixed(plot.top + plot.height * (1 - probability), 1);
  }
};

// A line over it would say something of a time of which nobody knows anything.
double longest_step_s(const std::vector<ChartPoint>& points) {
  // A window and the time that a verdict must hold; and, of thinned series, more than two slots.
  constexpr double kShortest_s = 2;
  constexpr double kSteps = 3;
  std::vector<double> steps;
  for (std::size_t i = 1; i < points.size(); ++i) {
    steps.push_back(points[i].time_s - points[i - 1].time_s);
  }
  if (steps.empty()) return kShortest_s;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return std::max(kShortest_s, kSteps * *middle);
}

std::string line_from_to(const std::string& kind, const std::string& x1, const std::string& y1,
                         const std::string& x2, const std::string& y2) {
  return "<path class=\"" + kind + "\" d=\"M" + x1 + " " + y1 + "L" + x2 + " " + y2 + "\"/>";
}

std::string curve(const std::vector<ChartPoint>& points, const Scale& scale) {
  if (points.empty()) return "";
  const double longest = longest_step_s(points);
  std::string path;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const ChartPoint& point = points[i];
    const bool begins = i == 0 || point.time_s - points[i - 1].time_s > longest;
    path += (begins ? "M" : "L") + scale.x(point.time_s) + " " + scale.y(point.probability);
    const bool ends = i + 1 == points.size() || points[i + 1].time_s - point.time_s > longest;
    // A point alone is a dot: a line of no length with round ends.
    if (begins && ends) path += "h0";
  }
  return "<path class=\"curve\" d=\"" + path + "\"/>";
}

std::string threshold_line(const Scale& scale) {
  if (!scale.frame.threshold) return "";
  const std::string y = scale.y(*scale.frame.threshold);
  return line_from_to("threshold", scale.x(0), y, scale.x(scale.frame.duration_s), y);
}

std::string word(const std::string& text, double x, double y, const char* anchor) {
  return "<text x=\"" + fixed(x, 1) + "\" y=\"" + fixed(y, 1) + "\" text-anchor=\"" + anchor +
         "\">" + escaped(text) + "</text>";
}

std::string axes(const Scale& scale) {
  constexpr double kAbove = 3.5;  // Half of a digit's height.
  constexpr double kBeside = 5;
  constexpr double kBelow = 14;
  const Plot& plot = scale.plot;
  const double bottom = plot.top + plot.height;
  std::string svg;
  for (const double probability : {0.0, 0.5, 1.0}) {
    const std::string y = scale.y(probability);
    svg += line_from_to("grid", scale.x(0), y, scale.x(scale.frame.duration_s), y);
    svg += word(fixed(probability, 1), plot.left - kBeside,
                plot.top + plot.height * (1 - probability) + kAbove, "end");
  }
  svg += word(clock_time(0), plot.left, bottom + kBelow, "start");
  svg += word(clock_time(scale.frame.duration_s / 2), plot.left + plot.width / 2, bottom + kBelow,
              "middle");
  svg += word(clock_time(scale.frame.duration_s), plot.left + plot.width, bottom + kBelow, "end");
  return svg;
}

}  // namespace

std::vector<ChartPoint> chart_points(const Json& face) {
  std::vector<ChartPoint> points;
  if (!face.is_object() || !face.contains("series") || !face["series"].is_array()) return points;
  for (const Json& pair : face["series"]) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_number()) {
      continue;
    }
    const ChartPoint point{pair[0].get<double>(), pair[1].get<double>()};
    const bool in_order = points.empty() || point.time_s >= points.back().time_s;
    const bool good = point.time_s >= 0 && point.probability >= 0 && point.probability <= 1;
    if (in_order && good) points.push_back(point);
  }
  return points;
}

std::string sparkline(const std::vector<ChartPoint>& points, const ChartFrame& frame) {
  // Room for half of the line's width at each side.
  const Scale scale{{1, 2, 118, 20}, frame};
  return "<svg class=\"spark\" viewBox=\"0 0 120 24\" aria-hidden=\"true\">" +
         threshold_line(scale) + curve(points, scale) + "</svg>";
}

std::string face_chart(const std::vector<ChartPoint>& points, const ChartFrame& frame,
                       const std::string& name) {
  const Scale scale{{32, 8, 680, 84}, frame};
  return "<svg class=\"chart\" viewBox=\"0 0 720 112\" role=\"img\"><title>" + escaped(name) +
         "</title>" + axes(scale) + threshold_line(scale) + curve(points, scale) + "</svg>";
}

}  // namespace dfd::monitor
