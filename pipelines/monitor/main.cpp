// SPDX-License-Identifier: LGPL-2.1-or-later
//
// deepfake-monitor: watches live streams and raises alarms.

#include <gst/gst.h>

#include "base/log.h"
#include "commands/commands.h"

int main(int argc, char** argv) {
  gst_init(nullptr, nullptr);
  dfd::monitor::mask_debug_lines();
  return dfd::monitor::run_command_line(argc, argv);
}
