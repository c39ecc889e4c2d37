// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures of all that training would see, to be checked by eye.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/clip.h"
#include "data/progress.h"
#include "samples/crops.h"

namespace dfd {

// One clip as it was drawn.
struct SheetEntry {
  Clip clip;
  std::vector<int> crops;  // Of each track; empty where no face was found.
  std::string sheet;       // File below the output folder.
};

// Writes sheet-001.png and so on into the folder: each clip's name, class and tracks with their
// crops in order, cut as that backbone (samples/frozen_backbone.h) takes them. Clips that cannot be
// read are said and left out. data: folder or manifest. Returns how many clips there were. Throws
// Error: kNotFound, kIo; the rule's.
std::size_t write_contact_sheets(const std::string& data, const std::string& output,
                                 const SamplingOptions& options, const std::string& backbone,
                                 const std::function<void(const SheetEntry&)>& report,
                                 const Say& say);

}  // namespace dfd
