// SPDX-License-Identifier: LGPL-2.1-or-later

#include "backbone/inception_blocks.h"

namespace dfd {

using Take = ConvNetwork::Take;

Ops::Value InceptionBlock::run(Ops& ops, const Ops::Value& x) const {
  std::vector<Ops::Value> outputs;
  for (const Branch& branch : branches) {
    Ops::Value y = branch.averaged ? ops.average_around(x) : x;
    for (const ConvUnit& unit : branch.units) y = ops.conv(unit, y);
    outputs.push_back(std::move(y));
  }
  if (pooled_branch) outputs.push_back(ops.max_pool(x));
  const Ops::Value joined = ops.join(outputs);
  outputs.clear();
  return projection.empty() ? joined : ops.add_conv(projection[0], joined, x);
}

void InceptionBlock::add_units(std::vector<ConvUnit*>& all) {
  for (Branch& branch : branches) {
    for (ConvUnit& unit : branch.units) all.push_back(&unit);
  }
  for (ConvUnit& unit : projection) all.push_back(&unit);
}

InceptionBlock make_block(const Take& take, const std::string& name,
                          const std::vector<BranchSpec>& branches, bool pooled_branch) {
  InceptionBlock block;
  block.pooled_branch = pooled_branch;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const BranchSpec& spec = branches[i];
    const std::string branch = name + ".branch" + std::to_string(i);
    InceptionBlock::Branch& made = block.branches.emplace_back();
    made.averaged = spec.averaged;
    std::size_t number = spec.averaged ? 1 : 0;
    for (const ConvSpec& conv : spec.convs) {
      made.units.push_back(
          make_unit(take, spec.alone ? branch : branch + "." + std::to_string(number++), conv));
    }
  }
  return block;
}

InceptionBlock make_residual(const Take& take, const std::string& name,
                             const std::vector<std::vector<ConvSpec>>& branches, double scale) {
  std::vector<BranchSpec> specs;
  std::int64_t joined = 0;
  for (const auto& convs : branches) {
    specs.push_back({convs, /*alone=*/specs.empty()});
    joined += convs.back().out;
  }
  InceptionBlock block = make_block(take, name, specs);
  const std::int64_t channels = branches[0][0].in;
  ConvUnit projection;
  projection.name = name + ".conv2d";
  projection.weight = take(projection.name + ".weight", {channels, joined, 1, 1});
  projection.bias = take(projection.name + ".bias", {channels});
  projection.scale = scale;
  block.projection.push_back(std::move(projection));
  return block;
}

std::vector<InceptionBlock> make_residuals(const Take& take, const std::string& name, int count,
                                           const std::vector<std::vector<ConvSpec>>& branches,
                                           double scale) {
  std::vector<InceptionBlock> blocks;
  blocks.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    blocks.push_back(make_residual(take, name + "." + std::to_string(i), branches, scale));
  }
  return blocks;
}

Ops::Value run_blocks(Ops& ops, const char* stage, const std::vector<InceptionBlock>& blocks,
                      Ops::Value x) {
  for (const InceptionBlock& block : blocks) x = block.run(ops, x);
  ops.tell(stage, x);
  return x;
}

Ops::Value run_block(Ops& ops, const char* stage, const InceptionBlock& block,
                     const Ops::Value& x) {
  Ops::Value y = block.run(ops, x);
  ops.tell(stage, y);
  return y;
}

}  // namespace dfd
