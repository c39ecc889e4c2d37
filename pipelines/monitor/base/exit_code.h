// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

namespace dfd::monitor {

// How the program ends. docs/monitor.md has them by command.
enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,
  kExitConfig = 3,
  // check-config --connect: a source cannot be reached; probe: no frame came.
  kExitUnreachable = 4,
  kExitNotAuthorized = 5,
  // scan: what was found, the worst of what is true; scan/totals.h has the order.
  kExitManipulated = 10,
  kExitUndecided = 11,
  kExitSomeFailed = 20,
  kExitNoneReadable = 21,
  // EX_SOFTWARE of sysexits.h: the supervisor above starts the program anew.
  kExitStuck = 70,
};

}  // namespace dfd::monitor
