// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A scan of an archive: some files at a time, all judged by one copy of the model.

#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/shard.h"
#include "config/config.h"
#include "scan/file_scan.h"
#include "scan/progress.h"
#include "scan/result_file.h"
#include "scan/totals.h"
#include "scan/work.h"
#include "streams/stuck_limit.h"

namespace dfd::monitor {

struct ScanSettings {
  // "-" is standard output.
  std::string output = "-";
  bool resume = false;
  // Which the files are, for the summary.
  Shard shard;
  // At least 1.
  unsigned jobs = 1;
  double timeout_s = 3600;
  // The folder where pictures of faces go; empty: there are none.
  std::string pictures;
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

  // Until all files of `work` have their line, or SIGTERM or SIGINT: then those that run are ended.
  // A second signal ends the process. Throws PropertyError, MissingElement, and std::runtime_error
  // where the model cannot be loaded, the output not be written, or the work not be had.
  ScanOutcome run(Work& work);

 private:
  struct Running {
    Running(Task from, std::optional<RecordedFile> earlier, Duration timeout,
            FileScan::MakeDetect make_detect, std::string pictures, Time now)
        : task(std::move(from)),
          scan(task.file, std::move(earlier), timeout, std::move(make_detect), std::move(pictures),
               now) {}
    Task task;
    FileScan scan;
  };

  void start_files(Time now);
  void take_result(const Task& task, const FileScan& scan);
  void note_stuck(Time now);
  void show(ProgressLine& line, Time now) const;
  void log_result(const FileResult& result, const std::string& said) const;
  static gboolean on_signal(gpointer data);

  ScanSettings settings_;
  StreamConfig stream_;
  ResultFile output_;
  Work* work_ = nullptr;
  std::list<Running> running_;
  Totals totals_;
  // Files of this run that were not known before, and since when there are any.
  std::uint64_t looked_at_ = 0;
  Time judging_since_;
  bool stopping_ = false;
  bool is_stuck_ = false;
  StuckLimit stuck_limit_;
};

}  // namespace dfd::monitor
