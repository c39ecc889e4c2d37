// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/face_score.h"

#include <cmath>

#include "base/check.h"

namespace dfd {
namespace {

// Broken weights must not become a verdict.
double checked_score(double logit, const ModelConfig& model) {
  DFD_REQUIRE(std::isfinite(logit), ErrorCode::kInference,
              "the network gave " << logit << " instead of a logit; its weights may be damaged");
  return calibrated(logit, model);
}

}  // namespace

void set_score(FaceReport& face, const WindowLogit& window, const ModelConfig& model) {
  const double score = checked_score(window.logit, model);
  EvidenceProbabilities scores{};
  std::optional<Evidence> evidence;
  if (window.evidence) {
    const auto [seam, generated] = *window.evidence;
    scores = {checked_score(seam, model), checked_score(generated, model)};
    evidence = generated > seam ? Evidence::kGenerated : Evidence::kSeam;
  }
  face.score = score;
  face.evidence = evidence;
  face.evidence_scores = scores;
}

void forget_score(FaceReport& face) {
  face.score.reset();
  face.evidence.reset();
  face.evidence_scores = {};
}

}  // namespace dfd
