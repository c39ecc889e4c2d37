// SPDX-License-Identifier: LGPL-2.1-or-later

#include "store/audit.h"

#include <iostream>
#include <string>

#include "base/exit_code.h"
#include "base/json.h"
#include "base/log.h"
#include "commands/commands.h"
#include "config/config.h"
#include "store/state_folder.h"

namespace dfd::monitor {
namespace {

void print(const AuditEntry& entry) {
  const Json object = {{"number", entry.number},
                       {"time", utc_text(entry.time)},
                       {"by", entry.by},
                       {"action", entry.action},
                       {"subject", entry.subject},
                       {"detail", Json::parse(entry.detail, nullptr, false)},
                       {"previous", entry.previous},
                       {"hash", entry.hash}};
  std::cout << text_of(object) << "\n";
}

}  // namespace

int audit(const std::string& config_file) {
  return with_config([&] {
    const Config config = read_config(config_file);
    const std::string folder = config.state_dir.empty() ? default_state_folder() : config.state_dir;
    Database database(folder + "/state.sqlite", Database::Access::kRead);
    const AuditCheck check = check_audit(database, print);
    std::cout << std::flush;
    const std::string good = std::to_string(check.entries) + " entries are as they were written";
    if (check.broken) {
      log_line("audit: entry " + std::to_string(*check.broken) +
               " was changed, or is not there; before it " + good);
      return kExitFailed;
    }
    log_line("audit: " + good + "; the last one's hash is " + check.last_hash);
    return kExitDone;
  });
}

}  // namespace dfd::monitor
