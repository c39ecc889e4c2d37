// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/cpu_plans.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>

#include "backbone/cpu_plan.h"
#include "backbone/onednn.h"
#include "base/check.h"
#include "base/serial.h"
#include "base/team.h"

namespace dfd {
namespace {

using Type = dnnl::memory::data_type;

// Another threading of oneDNN than OpenMP's has threads of its own.
int team_size() {
  return DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP ? at::get_num_threads() : 1;
}

// How the team shares so many crops: as parts that need not wait for each other, or else, when
// there are too few, layer by layer.
struct Sharing {
  std::int64_t parts = 1;
  int pieces = 1;  // Of each layer of a part.
  Sharing(std::int64_t crops, int team) {
    if (team == 1) return;
    const std::int64_t two_each = 2 * std::int64_t{team};
    if (crops % two_each == 0) {
      parts = two_each;  // One that is held up holds up less.
    } else if (crops % team == 0) {
      parts = team;
    } else {
      pieces = team;
    }
  }
};

void run_together(Team& team, const CpuPlan& plan) {
  team.run(plan.layers(), plan.pieces(), [&](int layer, int piece) {
    const Serial serial;
    plan.run(layer, piece);
  });
}

class OneDnnPlans : public CpuPlans {
 public:
  OneDnnPlans(std::shared_ptr<ConvNetwork> network, bool bfloat16)
      : embedding_size_(network->units().back()->weight.size(0)),
        network_(std::move(network)),
        weights_(bfloat16 ? Type::bf16 : Type::f32) {}

  at::Tensor embed(const at::Tensor& crops) override {
    DFD_CHECK(crops.dim() == 4 && crops.scalar_type() == at::kFloat &&
              crops.is_contiguous(at::MemoryFormat::ChannelsLast));
    if (!team_) team_ = std::make_unique<Team>(team_size());
    const std::vector<std::unique_ptr<CpuPlan>>& plans = plans_of(crops.sizes().vec());
    at::Tensor embeddings = at::empty({crops.size(0), embedding_size_}, at::kFloat);
    const auto parts = static_cast<std::int64_t>(plans.size());
    for (std::int64_t i = 0; i < parts; ++i) {
      plans[static_cast<std::size_t>(i)]->place(
          crops.data_ptr<float>() + i * crops.numel() / parts,
          embeddings.data_ptr<float>() + i * embeddings.numel() / parts);
    }
    run(plans);
    return embeddings;
  }

 private:
  // The plans of the parts of such a batch.
  const std::vector<std::unique_ptr<CpuPlan>>& plans_of(const std::vector<std::int64_t>& shape) {
    std::vector<std::unique_ptr<CpuPlan>>& plans = plans_[shape];
    if (!plans.empty()) return plans;
    const Serial serial;
    const Sharing sharing(shape[0], team_->members());
    CpuPlan::Dims input = shape;
    input[0] /= sharing.parts;
    std::vector<std::unique_ptr<CpuPlan>> made;
    for (std::int64_t i = 0; i < sharing.parts; ++i) {
      made.push_back(
          std::make_unique<CpuPlan>(*network_, input, sharing.pieces, weights_, arenas_[i]));
    }
    plans = std::move(made);
    return plans;
  }

  void run(const std::vector<std::unique_ptr<CpuPlan>>& plans) {
    if (plans.size() == 1) {
      run_together(*team_, *plans[0]);
      return;
    }
    team_->run(1, static_cast<int>(plans.size()), [&](int /*layer*/, int part) {
      const Serial serial;
      const CpuPlan& plan = *plans[static_cast<std::size_t>(part)];
      for (int layer = 0; layer < plan.layers(); ++layer) plan.run(layer, 0);
    });
  }

  std::int64_t embedding_size_;
  std::shared_ptr<const ConvNetwork> network_;
  PackedWeights weights_;
  std::map<std::int64_t, Arena> arenas_;  // One a part.
  std::map<std::vector<std::int64_t>, std::vector<std::unique_ptr<CpuPlan>>> plans_;
  std::unique_ptr<Team> team_;  // Started by the first forward: as nice as that thread.
};

}  // namespace

std::unique_ptr<CpuPlans> CpuPlans::make(std::shared_ptr<ConvNetwork> network, bool bfloat16) {
  return std::make_unique<OneDnnPlans>(std::move(network), bfloat16);
}

std::function<void()> CpuPlans::make_single(const ConvUnit& unit,
                                            const std::vector<std::int64_t>& input, bool bfloat16) {
  struct Single {
    PackedWeights weights;
    Arena arena;
    Team team;
    std::optional<CpuPlan> plan;
    Single(const ConvUnit& unit, const CpuPlan::Dims& input, Type type)
        : weights(type), team(team_size()) {
      const Serial serial;
      plan.emplace(unit, input, team.members(), weights, arena);
      plan->place(nullptr, nullptr);
    }
  };
  const auto single = std::make_shared<Single>(unit, input, bfloat16 ? Type::bf16 : Type::f32);
  return [single] { run_together(single->team, *single->plan); };
}

bool cpu_has_bfloat16() {
  // Sets are bits. Some with a larger number lack these: AVX2-VNNI has no bfloat16 in oneDNN 2.
  const auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

}  // namespace dfd
