// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One file on the page of a scan.

#pragma once

#include <set>
#include <string>

#include "scan/joined_results.h"

namespace dfd::monitor {

// A row that opens: verdict, curve and path, and below all that is known of the file, with a chart
// for each of its faces. Thread-safe.
// `pictures` are those that are beside the page.
std::string page_row(const JoinedFile& file, const std::set<std::string>& pictures);

}  // namespace dfd::monitor
