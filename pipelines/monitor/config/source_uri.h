// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Addresses of sources, and who may open them.

#pragma once

#include <string>

#include "base/secrets.h"

namespace dfd::monitor {

enum class SourceKind { kRtsp, kSrt, kRtmp, kUdp, kHls, kFile };

struct SourceUri {
  // Without user, password and passphrase.
  std::string uri;
  Credentials credentials;
};

// Takes a URI apart. Throws std::invalid_argument, whose text never holds the URI, where it is none
// or of a kind that the monitor does not play.
SourceUri split_source_uri(const std::string& uri);

// Of a URI that split_source_uri() gave.
SourceKind kind_of(const std::string& uri);

// A parameter of the URI's query, unescaped; empty where it is not there.
std::string query_parameter(const std::string& uri, const std::string& name);

// The first line of what `place` names: "env:VARIABLE" or "file:PATH". `what` is said in errors.
// Throws std::invalid_argument, whose text never holds what was read.
std::string read_secret(const std::string& place, const std::string& what);

// What `credentials` in the configuration names: "env:VARIABLE" or "file:PATH", there
// "USER:PASSWORD" on the first line, for SRT ":PASSPHRASE". Throws std::invalid_argument, whose
// text never holds what was read.
Credentials read_credentials(const std::string& place, SourceKind kind);

// As read_credentials("file:PATH").
Credentials read_credentials_file(const std::string& path, SourceKind kind);

}  // namespace dfd::monitor
