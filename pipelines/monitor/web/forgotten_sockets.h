// SPDX-License-Identifier: LGPL-2.1-or-later
//
// libsoup 3.2 forgets to let go of each socket that it accepts, so that every request would cost a
// third of a kilobyte for ever; later ones do not. Here is let go of what it forgot. Used on the
// server's thread.

#pragma once

#include <gio/gio.h>

#include <list>

#include "base/clock.h"

namespace dfd::monitor {

class ForgottenSockets {
 public:
  ForgottenSockets() = default;
  ~ForgottenSockets();
  ForgottenSockets(const ForgottenSockets&) = delete;
  ForgottenSockets& operator=(const ForgottenSockets&) = delete;

  // Of a connection that is over. It is not held.
  void add(Time now, GSocket* socket);

  // Drops the last reference of those that are closed, and that nobody has let go of for kAfter.
  void update(Time now);

  // Longer than a connection takes to close.
  static constexpr Duration kAfter = std::chrono::seconds(2);

 private:
  struct Entry {
    // Knows where it is, so that it must stay there.
    GWeakRef socket;
    Time since;
  };

  std::list<Entry> all_;
};

}  // namespace dfd::monitor
