// SPDX-License-Identifier: LGPL-2.1-or-later

#include "evidence_files.h"

namespace dfd::monitor {

Json file_json(const EvidenceFile& file) {
  return {{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}};
}

void write_evidence(Database& database, const std::string& alarm, const EvidenceFile& file) {
  Statement(database, "INSERT OR REPLACE INTO evidence VALUES (?, ?, ?, ?, ?)")
      .bind(alarm)
      .bind(file.name)
      .bind(file.path)
      .bind(file.bytes)
      .bind(file.sha256)
      .step();
}

void apply_evidence(Database& database, const EvidenceChange& change) {
  if (change.gone)
    Statement(database, "DELETE FROM evidence WHERE alarm = ?").bind(change.alarm).step();
  Statement known(database, "SELECT 1 FROM alarms WHERE id = ?");
  if (!known.bind(change.alarm).step()) return;
  for (const EvidenceFile& file : change.files) write_evidence(database, change.alarm, file);
}

std::vector<EvidenceFile> read_evidence(Database& database, const std::string& alarm) {
  std::vector<EvidenceFile> files;
  Statement rows(database,
                 "SELECT name, path, bytes, sha256 FROM evidence WHERE alarm = ? ORDER BY name");
  rows.bind(alarm);
  while (rows.step()) {
    files.push_back({rows.text(0), rows.text(1), rows.whole(2), rows.text(3)});
  }
  return files;
}

}  // namespace dfd::monitor
