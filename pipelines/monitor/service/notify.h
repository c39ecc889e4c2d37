// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What systemd is told. Nothing happens where it did not start us, or the program was built without
// it.

#pragma once

namespace dfd::monitor {

void notify_ready();
// The configuration is read anew, until notify_ready().
void notify_reloading();
void notify_stopping();

// The main loop is alive. Only sent where the unit asks for it.
void notify_alive();

}  // namespace dfd::monitor
