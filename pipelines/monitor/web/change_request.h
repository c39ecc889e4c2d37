// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What somebody wants to change: POST to /api/v1/alarms/ID/ack and /label, to
// /api/v1/streams/ID/mute and /unmute; docs/monitor-api.md.

#pragma once

#include <optional>
#include <string>

#include "store/board.h"
#include "store/changes.h"
#include "web/access.h"
#include "web/http.h"

namespace dfd::monitor {

// The path is one of these, whatever its id is.
bool is_change_path(const std::string& path);

// Of such a path. Where it cannot be done, `fault` says why.
Change read_change(const HttpRequest& request, const WebUser& user, const Board& board,
                   WallTime now, std::optional<HttpResponse>& fault);

// Nothing where it was done.
std::optional<HttpResponse> fault_of(const ChangeResult& result);

// [0-9A-Z]{26} of base/identifier.h.
bool is_alarm_id(const std::string& id);

}  // namespace dfd::monitor
