// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who a track shows, told by the embeddings of its samples. Boxes alone cannot tell two faces that
// cross apart, nor that a person has come back, nor that another face stands in the same place. The
// backbone must have learned to tell people apart: a random one has not.

#pragma once

#include <map>
#include <vector>

#include "detector/report.h"

namespace dfd {

using Embedding = std::vector<float>;  // [D], of length 1.

// Cosine of two embeddings, [-1, 1].
float similarity(const Embedding& a, const Embedding& b);

// Cosines, from published use of facenet embeddings. Not validated here.
struct IdentityRule {
  // From here on two samples show one person: deepware's scanner groups faces within a cosine
  // distance of 0.35.
  float same = 0.65F;
  // Below it they show two: FaceNet (Schroff et al. 2015) tells pairs apart best at a squared
  // distance of 1.242, which is 2 - 2 cosine.
  float different = 0.379F;
};

struct Sighting {
  TrackId track = 0;
  Embedding embedding;
};

struct IdentityEvent {
  enum class Kind {
    kChanged,    // The track shows somebody it has not shown before.
    kExchanged,  // Track and other show each other's person, or other's person stands where track's
                 // stood while other was unseen.
    kReturned,   // The track is new, and shows the person of other, which was unseen.
  };
  Kind kind = Kind::kChanged;
  TrackId track = 0;
  TrackId other = 0;
};

// Thread-compatible.
class IdentityWatch {
 public:
  explicit IdentityWatch(const IdentityRule& rule = {}) : rule_(rule) {}

  // The samples of one moment, a track at most once. unseen: tracks without a face now, whose
  // person may come back. After kExchanged each id stands for its person again; after kReturned the
  // new id is forgotten.
  std::vector<IdentityEvent> look(const std::vector<Sighting>& sightings,
                                  std::vector<TrackId> unseen);

  void forget(TrackId track) { people_.erase(track); }  // It ended.
  void clear() { people_.clear(); }

 private:
  struct Person {
    Embedding reference;  // What its samples have in common.
    int samples = 0;
    Embedding doubt;  // The newest sample, when it is somebody else's.
  };

  bool is_somebody_else(TrackId track, const Embedding& embedding);
  IdentityEvent explain(TrackId track, const Embedding& newcomer,
                        const std::vector<TrackId>& unseen);
  TrackId crossed_with(TrackId track, const Embedding& newcomer) const;
  TrackId best_of(const std::vector<TrackId>& tracks, const Embedding& embedding) const;

  IdentityRule rule_;
  std::map<TrackId, Person> people_;
};

}  // namespace dfd
