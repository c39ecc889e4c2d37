// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a queue of files is: docs/monitor.md, "A queue".

#pragma once

#include <string>

#include "base/secrets.h"

namespace dfd::monitor {

struct QueueAddress {
  // As libnats takes it: "nats://HOST:PORT".
  std::string server;
  bool tls = false;
  // Of JetStream. The subject that files are put under bears the stream's name.
  std::string stream;
  std::string consumer;
  // A user and a password; or a token, with no user; or nothing.
  Credentials credentials;
  // In place of these a file of NATS's own, with a user's JWT and key, which is read anew for each
  // connection; or empty.
  std::string credentials_file;
};

// "nats://HOST[:PORT]/STREAM[/CONSUMER]", or with tls. `credentials` is "env:VARIABLE" or
// "file:PATH", with USER:PASSWORD or a token there, or empty; they are remembered for masked(). A
// file may also be one of NATS's own. Throws std::invalid_argument, whose text holds no secret.
QueueAddress parse_queue_address(const std::string& uri, const std::string& credentials);

}  // namespace dfd::monitor
