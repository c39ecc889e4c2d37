// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/plot.h"

#include <algorithm>
#include <cmath>

#include "judging/numbers.h"
#include "judging/page/html.h"

namespace dfd {
namespace {

// Of the drawing, in its own units. The margins have room for the larger letters that the style
// sheet takes on phones.
constexpr double kWidth = 440;
constexpr double kHeight = 330;
constexpr double kLeft = 60;
constexpr double kRight = 16;
constexpr double kTop = 12;
constexpr double kBottom = 50;
constexpr double kMark = 3.5;
constexpr double kBeyond = 6;  // The frame: for marks that stand on it.

std::string number(double value) { return fixed(value, 1); }

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + number(value) + "\"";
}

// As many digits as the step between ticks has.
int digits_of(double step) {
  int digits = 0;
  constexpr double kWhole = 1e-6;
  while (digits < 8 && std::abs(step - std::round(step)) > kWhole * step) {
    step *= 10;
    ++digits;
  }
  return digits;
}

}  // namespace

Axis axis_over(const std::string& label, const std::vector<double>& values) {
  constexpr double kMost = 1e300;  // Of which the difference is still a number.
  double low = 0;
  double high = 0;
  bool any = false;
  for (const double value : values) {
    if (!(std::abs(value) < kMost)) continue;
    low = any ? std::min(low, value) : value;
    high = any ? std::max(high, value) : value;
    any = true;
  }
  Axis axis;
  axis.label = label;
  constexpr double kSame = 1e-9;  // Ticks so near one another could not be told apart.
  // One value alone stands in the middle.
  if (high - low <= kSame * std::max(std::abs(low), std::abs(high))) {
    const double around = low == 0 ? 1 : std::abs(low) / 2;
    low -= around;
    high += around;
  }
  constexpr double kTicks = 5;
  const double rough = (high - low) / kTicks;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double lead = rough / power;
  const double step = power * (lead > 5 ? 10 : lead > 2 ? 5 : lead > 1 ? 2 : 1);
  constexpr double kRounding = 1e-6;
  axis.low = std::floor(low / step + kRounding) * step;
  axis.high = std::ceil(high / step - kRounding) * step;
  const int count = static_cast<int>(std::lround((axis.high - axis.low) / step));
  for (int i = 0; i <= count; ++i) {
    const double at = axis.low + i * step;
    axis.ticks.emplace_back(at, fixed(std::abs(at) < kRounding * step ? 0 : at, digits_of(step)));
  }
  return axis;
}

Axis unit_axis(const std::string& label) {
  Axis axis;
  axis.label = label;
  for (int i = 0; i <= 5; ++i) axis.ticks.emplace_back(i / 5.0, fixed(i / 5.0, 1));
  return axis;
}

Plot::Plot(std::string id, std::string title, std::string description, Axis x, Axis y)
    : id_(std::move(id)),
      title_(std::move(title)),
      description_(std::move(description)),
      x_(std::move(x)),
      y_(std::move(y)) {}

