// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which URIs this process opens at all. hlsdemux fetches playlists and keys by elements that it
// shows to nobody, whatever URI a playlist from afar names: there must be none for files and
// devices of this machine.

#pragma once

#include <string>

namespace dfd::monitor {

// Of the whole process, once: from then on GStreamer opens no URIs but those of networks that
// sources may have, and what local_uri() gives. filesrc is there by its name as before. Any thread.
void guard_uris();

// What opens a file all the same, of its "file:///PATH". Its protocol is drawn by lot, so that
// nobody can name it from afar.
std::string local_uri(const std::string& uri);
// Whether it is one of those.
bool is_local(const std::string& uri);

}  // namespace dfd::monitor
