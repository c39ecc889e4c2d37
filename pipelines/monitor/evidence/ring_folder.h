// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <cstdint>
#include <string>

namespace dfd::monitor {

// The folder of this monitor's rings (mode 0700), which is its alone as `state_folder` is; what an
// earlier run left in it is removed. It lies in `ring_dir`, or where that is empty in
// $RUNTIME_DIRECTORY (systemd), else in /dev/shm. Throws std::runtime_error.
std::string make_ring_folder(const std::string& ring_dir, const std::string& state_folder);

// What rings in that folder may take where nobody says it: half of its file system.
std::uint64_t usual_ring_bytes(const std::string& folder);

}  // namespace dfd::monitor
