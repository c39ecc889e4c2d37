// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/summary.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "data/json_name.h"
#include "judging/figures.h"
#include "judging/pairs.h"
#include "judging/shortcuts.h"

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;
using Members = std::map<std::string, std::vector<std::size_t>>;

// Below 64 pixels faces are not scored by default; 160 is what the networks take, so that larger
// ones lose nothing.
std::string face_size_of(const ClipScore& clip) {
  if (!(clip.face_size > 0)) return "unknown";
  if (clip.face_size < 64) return "<64";
  if (clip.face_size < 96) return "64-96";
  return clip.face_size < 160 ? "96-160" : ">=160";
}

Json count(const std::vector<ClipScore>& clips) {
  std::size_t fake = 0;
  std::size_t scored = 0;
  std::size_t partial = 0;
  for (const ClipScore& clip : clips) {
    fake += clip.fake ? 1 : 0;
    scored += clip.logit ? 1 : 0;
    partial += clip.partial ? 1 : 0;
  }
  return {{"all", clips.size()}, {"real", clips.size() - fake},       {"fake", fake},
          {"scored", scored},    {"unscored", clips.size() - scored}, {"partial", partial}};
}

Json unscored_by_reason(const std::vector<ClipScore>& clips) {
  std::map<std::string, std::pair<int, int>> reasons;
  for (const ClipScore& clip : clips) {
    if (clip.logit) continue;
    auto& [real, fake] = reasons[clip.reason.empty() ? "unknown" : clip.reason];
    ++(clip.fake ? fake : real);
  }
  Json found = Json::array();
  for (const auto& [reason, counts] : reasons) {
    Json entry;
    set_name(entry, "reason", reason);
    entry["real"] = counts.first;
    entry["fake"] = counts.second;
    found.push_back(std::move(entry));
  }
  return found;
}

Json largest_group(const std::vector<std::size_t>& groups) {
  std::map<std::size_t, std::size_t> sizes;
  std::size_t largest = 0;
  for (const std::size_t group : groups) largest = std::max(largest, ++sizes[group]);
  return {{"groups", sizes.size()}, {"largest_group", largest}};
}

Json by_generator(const JudgedClips& judged) {
  const std::vector<ClipScore>& clips = judged.clips();
  Members fakes;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (clips[i].fake) fakes[clips[i].generator].push_back(i);
  }
  Json found = Json::array();
  for (const auto& [generator, of_generator] : fakes) {
    std::set<std::string> groups;
    for (const std::size_t i : of_generator) {
      if (!clips[i].group.empty()) groups.insert(clips[i].group);
    }
    std::vector<std::size_t> against_all = of_generator;
    std::vector<std::size_t> against_own = of_generator;
    for (std::size_t i = 0; i < clips.size(); ++i) {
      if (clips[i].fake) continue;
      against_all.push_back(i);
      if (groups.count(clips[i].group) > 0) against_own.push_back(i);
    }
    Json entry;
    set_name(entry, "generator", generator);
    entry["all"] = judged.figures_of(against_all);
    entry["own_group"] =
        against_own.size() > of_generator.size() ? judged.figures_of(against_own) : Json(nullptr);
    found.push_back(std::move(entry));
  }
  return found;
}

Json by(const JudgedClips& judged, const char* key,
        const std::function<std::string(const ClipScore&)>& part_of) {
  Members parts;
  for (std::size_t i = 0; i < judged.clips().size(); ++i) {
    parts[part_of(judged.clips()[i])].push_back(i);
  }
  Json found = Json::array();
  for (const auto& [name, members] : parts) {
    Json entry;
    set_name(entry, key, name);
    entry.update(judged.figures_of(members));
    found.push_back(std::move(entry));
  }
  return found;
}

