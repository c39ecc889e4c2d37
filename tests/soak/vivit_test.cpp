// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ViViT in its released size: 3137 tokens, 451 GMAC a clip.

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "backbone/vivit_network.h"
#include "support/formula.h"
#include "support/memory_probe.h"
#include "support/stages.h"

namespace dfd {
namespace {

TEST(VivitSoak, TheReleasedSizeEqualsTheOriginals) {
  const c10::NoGradGuard no_grad;
  const nlohmann::json reference = test::read_reference("vivit_b_16x2.json");
  TensorMap tensors = test::formula_weights(reference["keys"], 0);
  VivitConfig said;
  said.heads = 0;
  const VivitConfig config = complete_vivit(said, tensors, "reference");
  EXPECT_EQ(config.heads, 12);
  EXPECT_EQ(config.frames, 32);
  TensorSource source("formula", std::move(tensors));
  const Vivit network(
      [&](const std::string& name, at::IntArrayRef shape) { return source.take(name, shape); }, "",
      config);
  source.require_empty();
  const at::Tensor clip = (test::formula(9001, {1, 32, 3, 224, 224}) * 2 - 1).to(at::kFloat);
  VivitRequest request;
  request.output_hidden_states = true;
  const VivitResult result = network.forward(clip, request);
  constexpr double kTolerance = 1e-3;  // The reference's own: it was computed in float.
  EXPECT_LE(test::relative_difference(result.logits, test::rows_of(reference["logits"])),
            kTolerance);
  ASSERT_EQ(result.hidden_states.size(), reference["hidden_states"].size());
  for (std::size_t i = 0; i < result.hidden_states.size(); ++i) {
    test::expect_stage("hidden state " + std::to_string(i), result.hidden_states[i],
                       reference["hidden_states"][i], kTolerance);
  }
  const test::MemoryProbe probe;
  network.forward(clip);
  EXPECT_LE(probe.most(), 150000000);  // As vivit_network.h says.
  RecordProperty("most_bytes", std::to_string(probe.most()));
}

}  // namespace
}  // namespace dfd
