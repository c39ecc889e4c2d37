// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

namespace dfd::monitor {

// docs/schema/monitor-event.schema.json
extern const char* const kEventSchema;

}  // namespace dfd::monitor
