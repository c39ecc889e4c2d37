// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/report_sections.h"

#include <utility>

#include "judging/numbers.h"
#include "judging/page/html.h"
#include "judging/page/plain_words.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

constexpr char kNone[] = "&ndash;";

// Headings and keys of the figures.
constexpr std::pair<const char*, const char*> kColumns[] = {
    {"AUC", "auc"},
    {"EER", "eer"},
    {"AP", "ap"},
    {"TPR@1%", "tpr_at_1"},
    {"TPR@5%", "tpr_at_5"},
    {"Accuracy", "accuracy"},
    {"Balanced", "balanced_accuracy"},
    {"Brier", "brier"},
    {"Log loss", "log_loss"},
    {"ECE", "ece"},
};

std::string number(const Json& value) {
  return value.is_null() ? kNone : fixed(value.get<double>(), 3);
}

std::string range(const Json& figure) {
  if (figure.is_null() || figure.at("low").is_null()) return "";
  return "<span class=\"range\">" + number(figure.at("low")) + "&ndash;" +
         number(figure.at("high")) + "</span>";
}

std::string with_range(const Json& figure) {
  return figure.is_null() ? kNone : number(figure.at("value")) + range(figure);
}

std::vector<std::string> headings(const std::string& first) {
  std::vector<std::string> all{first, "Real", "Fake"};
  for (const auto& [heading, key] : kColumns) all.emplace_back(heading);
  return all;
}

std::vector<std::string> row(const std::string& name, const Json& figures) {
  std::vector<std::string> cells{name, figures.at("real").dump(), figures.at("fake").dump()};
  for (const auto& [heading, key] : kColumns) cells.push_back(with_range(figures.at(key)));
  return cells;
}

std::string name_of(const Json& entry, const char* key) {
  const auto name = entry.at(key).get<std::string>();
  return name.empty() ? "(not said)" : name_html(name);
}

std::string part(const Json& summary, const char* list, const char* key, const char* caption,
                 const char* heading) {
  const Json& entries = summary.at(list);
  if (entries.size() < 2) return "";  // One part alone is the whole.
  Rows rows;
  for (const Json& entry : entries) rows.push_back(row(name_of(entry, key), entry));
  return table_html(std::string("By ") + caption, headings(heading), rows);
}

std::string generators(const Json& summary) {
  if (summary.at("by_generator").empty()) return "";
  Rows rows;
  for (const Json& entry : summary.at("by_generator")) {
    rows.push_back(row(name_of(entry, "generator"), entry.at("all")));
    // The same clips again where its groups are all there are.
    if (entry.at("own_group").is_null() ||
        entry.at("own_group").at("real") == entry.at("all").at("real")) {
      continue;
    }
    rows.push_back(row("<span class=\"inset\">against its group</span>", entry.at("own_group")));
  }
  return table_html("By generator", headings("Generator"), rows);
}

std::string list(const std::vector<std::string>& texts) {
  std::string items;
  for (const std::string& text : texts) items += "<li>" + escaped(text) + "</li>";
  return "<ul>" + items + "</ul>\n";
}

std::string tile(const char* name, const Json& figure) {
  return std::string("<div><dt>") + name + "</dt><dd><span class=\"value\">" +
         (figure.is_null() ? kNone : number(figure.at("value"))) + "</span>" + range(figure) +
         "</dd></div>\n";
}

}  // namespace

std::string words_section(const std::vector<ClipScore>& clips, const Json& summary) {
  const PlainWords words = plain_words(clips, summary);
  std::string text = "<section class=\"box\"><h2>In plain words</h2><p class=\"verdict\">" +
                     escaped(words.verdict) + "</p><h3>What these numbers say</h3>" +
                     list(words.says) + "<h3>What they do not say</h3>" + list(words.limits) +
                     "</section>\n";
  std::vector<std::string> remarks;
  for (const Json& remark : summary.at("remarks")) remarks.push_back(remark);
  if (!remarks.empty()) {
    text += "<section class=\"box remarks\"><h2>To be known before believing them</h2>" +
            list(remarks) + "</section>\n";
  }
  return text;
}

std::string glance_section(const Json& summary) {
  const Json& overall = summary.at("overall");
  return "<h2>At a glance</h2>\n<dl class=\"tiles\">" + tile("AUC", overall.at("auc")) +
         tile("Equal error rate", overall.at("eer")) +
         tile("Found at 1 % false alarms", overall.at("tpr_at_1")) +
         tile("Balanced accuracy", overall.at("balanced_accuracy")) +
         tile("Log loss, nats", overall.at("log_loss")) +
         tile("Calibration error", overall.at("ece")) +
         "</dl>\n<p class=\"about\">Small: 95 % intervals, by drawing people and recordings anew "
         "with all their clips.</p>\n";
}

