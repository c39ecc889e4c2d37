// SPDX-License-Identifier: LGPL-2.1-or-later

#include "drawn/clip_plan.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/check.h"

namespace dfd {
namespace {

// Clips of one person. Two, so that a person is never told by a single background.
constexpr int kClipsPerPerson = 2;

std::string two_part_name(int person, int clip) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "id%d_%04d.mp4", person, clip);
  return text.data();
}

std::string three_part_name(int person, int other, int clip) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "id%d_id%d_%04d.mp4", person, other, clip);
  return text.data();
}

std::string unknown_name(int clip) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%05d.mp4", clip);
  return text.data();
}

class Planner {
 public:
  explicit Planner(const SynthesisOptions& options)
      : seed_(options.seed),
        sources_(options.clips * 9 / 20),
        others_(options.clips - 2 * sources_),
        people_((sources_ + 2 * kClipsPerPerson - 1) / (2 * kClipsPerPerson) * 2),
        test_people_(std::max(2, people_ / 8 * 2)),
        offset_(static_cast<int>(options.seed % 100000) * 1000) {}

  std::vector<ClipPlan> plan() {
    add_sources();
    add_others();
    add_forgeries();
    return std::move(plans_);
  }

 private:
  bool is_test(int person) const { return person >= people_ - test_people_; }

  void add(ClipPlan plan) {
    plan.seed = seed_ * 1000003 + plans_.size();
    if (plan.scene == 0) plan.scene = plan.seed;
    plans_.push_back(std::move(plan));
  }

  void add_sources() {
    for (int i = 0; i < sources_; ++i) {
      ClipPlan plan;
      const int person = i / kClipsPerPerson;
      plan.person = offset_ + person;
      plan.file = "Celeb-real/" + two_part_name(person, i % kClipsPerPerson);
      plan.pasted_back = i % 2 == 0;
      plan.test = is_test(person);
      add(plan);
    }
  }

  void add_others() {
    for (int i = 0; i < others_; ++i) {
      ClipPlan plan;
      plan.file = "YouTube-real/" + unknown_name(i);
      plan.person = offset_ + 500 + i;  // Nobody of the sources.
      plan.pasted_back = i % 2 == 0;
      plan.test = i % 3 == 2;
      add(plan);
    }
  }

  void add_forgeries() {
    constexpr std::array kTrained{Forgery::kBlend, Forgery::kFlicker, Forgery::kWarp};
    std::size_t trained = 0;
    std::size_t tested = 0;
    for (int source = 0; source < sources_; ++source) {
      ClipPlan plan;
      const int person = source / kClipsPerPerson;
      plan.test = is_test(person);
      plan.scene = plans_[static_cast<std::size_t>(source)].scene;
      const int other = person % 2 == 0 ? person + 1 : person - 1;
      plan.person = offset_ + person;
      plan.other_person = offset_ + other;
      plan.file = "Celeb-synthesis/" + three_part_name(person, other, source % kClipsPerPerson);
      if (!plan.test) {
        plan.forgery = kTrained[trained++ % kTrained.size()];
      } else {
        // Every fourth is of the kind that was left out.
        plan.forgery = tested % 4 == 3 ? Forgery::kRescale : kTrained[tested % 4];
        ++tested;
      }
      add(plan);
    }
  }

  std::uint64_t seed_;
  int sources_;      // Clips. Each is forged once.
  int others_;       // Clips.
  int people_;       // In pairs that swap faces, so that a split by people loses no clip.
  int test_people_;  // A quarter is in the test list.
  int offset_;       // Of the numbers of people.
  std::vector<ClipPlan> plans_;
};

}  // namespace

const char* to_string(Forgery forgery) {
  switch (forgery) {
    case Forgery::kNone:
      return "none";
    case Forgery::kBlend:
      return "blend";
    case Forgery::kFlicker:
      return "flicker";
    case Forgery::kWarp:
      return "warp";
    case Forgery::kRescale:
      return "rescale";
  }
  return "none";
}

std::vector<ClipPlan> plan_clips(const SynthesisOptions& options) {
  DFD_REQUIRE(options.clips >= 8, ErrorCode::kInvalidArgument,
              "clips " << options.clips << ": at least 8, or no kind of forgery can be learned");
  DFD_REQUIRE(options.seconds > 0 && options.seconds <= 60, ErrorCode::kInvalidArgument,
              "seconds " << options.seconds << ": expected (0, 60]");
  return Planner(options).plan();
}

}  // namespace dfd
