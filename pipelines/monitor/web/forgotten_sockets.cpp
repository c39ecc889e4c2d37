// SPDX-License-Identifier: LGPL-2.1-or-later

#include "forgotten_sockets.h"

namespace dfd::monitor {

ForgottenSockets::~ForgottenSockets() {
  for (Entry& entry : all_) g_weak_ref_clear(&entry.socket);
}

void ForgottenSockets::add(Time now, GSocket* socket) {
  Entry& entry = all_.emplace_back();
  entry.since = now;
  g_weak_ref_init(&entry.socket, socket);
}

void ForgottenSockets::update(Time now) {
  all_.remove_if([&](Entry& entry) {
    if (now - entry.since < kAfter) return false;
    auto* socket = static_cast<GSocket*>(g_weak_ref_get(&entry.socket));
    if (socket != nullptr) {
      // Ours, and one more. Where the library lets go of it there is no socket any more.
      const bool is_forgotten =
          g_socket_is_closed(socket) != FALSE && G_OBJECT(socket)->ref_count == 2;
      g_object_unref(socket);
      if (!is_forgotten) return false;
      g_object_unref(socket);
    }
    g_weak_ref_clear(&entry.socket);
    return true;
  });
}

}  // namespace dfd::monitor
