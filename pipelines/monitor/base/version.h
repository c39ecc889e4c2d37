// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

namespace dfd::monitor {

// The project's, which meson.build knows.
constexpr const char* kVersion = DFD_VERSION;

}  // namespace dfd::monitor
