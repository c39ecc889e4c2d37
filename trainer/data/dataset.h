// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What --data names: a manifest, or a folder that one is made of.

#pragma once

#include <string>

#include "data/manifest.h"

namespace dfd {

// A folder is scanned by the layout that it has (data/layouts.h), a file read as a manifest. Throws
// Error as they do.
Manifest read_dataset(const std::string& data);

}  // namespace dfd
