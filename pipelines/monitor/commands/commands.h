// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The commands of deepfake-monitor. JSON on stdout, lines for people on stderr; each returns an
// exit code of base/exit_code.h.

#pragma once

#include <functional>
#include <string>
#include <vector>

namespace dfd::monitor {

// Takes the command line apart and does what it says.
int run_command_line(int argc, char** argv);

// What `work` returns; what it throws about the configuration in `config_file`, or of any other
// kind, is said and becomes an exit code.
int with_config(const std::function<int()>& work);

// Watches until a signal.
int run(const std::string& config_file);

// Whether the configuration is right, and with `connect` whether each source gives pictures.
int check_config(const std::string& config_file, bool connect);

// Whether a source gives pictures, and which. `credentials_file` may be empty.
int probe_source(const std::string& uri, const std::string& credentials_file, double timeout_s);

// As they were given; what is empty was not.
struct ScanOptions {
  std::vector<std::string> paths;
  std::string list;
  std::string output = "-";
  bool resume = false;
  std::string shard;
  // Where files come from instead, and what opens it.
  std::string queue;
  std::string queue_credentials;
  bool until_empty = false;
  // On a CPU the networks of one file take all cores already.
  unsigned jobs = 1;
  double timeout_s = 3600;
  std::string sample_rate;
  // NAME=VALUE each.
  std::vector<std::string> detect;
  std::string pictures;
  bool heatmaps = false;
};

// Judges files, and says for each what was found.
int scan(const ScanOptions& options);

// As they were given.
struct EnqueueOptions {
  std::string queue;
  std::string queue_credentials;
  std::vector<std::string> paths;
  std::string list;
};

// Puts files into a queue, from which scans take them.
int scan_enqueue(const EnqueueOptions& options);

// Writes the lines of scans as pages for people into `folder`, with the pictures of faces that are
// in the folder `pictures`, if that is not empty.
int scan_page(const std::vector<std::string>& result_files, const std::string& folder,
              const std::string& pictures);

// Writes FOLDER/manifest.jsonl for the trainer, with a picture of each alarm of faces that was
// labelled.
int export_manifest(const std::string& config_file, const std::string& folder);

// Prints who changed what, a line each, and whether the log is as it was written.
int audit(const std::string& config_file);

// Prints the JSON schema of the events.
int print_schema();

}  // namespace dfd::monitor
