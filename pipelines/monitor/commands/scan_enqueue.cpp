// SPDX-License-Identifier: LGPL-2.1-or-later

#include <exception>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "base/exit_code.h"
#include "base/log.h"
#include "commands/commands.h"
#include "scan/enqueue.h"
#include "scan/file_list.h"
#include "scan/queue_address.h"

namespace dfd::monitor {
namespace {

// Whole paths: workers are in folders of their own.
std::vector<std::string> paths_of(const EnqueueOptions& options) {
  std::vector<std::string> paths = options.paths;
  if (!options.list.empty()) {
    for (std::string& path : read_list(options.list)) paths.push_back(std::move(path));
  }
  if (paths.empty()) throw std::invalid_argument("scan-enqueue wants files or folders, or --list");
  for (std::string& path : paths) path = std::filesystem::absolute(path).string();
  return paths;
}

}  // namespace

int scan_enqueue(const EnqueueOptions& options) {
  try {
    const QueueAddress address = parse_queue_address(options.queue, options.queue_credentials);
    const Enqueued done = enqueue(address, list_files(paths_of(options)));
    log_line("scan-enqueue: " + std::to_string(done.put) + " files put into " + address.stream +
             ", " + std::to_string(done.there_already) + " were put there within the hour");
    return kExitDone;
  } catch (const std::invalid_argument& error) {
    log_line(error.what());
    return kExitUsage;
  } catch (const std::exception& error) {
    log_line(error.what());
    return kExitFailed;
  }
}

}  // namespace dfd::monitor
