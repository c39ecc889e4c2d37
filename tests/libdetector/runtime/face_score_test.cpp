// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/face_score.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "detector/error.h"

namespace dfd {
namespace {

// Probabilities of 0.25, 0.5 and 0.75 at logits of 1 - log(9), 1 and 1 + log(9).
ModelConfig calibrated_model() {
  ModelConfig model;
  model.temperature = 2;
  model.bias = 1;
  return model;
}

const double kUnlikely = 1 - std::log(9);
const double kLikely = 1 + std::log(9);

TEST(FaceScore, EachKindIsCalibratedAndTheLargerSpeaks) {
  FaceReport face;
  set_score(face, {kLikely, {{kUnlikely, kLikely}}}, calibrated_model());
  EXPECT_NEAR(face.score.value(), 0.75, 1e-12);
  EXPECT_EQ(face.evidence, Evidence::kGenerated);
  EXPECT_NEAR(face.evidence_scores[0].value(), 0.25, 1e-12);
  EXPECT_NEAR(face.evidence_scores[1].value(), 0.75, 1e-12);
  set_score(face, {kLikely, {{kLikely, 1}}}, calibrated_model());
  EXPECT_EQ(face.evidence, Evidence::kSeam);
  EXPECT_NEAR(face.evidence_scores[1].value(), 0.5, 1e-12);
}

TEST(FaceScore, AWindowWithoutKindsTakesThemAway) {
  FaceReport face;
  set_score(face, {1, {{0, 1}}}, calibrated_model());
  set_score(face, {1}, calibrated_model());
  EXPECT_NEAR(face.score.value(), 0.5, 1e-12);
  EXPECT_FALSE(face.evidence);
  EXPECT_EQ(face.evidence_scores, EvidenceProbabilities());
}

TEST(FaceScore, BrokenLogitsAreErrorsAndChangeNothing) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  FaceReport face;
  set_score(face, {1, {{0, 1}}}, calibrated_model());
  const FaceReport before = face;
  for (const WindowLogit& broken : {WindowLogit{nan}, WindowLogit{infinity},
                                    WindowLogit{5, {{5, -infinity}}}, WindowLogit{5, {{nan, 5}}}}) {
    try {
      set_score(face, broken, calibrated_model());
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInference);
    }
    EXPECT_EQ(face.score, before.score);
    EXPECT_EQ(face.evidence, before.evidence);
    EXPECT_EQ(face.evidence_scores, before.evidence_scores);
  }
}

TEST(FaceScore, IsForgottenWhole) {
  FaceReport face;
  set_score(face, {1, {{0, 1}}}, calibrated_model());
  forget_score(face);
  EXPECT_FALSE(face.score || face.evidence);
  EXPECT_EQ(face.evidence_scores, EvidenceProbabilities());
}

}  // namespace
}  // namespace dfd
