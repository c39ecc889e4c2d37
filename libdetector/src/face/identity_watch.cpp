// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face/identity_watch.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "base/check.h"

namespace dfd {
namespace {

// A reference follows slow changes, light and age of a track, as a mean over so many samples would.
constexpr int kMemory = 20;

// A returned person is recognised by one of the first samples: one may be blurred, later ones would
// only keep an id that has been told for long.
constexpr int kFirstSamples = 3;

void normalise(Embedding& embedding) {
  const float length =
      std::sqrt(std::inner_product(embedding.begin(), embedding.end(), embedding.begin(), 0.F));
  if (length > 0) {
    for (float& value : embedding) value /= length;
  }
}

// A step of the mean towards a sample.
void move_towards(Embedding& reference, const Embedding& embedding, float share) {
  for (std::size_t i = 0; i < reference.size(); ++i) {
    reference[i] += (embedding[i] - reference[i]) * share;
  }
  normalise(reference);
}

}  // namespace

float similarity(const Embedding& a, const Embedding& b) {
  DFD_CHECK(a.size() == b.size());
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.F);
}

std::vector<IdentityEvent> IdentityWatch::look(const std::vector<Sighting>& sightings,
                                               std::vector<TrackId> unseen) {
  std::vector<Sighting> changed;
  for (const auto& [track, embedding] : sightings) {
    if (is_somebody_else(track, embedding)) changed.push_back({track, embedding});
  }
  std::vector<IdentityEvent> events;
  std::set<TrackId> told;  // What was seen in these belongs to another id now.
  const auto add = [&](const IdentityEvent& event) {
    events.push_back(event);  // A person comes back once.
    told.insert({event.track, event.other});
    unseen.erase(std::remove(unseen.begin(), unseen.end(), event.other), unseen.end());
  };
  for (const auto& [track, newcomer] : changed) {
    // The other half of an exchange is explained already.
    if (!people_.at(track).doubt.empty()) add(explain(track, newcomer, unseen));
  }
  for (const auto& [track, embedding] : sightings) {
    const Person& person = people_.at(track);
    if (person.samples > kFirstSamples || !person.doubt.empty() || told.count(track) > 0) continue;
    const TrackId other = best_of(unseen, embedding);
    if (other == 0) continue;
    add({IdentityEvent::Kind::kReturned, track, other});
    forget(track);
  }
  return events;
}

// Twice in a row, since one odd sample is more often a hand before the face than another person.
bool IdentityWatch::is_somebody_else(TrackId track, const Embedding& embedding) {
  Person& person = people_[track];
  if (person.samples == 0) person.reference = embedding;
  if (similarity(person.reference, embedding) >= rule_.different) {
    person.samples = std::min(person.samples + 1, kMemory);
    move_towards(person.reference, embedding, 1.F / static_cast<float>(person.samples));
    person.doubt.clear();
    return false;
  }
  const bool again = !person.doubt.empty() && similarity(person.doubt, embedding) >= rule_.same;
  person.doubt = embedding;
  return again;
}

IdentityEvent IdentityWatch::explain(TrackId track, const Embedding& newcomer,
                                     const std::vector<TrackId>& unseen) {
  Person& person = people_.at(track);
  TrackId other = crossed_with(track, newcomer);
  if (other == 0) other = best_of(unseen, newcomer);
  if (other != 0) {
    person.doubt.clear();
    people_.at(other).doubt.clear();
    return {IdentityEvent::Kind::kExchanged, track, other};
  }
  person = {newcomer, 1, {}};
  return {IdentityEvent::Kind::kChanged, track, 0};
}

TrackId IdentityWatch::crossed_with(TrackId track, const Embedding& newcomer) const {
  const Person& person = people_.at(track);
  for (const auto& [id, other] : people_) {
    if (id == track || other.doubt.empty()) continue;
    if (similarity(other.reference, newcomer) >= rule_.same &&
        similarity(other.doubt, person.reference) >= rule_.same) {
      return id;
    }
  }
  return 0;
}

TrackId IdentityWatch::best_of(const std::vector<TrackId>& tracks,
                               const Embedding& embedding) const {
  TrackId best = 0;
  float most = rule_.same;
  for (const TrackId id : tracks) {
    const auto found = people_.find(id);
    if (found == people_.end()) continue;
    const float likeness = similarity(found->second.reference, embedding);
    if (likeness < most) continue;
    best = id;
    most = likeness;
  }
  return best;
}

}  // namespace dfd
