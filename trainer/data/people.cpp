// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/people.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

namespace dfd {
namespace {

// Union-find with path halving (Tarjan and van Leeuwen 1984).
class Groups {
 public:
  explicit Groups(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }

  std::size_t find(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }

  void join(std::size_t a, std::size_t b) { parent_[find(a)] = find(b); }

 private:
  std::vector<std::size_t> parent_;
};

struct Classes {
  std::size_t real = 0;
  std::size_t fake = 0;

  void add(const Clip& clip) { ++(clip.fake ? fake : real); }
};

// At most this many of a class: rounded up, so that a few clips fill a side too.
std::size_t most_of(std::size_t count, double part) {
  return static_cast<std::size_t>(std::ceil(static_cast<double>(count) * part));
}

// Half of what was asked for is a side all the same; less is not worth its noise.
bool is_enough(std::size_t found, std::size_t count, double part) {
  return count == 0 || (found > 0 && 2 * found >= most_of(count, part));
}

// Whole groups; none: they cannot fill the side, or nothing is left beside it.
std::optional<Drawn> draw_groups(const std::vector<Clip*>& clips, double part, std::uint64_t seed) {
  const std::vector<std::size_t> group_of =
      connected_groups(std::vector<const Clip*>(clips.begin(), clips.end()));
  Classes all;
  std::map<std::size_t, Classes> groups;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    all.add(*clips[i]);
    groups[group_of[i]].add(*clips[i]);
  }
  std::vector<std::size_t> order;
  order.reserve(groups.size());
  for (const auto& [group, classes] : groups) order.push_back(group);
  shuffle(order, seed);
  std::set<std::size_t> taken;
  Classes found;
  for (const std::size_t group : order) {
    const Classes& more = groups[group];
    if (found.real + more.real > most_of(all.real, part) ||
        found.fake + more.fake > most_of(all.fake, part)) {
      continue;
    }
    taken.insert(group);
    found.real += more.real;
    found.fake += more.fake;
  }
  const bool rest = (all.real == 0 || found.real < all.real) &&
                    (all.fake == 0 || found.fake < all.fake) && found.real + found.fake > 0;
  if (!rest || !is_enough(found.real, all.real, part) || !is_enough(found.fake, all.fake, part)) {
    return std::nullopt;
  }
  Drawn drawn;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    (taken.count(group_of[i]) > 0 ? drawn.side : drawn.rest).push_back(clips[i]);
  }
  return drawn;
}

// Who is held out.
std::set<std::string> hold_out(const std::vector<Clip*>& clips, double part, std::uint64_t seed) {
  std::set<std::string> names;
  std::set<std::string> swapped;  // People who appear in fakes, so that both classes are drawn.
  std::map<std::string, std::vector<const Clip*>> fakes;  // By their first person.
  for (const Clip* clip : clips) {
    const std::vector<std::string> people = people_of(*clip);
    names.insert(people.begin(), people.end());
    if (!clip->fake) continue;
    swapped.insert(people.begin(), people.end());
    fakes[people[0]].push_back(clip);
  }
  const std::vector<std::string> sorted(names.begin(), names.end());
  std::vector<std::size_t> order(sorted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, seed);
  std::stable_partition(order.begin(), order.end(),
                        [&](std::size_t i) { return swapped.count(sorted[i]) > 0; });
  const auto wanted = std::max<std::size_t>(
      2, static_cast<std::size_t>(std::lround(static_cast<double>(swapped.size()) * part)));
  std::set<std::string> held;
  // Two people of one fake at a time: a person alone would bring no swap.
  for (const std::size_t i : order) {
    if (held.size() >= wanted) break;
    for (const Clip* clip : fakes[sorted[i]]) {
      if (held.size() >= wanted) break;
      const std::vector<std::string> people = people_of(*clip);
      held.insert(people.begin(), people.end());
    }
    held.insert(sorted[i]);
  }
  return held;
}

Drawn draw_held(const std::vector<Clip*>& clips, double part, std::uint64_t seed) {
  const std::set<std::string> held = hold_out(clips, part, seed);
  Drawn drawn;
  std::map<std::string, bool> side_of_recording;
  for (Clip* clip : clips) {
    const std::vector<std::string> people = people_of(*clip);
    const auto inside = std::count_if(people.begin(), people.end(), [&](const std::string& name) {
      return held.count(name) > 0;
    });
    const bool all = inside == static_cast<std::ptrdiff_t>(people.size());
    if (inside != 0 && !all) {
      drawn.dropped.push_back(clip);
      continue;
    }
    const bool side = side_of_recording.emplace(recording_of(*clip), all).first->second;
    (side != all ? drawn.dropped : all ? drawn.side : drawn.rest).push_back(clip);
  }
  return drawn;
}

}  // namespace

void shuffle(std::vector<std::size_t>& numbers, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t i = numbers.size(); i > 1; --i) {
    std::swap(numbers[i - 1], numbers[static_cast<std::size_t>(random() % i)]);
  }
}

std::vector<std::size_t> connected_groups(const std::vector<const Clip*>& clips) {
  Groups groups(clips.size());
  std::map<std::string, std::size_t> first_of_person;
  std::map<std::string, std::size_t> first_of_recording;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    for (const std::string& name : clips[i]->identity) {
      groups.join(i, first_of_person.emplace(name, i).first->second);
    }
    groups.join(i, first_of_recording.emplace(recording_of(*clips[i]), i).first->second);
  }
  std::map<std::size_t, std::size_t> number_of_root;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    numbers.push_back(number_of_root.emplace(groups.find(i), number_of_root.size()).first->second);
  }
  return numbers;
}

Drawn draw_people(const std::vector<Clip*>& clips, double part, std::uint64_t seed) {
  if (std::optional<Drawn> drawn = draw_groups(clips, part, seed)) return *drawn;
  return draw_held(clips, part, seed);
}

}  // namespace dfd
