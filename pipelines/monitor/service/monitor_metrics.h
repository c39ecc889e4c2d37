// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The metrics of a monitor. docs/monitor.md has their table.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outputs/outputs.h"
#include "service/watched_stream.h"

namespace dfd::monitor {

struct StoreState {
  bool up = false;
  std::uint64_t errors = 0;
  std::size_t waiting = 0;
  std::uint64_t dropped = 0;
};

struct EvidenceBytes {
  std::uint64_t kept = 0;
  // Of the last seconds of all streams.
  std::uint64_t rings = 0;
};

// `heartbeat` is when the main loop last came round.
std::string metrics_text(Moment now, WallTime heartbeat,
                         const std::vector<std::unique_ptr<WatchedStream>>& streams,
                         const std::vector<Outputs::State>& outputs, const StoreState& store,
                         const EvidenceBytes& evidence,
                         std::optional<bool> canary_heard = std::nullopt);

}  // namespace dfd::monitor
