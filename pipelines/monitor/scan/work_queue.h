// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A queue of files in NATS JetStream that workers on many machines share. A file that is in hand is
// claimed again and again, so that whatever a dead worker had goes to another one.

#pragma once

#include <memory>

#include "scan/queue_address.h"
#include "scan/work.h"

namespace dfd::monitor {

// Connects, and makes stream and consumer where they are missing. Of `jobs` files at once; with
// `until_empty` it is over once every file of the queue is settled, by whomever. Throws
// std::runtime_error, also where the program was built without libnats.
std::unique_ptr<Work> open_work_queue(const QueueAddress& address, unsigned jobs, bool until_empty);

}  // namespace dfd::monitor
