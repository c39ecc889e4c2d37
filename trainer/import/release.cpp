// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/release.h"

#include <algorithm>

#include "base/check.h"
#include "scoring/model_parts.h"

namespace dfd {

std::vector<std::string> release_model(const ReleaseOptions& options) {
  const SafetensorsFile file(options.model);
  static_cast<void>(read_config(file));  // Is it a model?
  Metadata metadata = file.metadata();
  metadata.erase("backbone.digest");  // Of weights that are rounded now.
  if (!options.license.empty()) metadata["license"] = options.license;
  if (!options.attribution.empty()) metadata["attribution"] = options.attribution;
  TensorMap tensors = read_tensors(file);
  double largest = 0;
  for (auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point()) continue;
    const at::Tensor rounded = tensor.to(at::kHalf);
    const at::Tensor error = (rounded.to(at::kFloat) - tensor.to(at::kFloat)).abs();
    DFD_REQUIRE(error.isfinite().all().item<bool>(), ErrorCode::kUnsupportedModel,
                options.model << ": tensor \"" << name
                              << "\" has numbers that F16 cannot hold; give it away as it is");
    if (error.numel() > 0) largest = std::max(largest, error.max().item<double>());
    tensor = rounded;
  }
  write_tensors(options.output, metadata, tensors);
  return {std::to_string(tensors.size()) + " tensors written, rounded by at most " +
          print(largest)};
}

}  // namespace dfd
