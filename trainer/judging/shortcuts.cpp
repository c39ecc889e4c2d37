// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/shortcuts.h"

#include <cmath>
#include <sstream>

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

// How far from a half an AUC by itself is too far: more than small sets show by chance, and less
// than models are proud of.
constexpr double kTooTelling = 0.15;
// What the model must have beyond.
constexpr double kMargin = 0.05;
constexpr double kRounding = 1e-9;  // 0.65 - 0.5 is a little less than 0.15 in binary.

double constant(const ClipScore&) { return 0.5; }
double bytes(const ClipScore& clip) { return clip.bytes; }
double pixels(const ClipScore& clip) { return clip.pixels; }
double sharpness(const ClipScore& clip) { return clip.sharpness; }
double brightness(const ClipScore& clip) { return clip.brightness; }

constexpr std::pair<const char*, double (*)(const ClipScore&)> kShortcuts[] = {
    {"constant", constant},   {"bytes", bytes},           {"pixels", pixels},
    {"sharpness", sharpness}, {"brightness", brightness},
};

std::string reason(const std::string& by, double strength, double of_model) {
  std::ostringstream text;
  text.precision(2);
  text << std::fixed;
  if (strength >= kTooTelling - kRounding) {
    text << by << " alone tells the classes apart (AUC " << 0.5 + strength
         << " in its better direction)";
  } else {
    text << by << " alone (AUC " << 0.5 + strength
         << " in its better direction) does about as well as the model (" << 0.5 + of_model << ")";
  }
  return text.str();
}

}  // namespace

Json shortcut_alarms(const JudgedClips& judged) {
  const std::vector<ClipScore>& clips = judged.clips();
  Json alarms = Json::array();
  for (const auto& [by, quantity] : kShortcuts) {
    std::vector<Ranked> alone;
    std::vector<Ranked> model;
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < clips.size(); ++i) {
      const double value = quantity(clips[i]);
      if (!(value > 0)) continue;
      members.push_back(i);
      alone.push_back({value, clips[i].fake});
      model.push_back(ranked(clips[i]));
    }
    const Ranking ranking(alone);
    const std::optional<double> area = area_under(ranking.roc());
    if (!area) continue;
    const auto intervals =
        bootstrap(judged.groups(), judged.options(), [&](const std::vector<int>& counts) {
          std::vector<int> own;
          own.reserve(members.size());
          for (const std::size_t member : members) own.push_back(counts[member]);
          return std::vector<std::optional<double>>{area_under(ranking.roc(own))};
        });
    const double strength = std::abs(*area - 0.5);
    const double of_model = *area_under(Ranking(model).roc()) - 0.5;
    const bool alarm =
        strength >= kTooTelling - kRounding || strength >= of_model - kMargin - kRounding;
    alarms.push_back({{"by", by},
                      {"clips", alone.size()},
                      {"auc", figure(area, intervals[0])},
                      {"alarm", alarm},
                      {"why", alarm ? reason(by, strength, of_model) : ""}});
  }
  return alarms;
}

}  // namespace dfd