Json by_face_size(const JudgedClips& judged) {
  Json found = by(judged, "face_size", face_size_of);
  const std::vector<std::string> order{"<64", "64-96", "96-160", ">=160", "unknown"};
  const auto place = [&](const Json& entry) {
    return std::find(order.begin(), order.end(), entry["face_size"].get<std::string>());
  };
  std::sort(found.begin(), found.end(),
            [&](const Json& a, const Json& b) { return place(a) < place(b); });
  return found;
}

Json no_skill(std::size_t fakes, std::size_t clips) {
  if (clips == 0) return {{"majority_accuracy", nullptr}, {"constant_log_loss", nullptr}};
  const double share = static_cast<double>(fakes) / static_cast<double>(clips);
  const auto part = [](double p) { return p > 0 ? -p * std::log(p) : 0.0; };
  return {{"majority_accuracy", std::max(share, 1 - share)},
          {"constant_log_loss", part(share) + part(1 - share)}};
}

Json remarks_on(const Json& summary) {
  Json remarks = Json::array();
  const auto clips = summary["clips"]["all"].get<std::size_t>();
  const auto real = summary["clips"]["real"].get<std::size_t>();
  const auto fake = summary["clips"]["fake"].get<std::size_t>();
  const auto groups = summary["bootstrap"]["groups"].get<std::size_t>();
  if (real == 0 || fake == 0) {
    remarks.push_back("one class only: nothing can be said of how well classes are told apart");
  }
  constexpr std::size_t kFewReals = 100;  // For one false alarm to be 1 % of them.
  if (real > 0 && real < kFewReals) {
    remarks.push_back(std::to_string(real) + " real clips: the rate at 1 % false alarms needs " +
                      std::to_string(kFewReals) + " and is the rate without any here");
  }
  constexpr std::size_t kFewClips = 200;  // Below, calibration errors are mostly noise.
  if (clips > 0 && clips < kFewClips) {
    remarks.push_back(std::to_string(clips) +
                      " clips: the calibration error of so few is mostly noise");
  }
  constexpr std::size_t kFewGroups = 10;  // Resamples of fewer are too much alike.
  if (clips > 0 && (groups < kFewGroups ||
                    2 * summary["bootstrap"]["largest_group"].get<std::size_t>() > clips)) {
    remarks.push_back("by people and recordings the clips fall into " + std::to_string(groups) +
                      " groups, the largest of " + summary["bootstrap"]["largest_group"].dump() +
                      ": the intervals are too narrow, or missing");
  }
  for (const Json& shortcut : summary["shortcuts"]) {
    if (shortcut["alarm"] == true)
      remarks.push_back("shortcut: " + shortcut["why"].get<std::string>());
  }
  return remarks;
}

}  // namespace

Json summarize(const std::vector<ClipScore>& clips, const SummaryOptions& options) {
  const JudgedClips judged(clips, options.threshold, options.bootstrap);
  Json summary;
  set_name(summary, "model", options.model_id);
  set_name(summary, "manifest_digest", options.manifest_digest);
  summary["threshold"] = options.threshold;
  summary["bootstrap"] = {{"draws", options.bootstrap.draws},
                          {"seed", options.bootstrap.seed},
                          {"confidence", kConfidence}};
  summary["bootstrap"].update(largest_group(judged.groups()));
  summary["clips"] = count(clips);
  summary["unscored"] = unscored_by_reason(clips);
  summary["overall"] = judged.figures_of(everything(clips.size()));
  summary["by_generator"] = by_generator(judged);
  summary["by_group"] = by(judged, "group", [](const ClipScore& clip) { return clip.group; });
  summary["by_compression"] =
      by(judged, "compression", [](const ClipScore& clip) { return clip.compression; });
  summary["by_face_size"] = by_face_size(judged);
  summary["pairs"] = matched_pairs(judged);
  summary["no_skill"] = no_skill(summary["clips"]["fake"].get<std::size_t>(), clips.size());
  summary["shortcuts"] = shortcut_alarms(judged);
  summary["remarks"] = remarks_on(summary);
  return {{"summary", summary}};
}

}  // namespace dfd
