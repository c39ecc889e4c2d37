// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Addresses of sources, and who may open them.

#pragma once

#include <string>

#include "base/secrets.h"

namespace dfd::monitor {

struct SourceUri {
  // Without user and password.
  std::string uri;
  Credentials credentials;
};

// Takes a URI apart. Throws std::invalid_argument, whose text never holds the URI, where it is none
// or of a kind that the monitor does not play.
SourceUri split_source_uri(const std::string& uri);

// What `credentials` in the configuration names: "env:VARIABLE" or "file:PATH", there
// "USER:PASSWORD" on the first line. Throws std::invalid_argument, whose text never holds what was
// read.
Credentials read_credentials(const std::string& place);

// As read_credentials("file:PATH").
Credentials read_credentials_file(const std::string& path);

}  // namespace dfd::monitor
