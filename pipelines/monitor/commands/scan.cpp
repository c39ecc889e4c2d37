// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/scan.h"

#include <glib.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "base/exit_code.h"
#include "base/log.h"
#include "commands/commands.h"
#include "scan/file_list.h"
#include "scan/listed_work.h"
#include "scan/queue_address.h"
#include "scan/work_queue.h"

namespace dfd::monitor {
namespace {

Shard shard_of(const ScanOptions& options) {
  if (!options.shard.empty()) return parse_shard(options.shard);
  const auto slurm = slurm_shard([](const char* name) -> const char* { return std::getenv(name); });
  if (!slurm) return {};
  log_line("scan: shard " + std::to_string(slurm->shard.index) + "/" +
           std::to_string(slurm->shard.count) + ", by " + slurm->source);
  return slurm->shard;
}

// Files of its own for workers that share a folder.
std::string output_of(const ScanOptions& options) {
  std::error_code error;
  if (options.queue.empty() || !std::filesystem::is_directory(options.output, error)) {
    return options.output;
  }
  return options.output + "/" + g_get_host_name() + "-" + std::to_string(getpid()) + ".jsonl";
}

std::unique_ptr<Work> queue_of(const ScanOptions& options) {
  if (options.queue.empty()) return nullptr;
  const QueueAddress address = parse_queue_address(options.queue, options.queue_credentials);
  return open_work_queue(address, options.jobs, options.until_empty);
}

std::unique_ptr<Work> list_of(const ScanOptions& options, const Shard& shard) {
  std::vector<std::string> paths = options.paths;
  if (!options.list.empty()) {
    for (std::string& path : read_list(options.list)) paths.push_back(std::move(path));
  }
  return std::make_unique<ListedWork>(paths, shard);
}

void check(const ScanOptions& options) {
  const bool named = !options.paths.empty() || !options.list.empty();
  if (options.queue.empty()) {
    if (!named) throw std::invalid_argument("scan wants files or folders, --list or --queue");
    if (options.until_empty || !options.queue_credentials.empty()) {
      throw std::invalid_argument("--until-empty and --queue-credentials want a --queue");
    }
  } else if (named || !options.shard.empty()) {
    throw std::invalid_argument(
        "with --queue files come from there: leave out PATH, --list and "
        "--shard");
  }
  if (options.resume && options.output == "-") {
    throw std::invalid_argument("--resume wants the file to go on with: -o FILE");
  }
  if (options.heatmaps && options.pictures.empty()) {
    throw std::invalid_argument("--heatmaps wants the folder where they go: --pictures FOLDER");
  }
}

ScanSettings settings_of(const ScanOptions& options) {
  ScanSettings settings;
  // A queue shares out by itself.
  if (options.queue.empty()) settings.shard = shard_of(options);
  settings.output = output_of(options);
  settings.resume = options.resume;
  settings.jobs = options.jobs;
  settings.timeout_s = options.timeout_s;
  if (!options.sample_rate.empty()) {
    settings.detect.push_back({"sample-rate", options.sample_rate, {}, {}});
  }
  settings.pictures = options.pictures;
  if (options.heatmaps) settings.detect.push_back({"explain", "true", {}, {}});
  for (const std::string& property : options.detect) {
    const std::size_t equals = property.find('=');
    if (equals == std::string::npos) {
      throw std::invalid_argument("--detect wants NAME=VALUE, but got " + property);
    }
    settings.detect.push_back({property.substr(0, equals), property.substr(equals + 1), {}, {}});
  }
  return settings;
}

}  // namespace

int scan(const ScanOptions& options) {
  try {
    check(options);
    ScanOutcome outcome;
    {
      ScanSettings settings = settings_of(options);
      const Shard shard = settings.shard;
      // What is quick comes first, so that its faults show before work is done. A worker without a
      // queue leaves no empty file.
      std::unique_ptr<Work> work = queue_of(options);
      Scan scan(std::move(settings));
      if (work == nullptr) work = list_of(options, shard);
      outcome = scan.run(*work);
    }
    // Threads that never end would hold up the usual way out.
    if (outcome.is_stuck) _exit(outcome.exit_code);
    return outcome.exit_code;
  } catch (const std::invalid_argument& error) {
    log_line(error.what());
    return kExitUsage;
  } catch (const PropertyError& error) {
    log_line(error.what());
    return kExitUsage;
  } catch (const std::exception& error) {
    log_line(error.what());
    return kExitFailed;
  }
}

}  // namespace dfd::monitor
