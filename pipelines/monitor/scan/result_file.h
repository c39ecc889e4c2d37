// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The lines of a scan on disk: what stands there is there after a crash, too.

#pragma once

#include <map>
#include <string>

#include "scan/file_result.h"

namespace dfd::monitor {

class ResultFile {
 public:
  // By path; of a path's lines the last.
  using Recorded = std::map<std::string, RecordedFile>;

  // "-" is standard output, else the file is made (mode 0640) or written on. With `resume` a cut
  // last line and the last summary are dropped, and the rest is read. One scan at a time has the
  // file. Throws std::runtime_error where it cannot be had.
  ResultFile(const std::string& path, bool resume);
  ~ResultFile();
  ResultFile(const ResultFile&) = delete;
  ResultFile& operator=(const ResultFile&) = delete;

  const Recorded& recorded() const { return recorded_; }

  // A line without its newline; on disk when this comes back. Throws std::runtime_error.
  void write(std::string line);

 private:
  void open_file(bool resume);
  void read_recorded();
  void end_cut_line();

  std::string path_;
  int file_;
  Recorded recorded_;
};

}  // namespace dfd::monitor
