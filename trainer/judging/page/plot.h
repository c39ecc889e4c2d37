// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A plot as SVG within HTML, with a legend. Colours are classes of the page's style sheet, so that
// it follows light and dark.

#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dfd {

using PlotPoint = std::pair<double, double>;

struct Axis {
  std::string label;
  double low = 0;
  double high = 1;
  std::vector<std::pair<double, std::string>> ticks;  // Where, and what stands there.
};

// With ticks at round numbers over the range of values; low and high go out to ticks. Values that
// are no finite numbers are left out.
Axis axis_over(const std::string& label, const std::vector<double>& values);
// From 0 to 1 in fifths.
Axis unit_axis(const std::string& label);

// What is drawn last lies on top.
class Plot {
 public:
  // id: of letters, unique on the page. title and description: texts, for those who do not see it.
  Plot(std::string id, std::string title, std::string description, Axis x, Axis y);

  // style: "real", "fake", "s0" to "s5", "chance" or "threshold". Without a name there is no entry
  // in the legend. Points that are no finite numbers make a gap.
  void line(const std::vector<PlotPoint>& points, const std::string& style,
            const std::string& name = "", bool marks = false);
  void mark(PlotPoint at, const std::string& style, const std::string& name = "");
  // From a corner to the opposite one; tip: text that the mouse shows.
  void bar(PlotPoint from, PlotPoint to, const std::string& style, const std::string& tip);
  void whisker(double x, double low, double high, const std::string& style);
  void legend(const std::string& style, const std::string& name);

  std::string html() const;

 private:
  double across(double x) const;
  double down(double y) const;
  std::string axes() const;

  std::string id_, title_, description_;
  Axis x_, y_;
  std::string shapes_;
  std::string legend_;
};

}  // namespace dfd
