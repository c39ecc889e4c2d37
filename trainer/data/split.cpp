// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/split.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "base/check.h"

namespace dfd {
namespace {

void shuffle(std::vector<std::string>& names, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  // std::shuffle differs between standard libraries.
  for (std::size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[random() % i]);
}

void require_both_classes(const Split& split) {
  const auto check = [](const std::vector<Clip>& clips, const char* side) {
    const std::size_t fakes = count_fakes(clips);
    DFD_REQUIRE(fakes > 0 && fakes < clips.size(), ErrorCode::kInvalidArgument,
                "the " << side << " side has " << fakes << " fakes of " << clips.size()
                       << " clips, both classes are needed; give more clips or another --seed");
  };
  check(split.train, "training");
  check(split.validation, "validation");
}

}  // namespace

Split split_by_people(const std::vector<Clip>& clips, std::uint64_t seed) {
  Split split;
  split.name = "people";
  std::set<std::string> test_sources;
  for (const Clip& clip : clips) {
    if (!clip.listed_as_test) continue;
    split.test.push_back(clip);
    test_sources.insert(clip.source);
  }
  // Celeb-DF's own list shares people with the rest, so only sources are kept apart from it.
  std::vector<std::string> people;
  std::set<std::string> swapped;  // People who appear in fakes, so that both classes validate.
  for (const Clip& clip : clips) {
    if (clip.listed_as_test || test_sources.count(clip.source) > 0) continue;
    if (clip.fake) swapped.insert(clip.people.begin(), clip.people.end());
    people.insert(people.end(), clip.people.begin(), clip.people.end());
  }
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
  shuffle(people, seed);
  std::stable_partition(people.begin(), people.end(),
                        [&](const std::string& name) { return swapped.count(name) > 0; });
  const std::size_t wanted = std::max<std::size_t>(2, (swapped.size() + 2) / 5);
  std::set<std::string> validators;
  // Two people of one fake at a time: a person alone would validate no swap.
  for (const std::string& name : people) {
    if (validators.size() >= wanted) break;
    for (const Clip& clip : clips) {
      if (validators.size() >= wanted || !clip.fake || clip.listed_as_test) continue;
      if (clip.people[0] == name) validators.insert(clip.people.begin(), clip.people.end());
    }
    validators.insert(name);
  }
  for (const Clip& clip : clips) {
    if (clip.listed_as_test) continue;
    const auto inside = std::count_if(clip.people.begin(), clip.people.end(),
                                      [&](const auto& name) { return validators.count(name) > 0; });
    const bool known = test_sources.count(clip.source) > 0;  // To the test list.
    if (!known && inside == 0) {
      split.train.push_back(clip);
    } else if (!known && inside == static_cast<std::ptrdiff_t>(clip.people.size())) {
      split.validation.push_back(clip);
    } else {
      ++split.dropped;
    }
  }
  require_both_classes(split);
  return split;
}

Split split_at_random(const std::vector<Clip>& clips, std::uint64_t seed) {
  Split split;
  split.name = "random, leaky: people and sources stand on both sides";
  std::map<std::string, const Clip*> by_name;
  std::vector<std::string> names;
  for (const Clip& clip : clips) {
    names.push_back(clip.file);
    by_name[clip.file] = &clip;
  }
  shuffle(names, seed);
  const std::size_t training = names.size() * 8 / 10;
  for (std::size_t i = 0; i < names.size(); ++i) {
    (i < training ? split.train : split.validation).push_back(*by_name.at(names[i]));
  }
  split.test = split.validation;
  require_both_classes(split);
  return split;
}

}  // namespace dfd
