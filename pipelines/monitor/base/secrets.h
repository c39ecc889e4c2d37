// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What must never be read in logs, events or metrics: users and passwords of sources.

#pragma once

#include <string>
#include <string_view>

namespace dfd::monitor {

// Empty where a source wants none.
struct Credentials {
  std::string user;
  std::string password;
};

// From now on masked() hides the password, in the forms in which it crosses the wire too. Any
// thread.
void remember_secret(const Credentials& credentials);

// Text of foreign origin without what is secret in it: whatever stands before the @ of a URI, what
// stands behind the ? of one, and passwords that were remembered. It hides rather too much. Any
// thread.
std::string masked(std::string_view text);

}  // namespace dfd::monitor
