// SPDX-License-Identifier: LGPL-2.1-or-later

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <memory>

#include "base/exit_code.h"
#include "base/log.h"
#include "commands/commands.h"
#include "service/monitor.h"

namespace dfd::monitor {
namespace {

// Each connection has new threads, and glibc gives threads up to eight heaps a core, in which what
// one left behind helps no other: streams that fail for hours made the program a third larger.
void share_heaps() { mallopt(M_ARENA_MAX, 2); }

// Streams have descriptors, dozens together soon more than the usual 1024. Nothing here selects()
// among them, for which that limit is kept low.
void open_many_files() {
  // More would make programs slow that look at each one that may be open.
  constexpr rlim_t kEnough = 65536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kEnough) return;
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int with_config(const std::function<int()>& work) {
  try {
    return work();
  } catch (const ConfigError& error) {
    log_line(error.what());
    return kExitConfig;
  } catch (const PropertyError& error) {
    log_line(ConfigError(error.file(), error.position(), error.what()).what());
    return kExitConfig;
  } catch (const std::exception& error) {
    log_line(error.what());
    return kExitFailed;
  }
}

int run(const std::string& config_file) {
  return with_config([&] {
    share_heaps();
    open_many_files();
    Config config = read_config(config_file);
    auto monitor = std::make_unique<Monitor>(std::move(config));
    const int code = monitor->run();
    // Threads that never end would hold up the usual way out.
    if (code == kExitStuck) _exit(code);
    return code;
  });
}

}  // namespace dfd::monitor
