// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <set>
#include <string>
#include <vector>

#include "scan/joined_results.h"

namespace dfd::monitor {

// Where pictures are in the folder of a page.
inline constexpr const char* kPagePictures = "pictures";

// Copies the pictures that results tell of from the folder of the scans, `from`, into that of the
// page, and takes away those of an earlier page. Returns the names of those that are there. Where
// `from` is empty there are none. Throws std::runtime_error.
std::set<std::string> copy_pictures(const std::vector<JoinedFile>& files, const std::string& from,
                                    const std::string& page_folder);

}  // namespace dfd::monitor
