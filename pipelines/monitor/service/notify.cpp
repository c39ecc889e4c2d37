// SPDX-License-Identifier: LGPL-2.1-or-later

#include "notify.h"

#ifdef DFD_WITH_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace dfd::monitor {

#ifdef DFD_WITH_SYSTEMD
void notify_ready() { sd_notify(0, "READY=1"); }
void notify_reloading() { sd_notify(0, "RELOADING=1"); }
void notify_stopping() { sd_notify(0, "STOPPING=1"); }
void notify_alive() {
  static const bool wanted = sd_watchdog_enabled(0, nullptr) > 0;
  if (wanted) sd_notify(0, "WATCHDOG=1");
}
#else
void notify_ready() {}
void notify_reloading() {}
void notify_stopping() {}
void notify_alive() {}
#endif

}  // namespace dfd::monitor
