// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which files are kept for which alarm. Everything throws StoreError.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "store/database.h"

namespace dfd::monitor {

struct EvidenceFile {
  // "clip.mp4", "best.jpg", ...
  std::string name;
  // Below the store's folder: "evidence/STREAM/YYYY-MM-DD/ALARM/NAME".
  std::string path;
  std::int64_t bytes = 0;
  // Of its content, as digits.
  std::string sha256;
};

// As it is told of: without its path.
Json file_json(const EvidenceFile& file);

// Of one alarm: files that are there from now on, or all that are not any more.
struct EvidenceChange {
  std::string alarm;
  std::vector<EvidenceFile> files;
  bool gone = false;
};

// Of an alarm that is not kept nothing is.
void apply_evidence(Database& database, const EvidenceChange& change);

// In the place of one of the same name.
void write_evidence(Database& database, const std::string& alarm, const EvidenceFile& file);

// By name.
std::vector<EvidenceFile> read_evidence(Database& database, const std::string& alarm);

}  // namespace dfd::monitor
