// SPDX-License-Identifier: LGPL-2.1-or-later

#include <CLI/CLI.hpp>

#include "base/exit_code.h"
#include "base/version.h"
#include "commands/commands.h"

namespace dfd::monitor {
namespace {

void add_queue_credentials(CLI::App& command, std::string& credentials) {
  command.add_option("--queue-credentials", credentials,
                     "env:VARIABLE or file:PATH with USER:PASSWORD or a token");
}

CLI::App* add_scan(CLI::App& app, ScanOptions& options) {
  // Enough for the files of any machine, and far below its limit of threads.
  constexpr unsigned kMostJobs = 256;
  auto* command = app.add_subcommand("scan", "Judge files of video, a line of JSON each");
  command->add_option("PATH", options.paths, "Files, and folders with all below them");
  command->add_option("--list", options.list, "File with a path a line; -: standard input");
  command->add_option("-o,--output", options.output, "File that lines are appended to")
      ->capture_default_str();
  command->add_flag("--resume", options.resume, "Go on with what the output does not have yet");
  command->add_option("--shard", options.shard,
                      "I/N: of N shares of the files the one with number I, from 0");
  command->add_option("--queue", options.queue,
                      "nats://HOST:PORT/STREAM/CONSUMER: where files come from instead");
  add_queue_credentials(*command, options.queue_credentials);
  command->add_flag("--until-empty", options.until_empty,
                    "End when the queue has no file any more");
  command->add_option("--jobs", options.jobs, "Files at once")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMostJobs));
  command->add_option("--timeout", options.timeout_s, "Seconds that a file may take")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 1e6));
  command->add_option("--sample-rate", options.sample_rate,
                      "Samples a second, such as 5/1; else the model's");
  command->add_option("--pictures", options.pictures, "Folder for a small picture of each face");
  command->add_flag("--heatmaps", options.heatmaps,
                    "Another of each suspicious face: where it looks forged");
  command
      ->add_option("--detect", options.detect,
                   "NAME=VALUE: a property of deepfakedetect, such as model-file")
      ->take_all()
      ->allow_extra_args(false);
  return command;
}

CLI::App* add_enqueue(CLI::App& app, EnqueueOptions& options) {
  auto* command = app.add_subcommand("scan-enqueue", "Put files into a queue that scans share");
  command->add_option("QUEUE", options.queue, "nats://HOST:PORT/STREAM")->required();
  command->add_option("PATH", options.paths, "Files, and folders with all below them");
  command->add_option("--list", options.list, "File with a path a line; -: standard input");
  add_queue_credentials(*command, options.queue_credentials);
  return command;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Watches live streams for manipulated faces, and raises alarms", "deepfake-monitor");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  std::string config;
  auto* run_command =
      app.add_subcommand("run", "Watch the streams of a configuration until SIGTERM");
  run_command->add_option("CONFIG", config, "TOML file")->required();

  bool connect = false;
  auto* check_command = app.add_subcommand("check-config", "Say whether a configuration is right");
  check_command->add_option("CONFIG", config, "TOML file")->required();
  check_command->add_flag("--connect", connect, "Open each source, too");

  std::string uri;
  std::string credentials;
  double timeout_s = 10;
  auto* probe_command = app.add_subcommand("probe", "Say what a source gives");
  probe_command->add_option("URI", uri, "Such as rtsp://HOST/PATH")->required();
  probe_command->add_option("--credentials", credentials, "File with USER:PASSWORD");
  probe_command->add_option("--timeout", timeout_s, "Seconds until the first picture")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));

  ScanOptions scan_options;
  auto* scan_command = add_scan(app, scan_options);

  EnqueueOptions enqueue_options;
  auto* enqueue_command = add_enqueue(app, enqueue_options);

  std::vector<std::string> result_files;
  std::string folder;
  std::string pictures;
  auto* page_command = app.add_subcommand("scan-page", "Write what scans found as pages of HTML");
  page_command->add_option("RESULT", result_files, "Files of lines, such as those of all shards")
      ->required();
  page_command->add_option("-o,--output", folder, "Folder of index.html and further parts")
      ->required();
  page_command->add_option("--pictures", pictures,
                           "Folder of the scans' pictures, which are copied");

  auto* audit_command =
      app.add_subcommand("audit", "Print who changed what, and check that nobody changed that");
  audit_command->add_option("CONFIG", config, "TOML file")->required();

  auto* export_command = app.add_subcommand(
      "export-manifest", "Write what was said of alarms for the trainer to learn from");
  export_command->add_option("CONFIG", config, "TOML file")->required();
  export_command->add_option("-o,--output", folder, "Folder of manifest.jsonl and its pictures")
      ->required();

  auto* schema_command = app.add_subcommand("schema", "Print the JSON schema of the events");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // --help and --version come this way, too.
    return app.exit(error) == 0 ? kExitDone : kExitUsage;
  }
  if (run_command->parsed()) return run(config);
  if (check_command->parsed()) return check_config(config, connect);
  if (probe_command->parsed()) return probe_source(uri, credentials, timeout_s);
  if (scan_command->parsed()) return scan(scan_options);
  if (enqueue_command->parsed()) return scan_enqueue(enqueue_options);
  if (page_command->parsed()) return scan_page(result_files, folder, pictures);
  if (audit_command->parsed()) return audit(config);
  if (export_command->parsed()) return export_manifest(config, folder);
  if (schema_command->parsed()) return print_schema();
  return kExitUsage;
}

}  // namespace dfd::monitor
