// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Foreign classifiers of clips become our files. One of one or two classes is taken for a detector
// of forgeries and becomes a model that classifies by itself (head "none"); any other loses its
// classifier and becomes a backbone, for train --backbone.

#pragma once

#include <string>
#include <vector>

#include "import/import.h"

namespace dfd {

// By torchvision's names: r3d_18, mc3_18 or r2plus1d_18, which their tensors tell apart.
std::vector<std::string> import_video_resnet(const ImportOptions& options);

// By the names of google/vivit-b-16x2-kinetics400. Its configuration says what its tensors do not.
std::vector<std::string> import_vivit(const ImportOptions& options);

}  // namespace dfd
