// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Lines for people, on stderr, masked. stdout belongs to JSON.

#pragma once

#include <string>
#include <string_view>

namespace dfd::monitor {

// "deepfake-monitor: TEXT", in one write. Any thread.
void log_line(std::string_view text);

// A text that stays on the terminal below all lines until there is another, or none (""); nothing
// where stderr is no terminal. Of one line, which is cut to the terminal's width. Any thread.
void show_status(const std::string& text);

// GStreamer's debug lines are masked from now on, too: with GST_DEBUG set they hold whole requests.
void mask_debug_lines();

}  // namespace dfd::monitor
