// SPDX-License-Identifier: LGPL-2.1-or-later
//
// In place of work_queue.cpp and enqueue.cpp where libnats is missing.

#include <stdexcept>

#include "scan/enqueue.h"
#include "scan/work_queue.h"

namespace dfd::monitor {
namespace {

[[noreturn]] void refuse() {
  throw std::runtime_error(
      "this program was built without libnats: there is no queue; build it with -Dnats=enabled");
}

}  // namespace

std::unique_ptr<Work> open_work_queue(const QueueAddress& /*address*/, unsigned /*jobs*/,
                                      bool /*until_empty*/) {
  refuse();
}

Enqueued enqueue(const QueueAddress& /*address*/, const std::vector<ListedFile>& /*files*/) {
  refuse();
}

}  // namespace dfd::monitor
