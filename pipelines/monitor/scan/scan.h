// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A scan of an archive: some files at a time, all judged by one copy of the model.

#pragma once

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/shard.h"
#include "config/config.h"
#include "scan/file_scan.h"
#include "scan/result_file.h"
#include "scan/totals.h"

namespace dfd::monitor {

struct ScanSettings {
  // Files and folders; what --list names, too.
  std::vector<std::string> paths;
  // "-" is standard output.
  std::string output = "-";
  bool resume = false;
  Shard shard;
  // At least 1.
  unsigned jobs = 1;
  double timeout_s = 3600;
  // Of the element.
  std::vector<DetectProperty> detect;
};

struct ScanOutcome {
  int exit_code = 0;
  // Threads were left behind that never end: the process must go without waiting for them.
  bool is_stuck = false;
};

// Used by the main loop's thread, which it turns.
class Scan {
 public:
  // Opens the output, so that faults show before work is done. Throws std::runtime_error.
  explicit Scan(ScanSettings settings);

  // Until all files have their line, or SIGTERM or SIGINT: then those that run are ended. A second
  // signal ends the process. Throws PropertyError, MissingElement, and std::runtime_error where the
  // model cannot be loaded or the output not be written.
  ScanOutcome run();

 private:
  void list();
  void start_files(Time now);
  void take_result(const FileScan& scan);
  static gboolean on_signal(gpointer data);

  ScanSettings settings_;
  StreamConfig stream_;
  ResultFile output_;
  std::vector<ListedFile> files_;
  std::size_t next_ = 0;
  std::list<FileScan> running_;
  Totals totals_;
  bool stopping_ = false;
  bool is_stuck_ = false;
};

}  // namespace dfd::monitor
