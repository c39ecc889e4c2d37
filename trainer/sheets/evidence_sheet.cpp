// SPDX-License-Identifier: LGPL-2.1-or-later

#include "sheets/evidence_sheet.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <opencv2/imgproc.hpp>

#include "base/check.h"

namespace dfd {

double seconds(Timestamp time) { return std::chrono::duration<double>(time).count(); }

namespace {

// Pixels.
constexpr int kCell = 120;  // Side of a crop; twelve fit on a screen.
constexpr int kGap = 6;
constexpr int kLeft = 64;  // Room for the words beside the rows.
constexpr int kRight = 12;
constexpr int kLine = 20;  // Of text.
constexpr int kCurve = 160;
constexpr int kBand = 18;         // The verdicts' colours.
constexpr int kLeastColumns = 7;  // A title and the curve need the room.

const cv::Scalar kPaper(32, 32, 32);
const cv::Scalar kInk(225, 225, 225);
const cv::Scalar kFaint(120, 120, 120);
const cv::Scalar kScore(150, 190, 220);

// Okabe and Ito's colours, which the colour-blind tell apart; the verdict is written out, too.
cv::Scalar ink_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kManipulated:
      return {213, 94, 0};
    case Verdict::kSuspicious:
      return {230, 159, 0};
    case Verdict::kAuthentic:
      return {86, 180, 233};
    case Verdict::kUndecided:
      return {150, 150, 150};
  }
  return kFaint;
}

std::string number(const char* format, double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

void write(cv::Mat& page, const std::string& text, const cv::Point& at,
           const cv::Scalar& ink = kInk, double size = 0.42) {
  cv::putText(page, text, at, cv::FONT_HERSHEY_SIMPLEX, size, ink, 1, cv::LINE_AA);
}

int width_of(const std::string& text, double size = 0.42) {
  int below = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, size, 1, &below).width;
}

// Inferno: even in lightness, so it reads the same to the colour-blind and in grey.
cv::Mat inferno(const cv::Mat& values) {
  cv::Mat colors;
  cv::applyColorMap(values, colors, cv::COLORMAP_INFERNO);
  cv::cvtColor(colors, colors, cv::COLOR_BGR2RGB);
  return colors;
}

// The face in grey, lit where the evidence is.
cv::Mat lit(const cv::Mat& crop, const Heatmap& map) {
  cv::Mat strength = cv::Mat(map.cells).reshape(1, map.rows).clone();
  cv::resize(strength, strength, crop.size(), 0, 0, cv::INTER_LINEAR);
  cv::Mat bytes;
  strength.convertTo(bytes, CV_8U, 255);
  cv::Mat grey;
  cv::cvtColor(crop, grey, cv::COLOR_RGB2GRAY);
  cv::cvtColor(grey, grey, cv::COLOR_GRAY2RGB);
  cv::Mat mixed;
  cv::addWeighted(grey, 0.5, inferno(bytes), 0.6, 0, mixed);
  return mixed;
}

class Sheet {
 public:
  Sheet(const std::vector<ScoredSample>& samples, const std::vector<ExplainedSample>& evidence)
      : samples_(samples),
        evidence_(evidence),
        columns_(std::max(kLeastColumns, static_cast<int>(evidence.size()))),
        page_(curve_top() + kCurve + kBand + 4 * kLine, kLeft + columns_ * (kCell + kGap) + kRight,
              CV_8UC3, kPaper) {}

  cv::Mat draw(const std::string& title, double threshold) {
    draw_title(title);
    for (std::size_t i = 0; i < evidence_.size(); ++i) draw_column(static_cast<int>(i));
    if (!evidence_.empty()) draw_scale();
    draw_axes(threshold);
    draw_verdicts();
    draw_curve();
    return page_;
  }

 private:
  static int curve_top() { return 3 * kLine + 2 * (kCell + kGap) + 2 * kLine; }
  int curve_right() const { return page_.cols - kRight; }

  int x_of(Timestamp time) const {
    const double span = seconds(samples_.back().time - samples_.front().time);
    const double part = span > 0 ? seconds(time - samples_.front().time) / span : 0.5;
    return kLeft + static_cast<int>(std::lround(part * (curve_right() - kLeft)));
  }
  static int y_of(double probability) {
    return curve_top() + static_cast<int>(std::lround((1 - probability) * kCurve));
  }

  void draw_title(const std::string& title) {
    write(page_, title, {kGap, 15}, kInk, 0.5);
    const ScoredSample& last = samples_.back();
    write(page_,
          std::string("at the end: ") + to_string(last.verdict) + ", probability " +
              number("%.2f", last.probability),
          {kGap, kLine + 15}, ink_of(last.verdict), 0.5);
  }

