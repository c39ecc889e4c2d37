// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is known of one file in the end, and its line of JSON: docs/monitor.md, "Archives".

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "scan/file_verdict.h"
#include "scan/totals.h"

namespace dfd::monitor {

// What tells whether a file is the one it was.
struct FileIdentity {
  std::uint64_t size = 0;
  // Nanoseconds since 1970.
  std::int64_t modified_ns = 0;
};

struct FileError {
  // "unreadable", "no_video", "timeout", "no_picture", or a failure of streams/failure.h.
  std::string reason;
  // For people.
  std::string text;
};

struct FileResult {
  // As in the file system.
  std::string path;
  std::optional<FileIdentity> identity;
  // 64 hexadecimal digits; empty where the file is no video or could not be read to its end.
  std::string sha256;
  std::optional<double> duration_s;
  // Where it failed, there is a decision only of a manipulated face that was found before.
  std::optional<FileError> error;
  std::optional<Decision> decision;
  std::optional<double> threshold;
  std::string model_id;
  Counts counts;
  // That it took.
  double seconds = 0;
};

// A line of the result without its newline.
std::string line_of(const FileResult& result);

// The last line. `shard` counts from 0.
std::string summary_line(const Totals& totals, std::uint64_t shard, std::uint64_t shards,
                         double seconds);

// What a line says of an earlier scan's file.
struct RecordedFile {
  std::string path;
  FileIdentity identity;
  std::string sha256;
  bool failed = false;
  Verdict verdict = Verdict::kUndecided;
};

// What is no JSON gives a value that is neither of what follows.
Json parsed(const std::string& line);

// Nothing where it is no line of a file. A file that could not even be looked at has identity 0, 0.
std::optional<RecordedFile> file_in(const Json& line);

bool is_summary(const Json& line);

}  // namespace dfd::monitor
