// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What Inception-ResNets are made of (Szegedy et al. 2016): convolutions with batch norms, and
// blocks of branches side by side, named as facenet-pytorch and timm name them.

#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "backbone/conv_backbone.h"

namespace dfd {

// Branches side by side, joined; with a projection it is residual.
struct InceptionBlock {
  struct Branch {
    bool averaged = false;  // Each place is the mean of those around it, before all else.
    std::vector<ConvUnit> units;
  };
  std::vector<Branch> branches;
  bool pooled_branch = false;        // A max pool as the last branch.
  std::vector<ConvUnit> projection;  // One, or none.

  Ops::Value run(Ops& ops, const Ops::Value& x) const;
  void add_units(std::vector<ConvUnit*>& all);
};

// A branch of one convolution is called NAME.branchN where it is `alone`, else NAME.branchN.0, .1
// and so on; what averages counts, too.
struct BranchSpec {
  std::vector<ConvSpec> convs;
  bool alone = false;
  bool averaged = false;
};

InceptionBlock make_block(const ConvNetwork::Take& take, const std::string& name,
                          const std::vector<BranchSpec>& branches, bool pooled_branch = false);

// x + scale * projection, then ReLU; the projection is NAME.conv2d, with bias. Its first branch is
// alone.
InceptionBlock make_residual(const ConvNetwork::Take& take, const std::string& name,
                             const std::vector<std::vector<ConvSpec>>& branches, double scale);

// So many, called NAME.0, NAME.1 and so on.
std::vector<InceptionBlock> make_residuals(const ConvNetwork::Take& take, const std::string& name,
                                           int count,
                                           const std::vector<std::vector<ConvSpec>>& branches,
                                           double scale);

// Run them and tell the stage.
Ops::Value run_blocks(Ops& ops, const char* stage, const std::vector<InceptionBlock>& blocks,
                      Ops::Value x);
Ops::Value run_block(Ops& ops, const char* stage, const InceptionBlock& block, const Ops::Value& x);

}  // namespace dfd
