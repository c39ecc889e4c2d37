// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Calls of PyTorch's operators in an archive's text: nodes of the graph, or constants where all
// that they work on is constant.

#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "import/straight_line_things.h"
#include "import/torchscript_archive.h"
#include "model/weights.h"
#include "traced/graph.h"

namespace dfd::torchscript {

class OperatorCalls {
 public:
  // Borrowed.
  explicit OperatorCalls(Archive& archive) : archive_(archive) {}

  // name: behind "torch." or "ops.prim.". keywords: of the last arguments. Throws Error:
  // kUnsupportedModel, kCorruptModel.
  Thing call(const std::string& name, const std::vector<Thing>& arguments,
             const std::vector<std::string>& keywords);

  // things[place]
  Thing item(const Thing& things, const Thing& place);

  traced::Graph& graph() { return graph_; }
  TensorMap& weights() { return weights_; }

 private:
  std::optional<Thing> constant(const std::string& name, const std::vector<Thing>& arguments);
  std::optional<Thing> fold(const traced::Operator& row,
                            const std::vector<traced::Argument>& arguments);
  std::optional<std::vector<traced::Argument>> fit(const traced::Operator& row,
                                                   const std::vector<Thing>& arguments,
                                                   const std::vector<std::string>& keywords,
                                                   bool numbers);
  std::optional<traced::Argument> fit(const traced::Parameter& parameter, const Thing& thing,
                                      bool numbers);
  std::optional<traced::Argument> fit_list(traced::Wanted wanted, const List& list, bool numbers);
  std::optional<traced::Argument> fit_tensor(traced::Wanted wanted, const StoredTensor& stored,
                                             bool numbers);
  traced::Argument weight(const StoredTensor& stored);
  std::string free_name(const std::string& wanted) const;
  std::string complaint(const std::string& name, const std::vector<Thing>& arguments) const;

  Archive& archive_;
  traced::Graph graph_;
  TensorMap weights_;
  std::map<std::string, std::size_t> places_;  // Of weights, by storage, offset and shape.
};

}  // namespace dfd::torchscript
