// SPDX-License-Identifier: LGPL-2.1-or-later

#include <CLI/CLI.hpp>

#include "base/exit_code.h"
#include "base/version.h"
#include "commands/commands.h"

namespace dfd::monitor {

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
  if (schema_command->parsed()) return print_schema();
  return kExitUsage;
}

}  // namespace dfd::monitor
