// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Folders of published data sets, read into manifests by their names and lists; no clip is opened.

#pragma once

#include <string>
#include <vector>

#include "data/manifest.h"

namespace dfd {

struct ScanOptions {
  std::string layout = "auto";   // One of layout_names(), or "auto": what is there says which.
  std::string splits;            // ffpp: folder with train, val and test.json; empty: looked for.
  std::string identity_pattern;  // images: a regular expression whose first group is the identity.
};

// celeb-df, ffpp, dfd, dfdc, deeperforensics, folders, images.
std::vector<std::string> layout_names();

// The clips below folder with what names and official lists tell, and official splits as columns.
// What is left out is remarked. Throws Error: kNotFound (no such folder, or no clip), kIo;
// kInvalidArgument for lists that are wrong, options that do not fit the layout, and where "auto"
// finds no layout or several.
Manifest scan_folder(const std::string& folder, const ScanOptions& options);

}  // namespace dfd
