// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What commands share: JSON for programs on stdout, words for people on stderr, how the program
// ends.

#pragma once

#include <atomic>
#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

#include "data/progress.h"

namespace dfd::commands {

using Json = nlohmann::ordered_json;

// A line for people.
void say(const std::string& text);

// A line that is drawn over itself on a terminal, and printed a few times in a log.
void show_progress(const std::string& what, int done, int of);

// Shows how far the embedding of clips is.
EmbedProgress embed_progress();

// A line for programs. Throws Error(kIo).
void print(const Json& line);

// What the program returns; 1 for an error.
constexpr int kDone = 0;
constexpr int kOutOfTime = 4;   // There is more to do; --resume goes on.
constexpr int kManyFailed = 3;  // More than a tenth of the clips; the result is there all the same.
constexpr int kFaults = 4;      // Found in the data that were to be checked.

int status_of(std::size_t failed, std::size_t clips);

// From now on SIGINT and SIGTERM only ask to stop: the flag is set. The second time they end the
// program at once, as usual.
void heed_stop_signals();
const std::atomic<bool>& stop_requested();

}  // namespace dfd::commands