std::string figures_section(const Json& summary) {
  std::string text = "<h2>Figures</h2>\n";
  text += table_html("All clips", headings("Clips"), {row("all", summary.at("overall"))});
  text += generators(summary);
  text += part(summary, "by_group", "group", "group", "Group");
  text += part(summary, "by_compression", "compression", "compression", "Compression");
  text += part(summary, "by_face_size", "face_size", "face size", "Pixels");
  const Json& nothing = summary.at("no_skill");
  if (!nothing.at("majority_accuracy").is_null()) {
    text += "<p>Without any skill, accuracy is " + number(nothing.at("majority_accuracy")) +
            " (always the more frequent class) and log loss " +
            number(nothing.at("constant_log_loss")) + " (always the share of fakes).</p>\n";
  }
  return text +
         "<details><summary>What the columns mean</summary><p>A generator's fakes stand against "
         "all real clips, and below against those of its own "
         "groups where these are fewer. AUC: how often a fake scores above a "
         "real clip. EER: the error rate where misses and false alarms are equal. AP: average "
         "precision, which depends on how many fakes there are. TPR@1% and @5%: share of fakes "
         "found "
         "when at most so much of the real clips are flagged; with fewer than 100, or 20, real "
         "clips, "
         "when "
         "none is. Accuracy and balanced accuracy: at the threshold. Brier, log loss and ECE: how "
         "far probabilities are from what is true; smaller is better.</p></details>\n";
}

std::string matched_section(const Json& summary) {
  const Json& pairs = summary.at("pairs");
  Rows rows;
  for (const auto& [key, name] : {std::pair{"by_source", "a fake and the clip it was made from"},
                                  {"within_group", "a fake and the real clips of its group"}}) {
    if (pairs.at(key).at("right").is_null()) continue;
    rows.push_back({name, pairs.at(key).at("pairs").dump(), with_range(pairs.at(key).at("right"))});
  }
  if (rows.empty()) return "";
  return "<h2>Like beside like</h2>\n<p>Where a fake stands beside its own source, people, camera "
         "and place are the same, and only the forgery is left to tell. A share well below the AUC "
         "says that the rest helped.</p>\n" +
         table_html("Pairs whose fake scores above the real clip",
                    {"Pair", "Pairs", "Ranked right"}, rows);
}

std::string shortcut_section(const Json& summary) {
  Rows rows;
  for (const Json& entry : summary.at("shortcuts")) {
    const bool alarm = entry.at("alarm");
    rows.push_back({escaped(entry.at("by")), entry.at("clips").dump(), with_range(entry.at("auc")),
                    alarm ? "<span class=\"tag alarm\">alarm</span>" : "none"});
  }
  if (rows.empty()) return "";
  return "<h2>Shortcuts</h2>\n<p>What one quantity of a file alone would reach. A model trained on "
         "such clips may have learned that, and not forgeries; an AUC near 0 tells as much as one "
         "near 1.</p>\n" +
         table_html("Quantities alone", {"By", "Clips", "AUC", "Alarm"}, rows);
}

std::string unscored_section(const Json& summary) {
  Rows rows;
  for (const Json& entry : summary.at("unscored")) {
    rows.push_back({name_of(entry, "reason"), entry.at("real").dump(), entry.at("fake").dump()});
  }
  if (rows.empty()) return "";
  return "<h2>Clips without a score</h2>\n" +
         table_html("By reason", {"Reason", "Real", "Fake"}, rows);
}

std::string calibration_section(const Calibration& calibration) {
  const auto digits = [](double value) { return fixed(value, 4); };
  std::string text = "<h2>Calibration</h2>\n<p>Fitted on " + std::to_string(calibration.real) +
                     " real and " + std::to_string(calibration.fake) + " fake clips: temperature " +
                     digits(calibration.temperature) + ", bias " + digits(calibration.bias) +
                     ", threshold " + digits(calibration.threshold);
  if (calibration.deploy_prevalence) {
    text += ", for a place where " + fixed(100 * *calibration.deploy_prevalence, 1) +
            " % of clips are fake";
  }
  text += ".";
  if (calibration.fpr && calibration.target_fpr) {
    text += " It flags " + fixed(100 * *calibration.fpr, 2) +
            " % of those real clips (95 % interval " +
            fixed(100 * calibration.fpr_low.value_or(0), 2) + " to " +
            fixed(100 * calibration.fpr_high.value_or(1), 2) + " %), of " +
            fixed(100 * *calibration.target_fpr, 2) + " % allowed.";
  }
  const CalibrationFigures& before = calibration.before;
  const CalibrationFigures& after = calibration.after;
  return text + "</p>\n" +
         table_html("On the clips of the fit", {"Figure", "Before", "After"},
                    {{"Log loss", digits(before.log_loss), digits(after.log_loss)},
                     {"Brier score", digits(before.brier), digits(after.brier)},
                     {"Calibration error", digits(before.ece), digits(after.ece)}});
}

std::string footer(const Json& summary) {
  const Json& bootstrap = summary.at("bootstrap");
  return "<footer><p>Intervals: " + bootstrap.at("draws").dump() + " draws, seed " +
         bootstrap.at("seed").dump() + ", over " + bootstrap.at("groups").dump() +
         " groups of clips that share a person or a recording.</p></footer>\n";
}

}  // namespace dfd