double Plot::across(double x) const {
  return kLeft + (x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
}

double Plot::down(double y) const {
  return kHeight - kBottom - (y - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom);
}

void Plot::line(const std::vector<PlotPoint>& points, const std::string& style,
                const std::string& name, bool marks) {
  std::string path;
  bool drawing = false;
  for (const auto& [x, y] : points) {
    if (!std::isfinite(x) || !std::isfinite(y)) {
      drawing = false;
      continue;
    }
    path += (drawing ? "L" : "M") + number(across(x)) + " " + number(down(y));
    drawing = true;
  }
  if (!path.empty()) shapes_ += "<path class=\"line " + style + "\" d=\"" + path + "\"/>";
  if (marks) {
    for (const PlotPoint& point : points) mark(point, style);
  }
  if (!name.empty()) legend(style, name);
}

void Plot::mark(PlotPoint at, const std::string& style, const std::string& name) {
  if (std::isfinite(at.first) && std::isfinite(at.second)) {
    shapes_ += "<circle class=\"mark " + style + "\"" + attribute("cx", across(at.first)) +
               attribute("cy", down(at.second)) + attribute("r", kMark) + "/>";
  }
  if (!name.empty()) {
    legend_ +=
        "<li><svg class=\"key\" viewBox=\"0 0 24 10\" aria-hidden=\"true\"><circle "
        "class=\"mark " +
        style + "\" cx=\"12\" cy=\"5\" r=\"4\"/></svg>" + escaped(name) + "</li>";
  }
}

void Plot::bar(PlotPoint from, PlotPoint to, const std::string& style, const std::string& tip) {
  const double left = std::min(across(from.first), across(to.first));
  const double top = std::min(down(from.second), down(to.second));
  constexpr double kGap = 1;
  shapes_ +=
      "<rect class=\"bar " + style + "\"" + attribute("x", left + kGap / 2) + attribute("y", top) +
      attribute("width", std::max(0.5, std::abs(across(to.first) - across(from.first)) - kGap)) +
      attribute("height", std::abs(down(to.second) - down(from.second))) + "><title>" +
      escaped(tip) + "</title></rect>";
}

void Plot::whisker(double x, double low, double high, const std::string& style) {
  shapes_ += "<path class=\"whisker " + style + "\" d=\"M" + number(across(x)) + " " +
             number(down(low)) + "V" + number(down(high)) + "\"/>";
}

void Plot::legend(const std::string& style, const std::string& name) {
  legend_ +=
      "<li><svg class=\"key\" viewBox=\"0 0 24 10\" aria-hidden=\"true\"><path class=\"line " +
      style + "\" d=\"M0 5H24\"/></svg>" + escaped(name) + "</li>";
}

std::string Plot::axes() const {
  std::string text = "<path class=\"frame\" d=\"M" + number(kLeft) + " " + number(kTop) + "V" +
                     number(kHeight - kBottom) + "H" + number(kWidth - kRight) + "\"/>";
  constexpr double kDigit = 4;  // Half a letter's height.
  for (const auto& [at, words] : x_.ticks) {
    const double x = across(at);
    text += "<path class=\"grid\" d=\"M" + number(x) + " " + number(kTop) + "V" +
            number(kHeight - kBottom) + "\"/><text" + attribute("x", x) +
            attribute("y", kHeight - kBottom + 18) + " text-anchor=\"middle\">" + escaped(words) +
            "</text>";
  }
  for (const auto& [at, words] : y_.ticks) {
    const double y = down(at);
    text += "<path class=\"grid\" d=\"M" + number(kLeft) + " " + number(y) + "H" +
            number(kWidth - kRight) + "\"/><text" + attribute("x", kLeft - 6) +
            attribute("y", y + kDigit) + " text-anchor=\"end\">" + escaped(words) + "</text>";
  }
  const double middle = (kTop + kHeight - kBottom) / 2;
  text += "<text" + attribute("x", (kLeft + kWidth - kRight) / 2) + attribute("y", kHeight - 8) +
          " text-anchor=\"middle\">" + escaped(x_.label) +
          "</text><text transform=\"translate(15 " + number(middle) +
          ") rotate(-90)\" text-anchor=\"middle\">" + escaped(y_.label) + "</text>";
  return text;
}

std::string Plot::html() const {
  const std::string view = "0 0 " + fixed(kWidth, 0) + " " + fixed(kHeight, 0);
  std::string text = "<figure><figcaption>" + escaped(title_) + "</figcaption><svg viewBox=\"" +
                     view + "\" role=\"img\" aria-labelledby=\"" + id_ + "-title " + id_ +
                     "-desc\"><title id=\"" + id_ + "-title\">" + escaped(title_) +
                     "</title><desc id=\"" + id_ + "-desc\">" + escaped(description_) +
                     "</desc><clipPath id=\"" + id_ + "-clip\"><rect" +
                     attribute("x", kLeft - kBeyond) + attribute("y", kTop - kBeyond) +
                     attribute("width", kWidth - kLeft - kRight + 2 * kBeyond) +
                     attribute("height", kHeight - kTop - kBottom + 2 * kBeyond) + "/></clipPath>" +
                     axes() + "<g clip-path=\"url(#" + id_ + "-clip)\">" + shapes_ + "</g></svg>";
  if (!legend_.empty()) text += "<ul class=\"legend\">" + legend_ + "</ul>";
  return text + "<p class=\"about\">" + escaped(description_) + "</p></figure>\n";
}

}  // namespace dfd
