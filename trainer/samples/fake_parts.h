// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which kinds of fakes a training makes of real clips, and how many of each.

#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "data/clip.h"
#include "detector/report.h"

namespace dfd {

// Of an autoencoder's training: about two minutes on two cores. After half of them one of factor 4
// is off by 3 levels of 255 in the mean.
constexpr std::int64_t kAutoencoderSteps = 800;

// What the fake of a pair is.
enum class FakeKind { kSelfBlend, kReconstruct, kDataSet };
inline constexpr std::array kFakeKinds{FakeKind::kSelfBlend, FakeKind::kReconstruct,
                                       FakeKind::kDataSet};
const char* to_string(FakeKind kind) noexcept;  // "self-blend", "reconstruct", "data-set"

// What a network learns to see, each by a logit of its own. Autoencoders and the data set's
// generators leave different things: one logit for both forgets one for the other
// (docs/lab/artifact-model.md).
enum class Trace { kSeam, kReconstructed, kGenerated };
inline constexpr std::array kTraces{Trace::kSeam, Trace::kReconstructed, Trace::kGenerated};
const char* to_string(Trace trace) noexcept;  // "seam", "reconstructed", "generated"
Evidence evidence_of(Trace trace) noexcept;   // The kind that it is of.

// Parts of all pairs, [0, 1], together at most 1; what is left has fakes of the data set.
struct FakeParts {
  double self_blend = 0;
  double reconstruct = 0;
};

// Of a comma list of self-blend[:PART] and reconstruct[:PART], each at most once; one of them may
// have no part and gets what the other leaves. Empty: none of either. Throws
// Error(kInvalidArgument) for any other text.
FakeParts parse_fakes(const std::string& text);

double left_of(const FakeParts& parts);  // The data set's; below 0 where parts are more than all.

std::set<Trace> traces_of(const Clip& fake);  // Of the data set: those that it is said to show.

// By kTraces: those that pairs of such parts show, so that a network can learn them. Empty, unless
// there are some of each kind of evidence. clips: the data set's.
std::vector<Trace> traces_of(const FakeParts& parts, const std::vector<Clip>& clips);

// For people: "of 100 fakes 75 are self-blended, 25 reconstructed, 0 the data set's".
std::string in_words(const FakeParts& parts);

}  // namespace dfd
