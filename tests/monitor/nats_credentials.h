// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What NATS's own tools make for a server that knows its users by their signatures.

#pragma once

#include <string>

namespace dfd::monitor::test {

struct NatsCredentials {
  // The server's configuration.
  std::string server;
  // A user's credentials, in a file.
  std::string user;
};

// Files in `folder`; the keys are always the same. Throws std::runtime_error.
NatsCredentials make_nats_credentials(const std::string& folder);

}  // namespace dfd::monitor::test
