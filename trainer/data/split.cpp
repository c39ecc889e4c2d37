// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "base/check.h"
#include "data/people.h"

namespace dfd {
namespace {

constexpr const char* kGeneratorPrefix = "generator:";
constexpr const char* kPeopleMeetName = "people; those of the test list stand on other sides too";
constexpr const char* kRandomName = "random, leaky: people and sources stand on both sides";
// So that the people who test are drawn in another order than those who validate.
constexpr std::uint64_t kTestDraw = 0x74657374;

void check(const SplitRule& rule) {
  const auto is_part = [](double part) { return part >= 0 && part < 1; };
  DFD_REQUIRE(is_part(rule.validation) && is_part(rule.test) && rule.validation + rule.test < 1,
              ErrorCode::kInvalidArgument,
              "validation " << rule.validation << " and test " << rule.test
                            << ": parts of the clips expected, 0 to 1, with some left to train");
}

// By file: a split does not depend on the order of lines.
std::vector<Clip*> sorted_clips(Manifest& manifest) {
  std::vector<Clip*> clips;
  for (Clip& clip : manifest.clips) clips.push_back(&clip);
  std::sort(clips.begin(), clips.end(),
            [](const Clip* a, const Clip* b) { return a->file < b->file; });
  return clips;
}

void put(const std::vector<Clip*>& clips, SplitSide side) {
  for (Clip* clip : clips) clip->split = side;
}

void require_both_classes(const std::vector<Clip*>& all, const std::vector<Clip*>& part,
                          SplitSide side) {
  const auto fakes_of = [](const std::vector<Clip*>& clips) {
    return static_cast<std::size_t>(
        std::count_if(clips.begin(), clips.end(), [](const Clip* clip) { return clip->fake; }));
  };
  const std::size_t all_fakes = fakes_of(all);
  if (all_fakes == 0 || all_fakes == all.size()) return;  // There is only one.
  const std::size_t fakes = fakes_of(part);
  DFD_REQUIRE(fakes > 0 && fakes < part.size(), ErrorCode::kInvalidArgument,
              "the side " << to_string(side) << " has " << fakes << " fakes of " << part.size()
                          << " clips, both classes are needed; give more clips, another --seed, or "
                             "0 as its part");
}

// What is drawn for a side, of clips that have none yet; returns those that still have none.
std::vector<Clip*> draw(const std::vector<Clip*>& clips, SplitSide side, double part,
                        std::uint64_t seed) {
  if (part <= 0) return clips;
  Drawn drawn = draw_people(clips, part, seed);
  require_both_classes(clips, drawn.side, side);
  put(drawn.side, side);
  return std::move(drawn.rest);
}

void train_on(const std::vector<Clip*>& before, const std::vector<Clip*>& rest) {
  require_both_classes(before, rest, SplitSide::kTrain);
  put(rest, SplitSide::kTrain);
}

void by_people(Manifest& manifest, const SplitRule& rule) {
  std::set<std::string> test_recordings;
  for (const Clip& clip : manifest.clips) {
    if (clip.split == SplitSide::kTest) test_recordings.insert(recording_of(clip));
  }
  std::vector<Clip*> free;
  for (Clip* clip : sorted_clips(manifest)) {
    if (clip->split == SplitSide::kTest) continue;
    clip->split.reset();
    if (test_recordings.count(recording_of(*clip)) == 0) free.push_back(clip);
  }
  std::vector<Clip*> rest = free;
  // Parts are of all, so that the second draw is larger than its part of what is left.
  const double test = test_recordings.empty() ? rule.test : 0;
  rest = draw(rest, SplitSide::kTest, test, rule.seed ^ kTestDraw);
  rest = draw(rest, SplitSide::kValidation, rule.validation / (1 - test), rule.seed);
  train_on(free, rest);
}

// Does anybody who is on the test side stand on another?
bool test_people_meet(const Manifest& manifest) {
  std::set<std::string> tested;
  std::set<std::string> others;
  for (const Clip& clip : manifest.clips) {
    if (!clip.split) continue;
    auto& people = *clip.split == SplitSide::kTest ? tested : others;
    for (std::string& person : people_of(clip)) people.insert(std::move(person));
  }
  return std::any_of(tested.begin(), tested.end(),
                     [&](const std::string& person) { return others.count(person) > 0; });
}

std::string known_generators(const Manifest& manifest) {
  std::set<std::string> names;
  for (const Clip& clip : manifest.clips) {
    if (!clip.generator.empty()) names.insert(clip.generator);
  }
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

// Real clips of people who are on no other side, beside all fakes of the generator.
void by_generator(Manifest& manifest, const std::string& name, const SplitRule& rule) {
  std::vector<Clip*> reals;
  std::vector<Clip*> others;  // Fakes.
  std::size_t unseen = 0;
  for (Clip* clip : sorted_clips(manifest)) {
    clip->split.reset();
    if (!clip->fake) {
      reals.push_back(clip);
    } else if (clip->generator != name) {
      others.push_back(clip);
    } else {
      clip->split = SplitSide::kTest;
      ++unseen;
    }
  }
  DFD_REQUIRE(unseen > 0, ErrorCode::kInvalidArgument,
              "split generator:" << name << ": no fake is of that generator; there are "
                                 << known_generators(manifest));
  std::vector<Clip*> rest = reals;
  std::set<std::string> test_people;
  std::set<std::string> test_recordings;
  if (rule.test > 0) {
    Drawn drawn = draw_people(reals, rule.test, rule.seed ^ kTestDraw);
    put(drawn.side, SplitSide::kTest);
    rest = std::move(drawn.rest);
    for (const Clip* clip : drawn.side) {
      for (std::string& person : people_of(*clip)) test_people.insert(std::move(person));
      test_recordings.insert(recording_of(*clip));
    }
  }
  for (Clip* clip : others) {
    const std::vector<std::string> people = people_of(*clip);
    const bool meets = test_recordings.count(recording_of(*clip)) > 0 ||
                       std::any_of(people.begin(), people.end(), [&](const std::string& person) {
                         return test_people.count(person) > 0;
                       });
    if (!meets) rest.push_back(clip);
  }
  std::sort(rest.begin(), rest.end(),
            [](const Clip* a, const Clip* b) { return a->file < b->file; });
  const std::vector<Clip*> free = rest;
  rest = draw(rest, SplitSide::kValidation, rule.validation / (1 - rule.test), rule.seed);
  train_on(free, rest);
}

// The seed recipe's way: over clips, whoever is in them.
void at_random(Manifest& manifest, const SplitRule& rule) {
  const std::vector<Clip*> clips = sorted_clips(manifest);
  std::vector<std::size_t> order(clips.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, rule.seed);
  const auto count_of = [&](double part) {
    return static_cast<std::size_t>(std::lround(static_cast<double>(clips.size()) * part));
  };
  const std::size_t test = count_of(rule.test);
  const std::size_t validation = std::min(count_of(rule.validation), clips.size() - test);
  const std::size_t train = clips.size() - test - validation;
  std::vector<Clip*> train_side;
  std::vector<Clip*> validation_side;
  std::vector<Clip*> test_side;
  for (std::size_t i = 0; i < order.size(); ++i) {
    (i < train                ? train_side
     : i < train + validation ? validation_side
                              : test_side)
        .push_back(clips[order[i]]);
  }
  require_both_classes(clips, train_side, SplitSide::kTrain);
  if (rule.validation > 0) require_both_classes(clips, validation_side, SplitSide::kValidation);
  if (rule.test > 0) require_both_classes(clips, test_side, SplitSide::kTest);
  put(train_side, SplitSide::kTrain);
  put(validation_side, SplitSide::kValidation);
  put(test_side, SplitSide::kTest);
}

std::string usual_rule(const Manifest& manifest) {
  const Sides sides = sides_of(manifest);
  return !sides.train.empty() && !sides.validation.empty() ? "official" : "people";
}

}  // namespace

std::size_t split_clips(Manifest& manifest, const SplitRule& rule) {
  check(rule);
  const std::string by = rule.by.empty() ? usual_rule(manifest) : rule.by;
  if (by == "official") {
    DFD_REQUIRE(has_splits(manifest), ErrorCode::kInvalidArgument,
                manifest.folder << ": there is no official split to keep; give another rule, such "
                                   "as people");
    if (manifest.split.empty()) manifest.split = by;
  } else if (by == "people") {
    by_people(manifest, rule);
    manifest.split = test_people_meet(manifest) ? kPeopleMeetName : by;
  } else if (by == "random") {
    at_random(manifest, rule);
    manifest.split = kRandomName;
  } else {
    const std::string prefix = kGeneratorPrefix;
    DFD_REQUIRE(by.compare(0, prefix.size(), prefix) == 0 && by.size() > prefix.size(),
                ErrorCode::kInvalidArgument,
                "split by \"" << by << "\": official, people, generator:NAME or random expected");
    by_generator(manifest, by.substr(prefix.size()), rule);
    manifest.split = by;
  }
  return sides_of(manifest).unassigned;
}

Sides sides_of(const Manifest& manifest) {
  Sides sides;
  for (const Clip& clip : manifest.clips) {
    if (!clip.split) {
      ++sides.unassigned;
    } else if (*clip.split == SplitSide::kTrain) {
      sides.train.push_back(clip);
    } else if (*clip.split == SplitSide::kValidation) {
      sides.validation.push_back(clip);
    } else {
      sides.test.push_back(clip);
    }
  }
  return sides;
}

}  // namespace dfd
