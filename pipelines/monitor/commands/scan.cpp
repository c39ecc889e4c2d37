// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/scan.h"

#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>

#include "base/exit_code.h"
#include "base/log.h"
#include "commands/commands.h"
#include "scan/file_list.h"

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

ScanSettings settings_of(const ScanOptions& options) {
  ScanSettings settings;
  settings.shard = shard_of(options);
  settings.paths = options.paths;
  if (!options.list.empty()) {
    for (std::string& path : read_list(options.list)) settings.paths.push_back(std::move(path));
  }
  settings.output = options.output;
  settings.resume = options.resume;
  settings.jobs = options.jobs;
  settings.timeout_s = options.timeout_s;
  if (!options.sample_rate.empty()) {
    settings.detect.push_back({"sample-rate", options.sample_rate, {}, {}});
  }
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
    if (options.paths.empty() && options.list.empty()) {
      throw std::invalid_argument("scan wants files or folders, or --list");
    }
    if (options.resume && options.output == "-") {
      throw std::invalid_argument("--resume wants the file to go on with: -o FILE");
    }
    ScanOutcome outcome;
    {
      Scan scan(settings_of(options));
      outcome = scan.run();
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
