// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A look at a source: does it give pictures, and which?

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/secrets.h"
#include "streams/failure.h"

namespace dfd::monitor {

struct ProbeResult {
  std::uint64_t frames = 0;
  int width = 0;
  int height = 0;
  // Pictures a second, as they came; 0 where one came or none.
  double fps = 0;
  // From opening the source.
  double first_frame_s = 0;
  // As GStreamer describes it; empty where it does not.
  std::string codec;
  // Why there are no pictures; nothing where there are.
  std::optional<Failure> failure;
};

// Opens the source and decodes it for a second from its first picture on. Runs the main loop of the
// calling thread. Throws MissingElement.
ProbeResult probe(const std::string& uri, const Credentials& credentials, double timeout_s);

}  // namespace dfd::monitor
