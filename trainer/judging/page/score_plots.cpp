// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/score_plots.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"
#include "judging/figures.h"
#include "judging/intervals.h"
#include "judging/metrics.h"
#include "judging/numbers.h"
#include "judging/page/html.h"
#include "judging/page/plot.h"

namespace dfd {
namespace {

Roc roc_of(const std::vector<ClipScore>& clips) {
  std::vector<Ranked> in_rank;
  in_rank.reserve(clips.size());
  for (const ClipScore& clip : clips) in_rank.push_back(ranked(clip));
  return Ranking(in_rank).roc();
}

Confusion confusion_of(const std::vector<ClipScore>& clips, double threshold) {
  Confusion confusion;
  for (const ClipScore& clip : clips) {
    confusion.add(clip.probability && *clip.probability >= threshold, clip.fake);
  }
  return confusion;
}

// The corners: of points in one line those between are left out, and pages stay small.
std::vector<PlotPoint> corners(const std::vector<PlotPoint>& points) {
  std::vector<PlotPoint> kept;
  for (const PlotPoint& point : points) {
    while (kept.size() > 1) {
      const auto& [ax, ay] = kept[kept.size() - 2];
      const auto& [bx, by] = kept.back();
      if ((bx - ax) * (point.second - by) != (by - ay) * (point.first - bx)) break;
      kept.pop_back();
    }
    kept.push_back(point);
  }
  return kept;
}

std::string threshold_name(double threshold) { return "at the threshold " + fixed(threshold, 3); }

// A class's clips by probability.
std::vector<double> histogram(const std::vector<ClipScore>& clips, bool fake, std::size_t bins) {
  std::vector<double> counts(bins);
  for (const ClipScore& clip : clips) {
    if (clip.fake != fake || !clip.probability) continue;
    const auto place = static_cast<std::size_t>(*clip.probability * static_cast<double>(bins));
    counts[std::min(place, bins - 1)] += 1;
  }
  return counts;
}

double deviate_of(double count, double of) {
  return normal_deviate(std::clamp(count, 0.5, of - 0.5) / of);
}

// Ticks of a normal-deviate axis, where they lie within it.
Axis deviate_axis(const std::string& label, double low) {
  Axis axis;
  axis.label = label;
  axis.low = normal_deviate(low);
  axis.high = normal_deviate(0.9);
  for (const auto& [rate, words] : {std::pair{0.001, "0.1"},
                                    {0.005, "0.5"},
                                    {0.02, "2"},
                                    {0.05, "5"},
                                    {0.1, "10"},
                                    {0.2, "20"},
                                    {0.4, "40"},
                                    {0.6, "60"},
                                    {0.8, "80"}}) {
    const double at = normal_deviate(rate);
    if (at >= axis.low) axis.ticks.emplace_back(at, words);
  }
  return axis;
}

std::string bin_table(const std::vector<ReliabilityBin>& bins) {
  std::vector<std::vector<std::string>> rows;
  for (const ReliabilityBin& bin : bins) {
    const bool any = bin.weight > 0;
    rows.push_back({fixed(bin.low, 2) + "&ndash;" + fixed(bin.high, 2), fixed(bin.weight, 0),
                    any ? fixed(bin.mean_probability, 3) : "&ndash;",
                    any ? fixed(bin.share_of_fakes, 3) : "&ndash;"});
  }
  return "<details><summary>The same as a table</summary>" +
         table_html("Clips by their probability of being fake",
                    {"Probability", "Clips", "Mean probability", "Share of fakes"}, rows) +
         "</details>";
}

std::vector<double> all_of(const std::vector<const Series*>& together,
                           std::vector<double> Series::*values) {
  std::vector<double> all;
  for (const Series* series : together) {
    all.insert(all.end(), (series->*values).begin(), (series->*values).end());
  }
  return all;
}

// Where each line starts and ends.
std::string ends_of(const std::vector<const Series*>& together) {
  std::string text;
  for (const Series* series : together) {
    std::vector<double> values;
    for (const double value : series->y) {
      if (std::isfinite(value)) values.push_back(value);
    }
    if (values.empty()) continue;
    text += (text.empty() ? "" : "; ") + series->name + ": from " + fixed(values.front(), 3) +
            " to " + fixed(values.back(), 3);
  }
  return text.empty() ? "No value is a finite number." : text + ".";
}

}  // namespace

std::string roc_plot(const std::vector<ClipScore>& clips, double threshold) {
  const Roc roc = roc_of(clips);
  if (!roc.has_both()) return "";
  std::vector<PlotPoint> points{{0, 0}};
  for (const RocPoint& point : roc.points) {
    points.emplace_back(point.reals / roc.reals, point.fakes / roc.fakes);
  }
  const Confusion at = confusion_of(clips, threshold);
  Plot plot("roc", "ROC: found fakes against false alarms",
            "The nearer to the upper left corner, the better. The area under the line is " +
                fixed(*area_under(roc), 3) + "; a coin's is 0.5, the dashed line.",
            unit_axis("share of real clips flagged"), unit_axis("share of fakes flagged"));
  plot.line({{0, 0}, {1, 1}}, "chance", "a coin");
  plot.line(corners(points), "s0", "the model");
  plot.mark({at.false_alarms / roc.reals, at.hits / roc.fakes}, "threshold",
            threshold_name(threshold));
  return plot.html();
}

std::string det_plot(const std::vector<ClipScore>& clips, double threshold) {
  const Roc roc = roc_of(clips);
  if (!roc.has_both()) return "";
  std::vector<PlotPoint> points;
  for (const DetPoint& det : det_points(roc)) points.emplace_back(det.x, det.y);
  const Confusion at = confusion_of(clips, threshold);
  // Rates of half a clip are the lowest that a set has, and below 1 in 1000 few sets have any.
  const double low = std::clamp(0.4 / std::max(roc.reals, roc.fakes), 0.0008, 0.02);
  Plot plot("det", "DET: missed fakes against false alarms",
            "The nearer to the lower left corner, the better. Both axes stretch small rates, as a "
            "normal distribution does; rates of nothing stand at half a clip.",
            deviate_axis("% of real clips flagged", low), deviate_axis("% of fakes missed", low));
  plot.line({{-5, 5}, {5, -5}}, "chance", "a coin");
  plot.line(corners(points), "s0", "the model");
  plot.mark({deviate_of(at.false_alarms, roc.reals), deviate_of(at.misses, roc.fakes)}, "threshold",
            threshold_name(threshold));
  return plot.html();
}

std::string reliability_plot(const std::vector<ClipScore>& clips) {
  const std::vector<ReliabilityBin> bins = reliability(scored(clips));
  const std::optional<double> error = expected_calibration_error(bins);
  if (!error) return "";
  double most = 0;
  for (const ReliabilityBin& bin : bins) most = std::max(most, bin.weight);
  Plot plot("reliability", "Reliability: do probabilities mean what they say?",
            "Of clips given a probability of 0.8, 80 of 100 should be fake: points on the dashed "
            "line. Expected calibration error " +
                fixed(*error, 3) + ". The grey bars say how many clips there are, at most " +
                fixed(most, 0) + "; the strokes are 95 % intervals.",
            unit_axis("probability of fake, as the model says"), unit_axis("share of fakes"));
  // Low enough to stay below most points.
  constexpr double kTallest = 0.25;
  for (const ReliabilityBin& bin : bins) {
    if (bin.weight > 0) {
      plot.bar({bin.low, 0}, {bin.high, kTallest * bin.weight / most}, "count",
               fixed(bin.weight, 0) + " clips");
    }
  }
  plot.line({{0, 0}, {1, 1}}, "chance", "as it should be");
  std::vector<PlotPoint> points;
  for (const ReliabilityBin& bin : bins) {
    if (!(bin.weight > 0)) continue;
    const auto hits = static_cast<std::size_t>(std::lround(bin.share_of_fakes * bin.weight));
    const Interval interval =
        clopper_pearson(hits, static_cast<std::size_t>(std::lround(bin.weight)));
    plot.whisker(bin.mean_probability, interval.low, interval.high, "s0");
    points.emplace_back(bin.mean_probability, bin.share_of_fakes);
  }
  plot.line(points, "s0", "the model", true);
  std::string html = plot.html();
  // Beside the drawing, for those who do not see it.
  return html.insert(html.rfind("</figure>"), bin_table(bins));
}

std::string probability_plot(const std::vector<ClipScore>& clips, double threshold) {
  constexpr std::size_t kBins = 20;
  const std::vector<double> real = histogram(clips, false, kBins);
  const std::vector<double> fake = histogram(clips, true, kBins);
  const double most = std::max(*std::max_element(real.begin(), real.end()),
                               *std::max_element(fake.begin(), fake.end()));
  if (!(most > 0)) return "";
  Axis y = axis_over("clips", {-most, most});
  for (auto& [at, words] : y.ticks) words = fixed(std::abs(at), at == std::floor(at) ? 0 : 1);
  Plot plot("probabilities", "Probabilities of real and fake clips",
            "How many clips get which probability: real ones upwards, fakes downwards. The two "
            "should lie at opposite ends.",
            unit_axis("probability of fake"), y);
  for (std::size_t i = 0; i < kBins; ++i) {
    const double low = static_cast<double>(i) / kBins;
    const double high = static_cast<double>(i + 1) / kBins;
    const std::string range = fixed(low, 2) + " to " + fixed(high, 2);
    if (real[i] > 0)
      plot.bar({low, 0}, {high, real[i]}, "real", range + ": " + fixed(real[i], 0) + " real");
    if (fake[i] > 0)
      plot.bar({low, 0}, {high, -fake[i]}, "fake", range + ": " + fixed(fake[i], 0) + " fake");
  }
  plot.line({{0, 0}, {1, 0}}, "base");
  plot.line({{threshold, y.low}, {threshold, y.high}}, "limit", "threshold " + fixed(threshold, 3));
  plot.legend("real", "real, upwards");
  plot.legend("fake", "fake, downwards");
  return plot.html();
}

std::string series_plots(const std::vector<Series>& series, const std::string& id,
                         const std::string& title) {
  std::vector<std::pair<std::string, std::string>> order;
  std::map<std::pair<std::string, std::string>, std::vector<const Series*>> plots;
  for (const Series& one : series) {
    DFD_REQUIRE(one.x.size() == one.y.size(), ErrorCode::kInvalidArgument,
                "series \"" << one.name << "\" of the report has " << one.x.size() << " places and "
                            << one.y.size() << " values");
    auto& together = plots[{one.x_label, one.y_label}];
    if (together.empty()) order.emplace_back(one.x_label, one.y_label);
    together.push_back(&one);
  }
  std::string html;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::vector<const Series*>& together = plots[order[i]];
    const auto& [x_label, y_label] = order[i];
    std::string heading = title;
    heading.append(": ").append(y_label).append(" by ").append(x_label);
    Plot plot(id + std::to_string(i), heading, ends_of(together),
              axis_over(x_label, all_of(together, &Series::x)),
              axis_over(y_label, all_of(together, &Series::y)));
    constexpr std::size_t kStyles = 6;
    for (std::size_t j = 0; j < together.size(); ++j) {
      std::vector<PlotPoint> points;
      for (std::size_t k = 0; k < together[j]->x.size(); ++k) {
        points.emplace_back(together[j]->x[k], together[j]->y[k]);
      }
      constexpr std::size_t kFew = 30;  // With more, marks hide the line.
      plot.line(points, "s" + std::to_string(j % kStyles), together[j]->name,
                points.size() <= kFew);
    }
    html += plot.html();
  }
  return html;
}

}  // namespace dfd
