// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Keeps those who connect from holding what is everybody's: too many, too slow or too much of them
// are cut off. Each connection carries one request. Used on the server's thread.

#pragma once

#include <libsoup/soup.h>

#include <list>
#include <memory>

#include "base/clock.h"
#include "web/forgotten_sockets.h"
#include "web/limits.h"

namespace dfd::monitor {

class Connections {
 public:
  explicit Connections(const WebLimits& limits) : limits_(limits) {}
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Of a connection that has just come. Where there are too many, the oldest one that has not asked
  // anything yet makes room, and if there is none the new one goes.
  void add(SoupServerMessage* message);

  // Those whose time has run out go.
  void update(Time now);

  // The body of its request is longer than it may be, and was dropped.
  static bool is_too_long(SoupServerMessage* message);

 private:
  struct Connection;

  WebLimits limits_;
  std::list<Connection*> all_;
  ForgottenSockets forgotten_;
};

// Ends the message's connection, whatever it is about to do.
void cut_off(SoupServerMessage* message);

}  // namespace dfd::monitor
