// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Playlists and keys come from afar and are kept in memory whole: they end somewhere.

#pragma once

#include <glib-object.h>

#include <cstdint>

namespace dfd::monitor {

// Of a day in pieces of 2 s a playlist has 43,200 lines of some 100 bytes each, and as many with
// times.
constexpr std::uint64_t kMostPlaylistBytes = 16 << 20;

// souphttpsrc, which fails beyond that where what it fetches is no piece of pictures. To be called
// once. 0 where it is not installed.
GType bounded_http_source();

}  // namespace dfd::monitor
