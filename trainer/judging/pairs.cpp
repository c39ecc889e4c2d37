// SPDX-License-Identifier: LGPL-2.1-or-later

#include "judging/pairs.h"

#include <map>
#include <utility>

namespace dfd {
namespace {

using Json = nlohmann::ordered_json;

// What is compared within one group.
struct Group {
  std::vector<std::size_t> members;
  std::size_t fakes = 0;
  std::size_t reals = 0;
};

struct Matches {
  std::vector<std::pair<std::size_t, std::size_t>> pairs;  // A fake and its source.
  std::vector<Group> groups;                               // With both classes.
  std::size_t unmatched = 0;
};

Matches match(const std::vector<ClipScore>& clips) {
  std::map<std::string, std::size_t> reals;
  std::map<std::string, Group> groups;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (clips[i].fake) continue;
    reals.emplace(clips[i].file, i);
    if (clips[i].group.empty()) continue;
    groups[clips[i].group].members.push_back(i);
    ++groups[clips[i].group].reals;
  }
  Matches matches;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    if (!clips[i].fake) continue;
    const auto source = reals.find(clips[i].source);
    const auto group = groups.find(clips[i].group);
    if (source != reals.end()) {
      matches.pairs.emplace_back(i, source->second);
    } else if (group != groups.end()) {
      group->second.members.push_back(i);
      ++group->second.fakes;
    } else {
      ++matches.unmatched;
    }
  }
  for (auto& [name, group] : groups) {
    if (group.fakes > 0) matches.groups.push_back(std::move(group));
  }
  return matches;
}

std::optional<double> right_by_source(const std::vector<ClipScore>& clips, const Matches& matches,
                                      const std::vector<int>& counts) {
  double right = 0;
  double all = 0;
  for (const auto& [fake, real] : matches.pairs) {
    const double of_fake = ranked(clips[fake]).score;
    const double of_real = ranked(clips[real]).score;
    // Both are of one connected group, and drawn together.
    all += counts[fake];
    if (of_fake >= of_real) right += counts[fake] * (of_fake > of_real ? 1 : 0.5);
  }
  if (!(all > 0)) return std::nullopt;
  return right / all;
}

// rankings: of each group's members.
std::optional<double> right_within_groups(const Matches& matches,
                                          const std::vector<Ranking>& rankings,
                                          const std::vector<int>& counts) {
  double right = 0;
  double all = 0;
  std::vector<int> own;
  for (std::size_t i = 0; i < rankings.size(); ++i) {
    own.clear();
    for (const std::size_t member : matches.groups[i].members) own.push_back(counts[member]);
    const Roc roc = rankings[i].roc(own);
    const double pairs = roc.reals * roc.fakes;
    right += area_under(roc).value_or(0) * pairs;
    all += pairs;
  }
  if (!(all > 0)) return std::nullopt;
  return right / all;
}

}  // namespace

Json matched_pairs(const JudgedClips& judged) {
  const std::vector<ClipScore>& clips = judged.clips();
  const Matches matches = match(clips);
  std::vector<Ranking> rankings;
  std::size_t within = 0;
  for (const Group& group : matches.groups) {
    std::vector<Ranked> in_rank;
    for (const std::size_t member : group.members) in_rank.push_back(ranked(clips[member]));
    rankings.emplace_back(in_rank);
    within += group.fakes * group.reals;
  }
  const auto values = [&](const std::vector<int>& counts) -> std::vector<std::optional<double>> {
    return {right_by_source(clips, matches, counts),
            right_within_groups(matches, rankings, counts)};
  };
  const std::vector<std::optional<double>> here = values(std::vector<int>(clips.size(), 1));
  const auto intervals = bootstrap(judged.groups(), judged.options(), values);
  return {
      {"by_source", {{"pairs", matches.pairs.size()}, {"right", figure(here[0], intervals[0])}}},
      {"within_group",
       {{"groups", matches.groups.size()},
        {"pairs", within},
        {"right", figure(here[1], intervals[1])}}},
      {"unmatched", matches.unmatched}};
}

}  // namespace dfd
