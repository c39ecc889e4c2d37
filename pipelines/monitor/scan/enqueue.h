// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Fills the queue that work_queue.h empties.

#pragma once

#include <cstdint>
#include <vector>

#include "scan/file_list.h"
#include "scan/queue_address.h"

namespace dfd::monitor {

struct Enqueued {
  std::uint64_t put = 0;
  // Was put there a short while ago.
  std::uint64_t there_already = 0;
};

// Puts files into the queue, and makes it where it is missing. Throws std::runtime_error; run again
// it goes on where it was.
Enqueued enqueue(const QueueAddress& address, const std::vector<ListedFile>& files);

}  // namespace dfd::monitor
