// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/page/plain_words.h"

#include "judging/intervals.h"
#include "judging/metrics.h"
#include "judging/numbers.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

// "7 of 100", and more exactly where that would say none or all.
std::string of_hundred(double share) {
  const double hundred = 100 * share;
  const bool coarse = (hundred > 0 && hundred < 1) || (hundred > 99 && hundred < 100);
  return fixed(hundred, coarse ? 1 : 0) + " of 100";
}

// "1 clip", "2 clips"; what: in the plural.
std::string counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + (count == 1 ? what.substr(0, what.size() - 1) : what);
}

// Alarms by quantities of the files; the constant's is told by the AUC.
bool has_shortcut(const Json& summary) {
  for (const Json& shortcut : summary.at("shortcuts")) {
    if (shortcut.at("alarm") == true && shortcut.at("by") != "constant") return true;
  }
  return false;
}

std::string verdict(const Json& summary) {
  const Json& area = summary.at("overall").at("auc");
  if (area.is_null()) return "Nothing can be said: clips of both classes are needed.";
  const double value = area.at("value");
  const double low = area.at("low").is_null() ? value : area.at("low").get<double>();
  if (low <= 0.5) return "On these clips the model cannot be told from a coin.";
  if (has_shortcut(summary)) {
    return "Not to be believed yet: something simpler than a forgery tells these clips apart.";
  }
  // As people use the words: 0.7 is a fake ranked wrong in three of ten pairs, 0.9 in one.
  if (value < 0.7) return "On these clips the model is a weak hint, and no more.";
  if (value < 0.9) return "On these clips the model is a hint beside others.";
  return "On these clips the model tells real from fake well.";
}

void add_ranks(const Json& summary, std::vector<std::string>& says) {
  const Json& area = summary.at("overall").at("auc");
  if (area.is_null()) return;
  std::string text = "Shown a real and a fake clip, it gives the fake the higher score in " +
                     of_hundred(area.at("value")) + " cases";
  if (!area.at("low").is_null()) {
    text += " (between " + fixed(100 * area.at("low").get<double>(), 0) + " and " +
            fixed(100 * area.at("high").get<double>(), 0) + ", 95 % interval)";
  }
  says.push_back(text + ". A coin has 50.");
}

// What an alarm means depends on how rare fakes are, which no set of clips shows.
std::string rare_fakes(double found, double alarms, std::size_t real) {
  constexpr double kRare = 0.01;
  if (alarms > 0) {
    const double right = kRare * found / (kRare * found + (1 - kRare) * alarms);
    return "Where 1 clip in 100 is fake, " + of_hundred(right) + " flagged clips would be fake.";
  }
  return "No real clip was flagged; with " + std::to_string(real) +
         " of them the true rate may still be as high as " +
         fixed(100 * clopper_pearson(0, real).high, 1) + " %.";
}

void add_threshold(const std::vector<ClipScore>& clips, double threshold,
                   std::vector<std::string>& says) {
  Confusion confusion;
  for (const ClipScore& clip : clips) {
    confusion.add(clip.probability && *clip.probability >= threshold, clip.fake);
  }
  const double fakes = confusion.hits + confusion.misses;
  const double reals = confusion.false_alarms + confusion.passes;
  if (!(fakes > 0) || !(reals > 0)) return;
  says.push_back("At the threshold " + fixed(threshold, 3) + " it flags " +
                 of_hundred(confusion.hits / fakes) + " fakes, and " +
                 of_hundred(confusion.false_alarms / reals) + " real clips by mistake.");
  if (!(confusion.hits > 0)) return;
  says.push_back(rare_fakes(confusion.hits / fakes, confusion.false_alarms / reals,
                            static_cast<std::size_t>(reals)));
}

}  // namespace

PlainWords plain_words(const std::vector<ClipScore>& clips, const Json& summary) {
  PlainWords words;
  words.verdict = verdict(summary);
  const Json& count = summary.at("clips");
  const auto unscored = count.at("unscored").get<std::size_t>();
  words.says.push_back(
      counted(count.at("all"), "clips") + " were judged, " + count.at("real").dump() +
      " real and " + count.at("fake").dump() + " fake." +
      (unscored == 0
           ? ""
           : " " + std::to_string(unscored) +
                 " of them could not be scored; they rank lowest and are never flagged."));
  add_ranks(summary, words.says);
  add_threshold(clips, summary.at("threshold"), words.says);
  words.limits = {
      "How the model does on forgeries of other kinds, other cameras or other compression than are "
      "listed here. As a rule, worse, and often much worse.",
      "That a clip is authentic because its score is low, or forged because it is high: a "
      "probability is a hint, not a proof.",
      "How often fakes occur where the model will work; probabilities and the meaning of an alarm "
      "depend on it.",
      "More than chance: the intervals say how far the figures would move with other clips of the "
      "same origin, not with clips of another."};
  return words;
}

}  // namespace dfd
