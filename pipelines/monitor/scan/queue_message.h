// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a queue's messages say: docs/monitor.md, "A queue". Thread-safe.

#pragma once

#include <string>
#include <string_view>

#include "scan/file_list.h"

namespace dfd::monitor {

// The file that a message names. Throws std::invalid_argument, which says what is wrong.
ListedFile read_queue_message(std::string_view message);

std::string queue_message(const ListedFile& file);

// The same for a file that did not change: by this the server knows what was put there twice.
std::string queue_message_id(const ListedFile& file);

}  // namespace dfd::monitor