  void draw_column(int index) {
    const ExplainedSample& evidence = evidence_[static_cast<std::size_t>(index)];
    const int left = kLeft + index * (kCell + kGap);
    int top = 2 * kLine;
    write(page_, number("%.2f s", seconds(evidence.sample.time)), {left, top + 14});
    top += kLine;
    cv::Mat crop;
    cv::resize(evidence.crop, crop, {kCell, kCell}, 0, 0, cv::INTER_AREA);
    crop.copyTo(page_(cv::Rect(left, top, kCell, kCell)));
    top += kCell + kGap;
    lit(crop, evidence.map).copyTo(page_(cv::Rect(left, top, kCell, kCell)));
    top += kCell;
    const bool none = *std::max_element(evidence.map.cells.begin(), evidence.map.cells.end()) <= 0;
    const std::string score = number("%.2f", evidence.sample.score);
    // A longer line would run into the next one.
    write(page_, none ? score + ", no place" : "score " + score, {left, top + 16},
          ink_of(evidence.sample.verdict));
    const int x = x_of(evidence.sample.time);
    cv::line(page_, {left + kCell / 2, top + kLine}, {x, curve_top() - 2}, kFaint, 1, cv::LINE_AA);
    cv::line(page_, {x, curve_top()}, {x, curve_top() + kCurve}, {60, 60, 60}, 1);
  }

  // Beside the maps: their colours, from nothing to each map's strongest place.
  void draw_scale() {
    const int top = 3 * kLine + kCell + kGap;
    cv::Mat ramp(kCell, 14, CV_8U);
    for (int y = 0; y < ramp.rows; ++y) {
      const int value = 255 - 255 * y / (ramp.rows - 1);
      ramp.row(y).setTo(value);
    }
    inferno(ramp).copyTo(page_(cv::Rect(kLeft - 22, top, ramp.cols, ramp.rows)));
    write(page_, "most", {kGap - 2, top + 11}, kInk, 0.36);
    write(page_, "none", {kGap - 2, top + kCell - 2}, kInk, 0.36);
  }

  void draw_axes(double threshold) {
    cv::rectangle(page_, {kLeft, curve_top()}, {curve_right(), curve_top() + kCurve}, kFaint, 1);
    for (const double value : {0.0, 0.5, 1.0}) {
      write(page_, number("%.1f", value), {kLeft - 30, y_of(value) + 4});
    }
    const int y = y_of(threshold);
    for (int x = kLeft; x < curve_right(); x += 10) {
      cv::line(page_, {x, y}, {std::min(x + 5, curve_right()), y}, kInk, 1);
    }
    const std::string text = "threshold " + number("%.2f", threshold);
    write(page_, text, {curve_right() - width_of(text) - 4, y - 4});
    const int below = curve_top() + kCurve + kBand;
    write(page_, number("%.2f s", seconds(samples_.front().time)), {kLeft, below + 16});
    const std::string end = number("%.2f s", seconds(samples_.back().time));
    write(page_, end, {curve_right() - width_of(end), below + 16});
    const int legend = below + kLine + 16;
    write(page_, "line: probability, coloured by verdict   dots: scores of windows",
          {kLeft, legend}, kFaint);
    int x = kLeft;
    for (const Verdict verdict :
         {Verdict::kManipulated, Verdict::kSuspicious, Verdict::kUndecided, Verdict::kAuthentic}) {
      cv::rectangle(page_, {x, legend + 10}, {x + 10, legend + 20}, ink_of(verdict), cv::FILLED);
      write(page_, to_string(verdict), {x + 16, legend + 20}, kFaint);
      x += width_of(to_string(verdict)) + 36;
    }
  }

  // Under the curve, each sample's verdict up to the next.
  void draw_verdicts() {
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const int left = x_of(samples_[i].time);
      const int right = i + 1 < samples_.size() ? x_of(samples_[i + 1].time) : curve_right();
      cv::rectangle(page_, {left, curve_top() + kCurve + 4},
                    {std::max(left, right - 1), curve_top() + kCurve + kBand - 2},
                    ink_of(samples_[i].verdict), cv::FILLED);
    }
  }

  void draw_curve() {
    for (const ScoredSample& sample : samples_) {
      cv::circle(page_, {x_of(sample.time), y_of(sample.score)}, 2, kScore, cv::FILLED,
                 cv::LINE_AA);
    }
    for (std::size_t i = 1; i < samples_.size(); ++i) {
      cv::line(page_, {x_of(samples_[i - 1].time), y_of(samples_[i - 1].probability)},
               {x_of(samples_[i].time), y_of(samples_[i].probability)}, ink_of(samples_[i].verdict),
               2, cv::LINE_AA);
    }
  }

  const std::vector<ScoredSample>& samples_;
  const std::vector<ExplainedSample>& evidence_;
  int columns_;
  cv::Mat page_;
};

}  // namespace

void EvidenceSelection::add(ExplainedSample evidence) {
  if (seen_++ % step_ != 0) return;
  kept_.push_back(std::move(evidence));
  if (kept_.size() < 2 * kMost) return;
  for (std::size_t i = 1; i < kMost; ++i) kept_[i] = std::move(kept_[2 * i]);
  kept_.resize(kMost);
  step_ *= 2;
}

std::vector<ExplainedSample> EvidenceSelection::chosen() const {
  if (kept_.size() <= kMost) return kept_;
  std::vector<ExplainedSample> few;
  few.reserve(kMost);
  for (std::size_t i = 0; i < kMost; ++i) {
    few.push_back(kept_[i * (kept_.size() - 1) / (kMost - 1)]);
  }
  return few;
}

cv::Mat draw_evidence(const std::string& title, const std::vector<ScoredSample>& samples,
                      const std::vector<ExplainedSample>& evidence, double threshold) {
  DFD_CHECK(!samples.empty());
  return Sheet(samples, evidence).draw(title, threshold);
}

}  // namespace dfd
