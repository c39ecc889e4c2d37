// SPDX-License-Identifier: LGPL-2.1-or-later

#include "evidence_reader.h"

namespace dfd::monitor {

void read_evidence(TableReader& table, EvidenceConfig& evidence) {
  constexpr double kHour = 3600;
  auto entry = table.table("evidence");
  if (!entry) return;
  evidence.wanted = entry->flag("enabled").value_or(true);
  evidence.pre_roll_s = entry->number("pre_roll_s", 0, kHour).value_or(evidence.pre_roll_s);
  evidence.post_roll_s = entry->number("post_roll_s", 0, kHour).value_or(evidence.post_roll_s);
  evidence.max_clip_s = entry->number("max_clip_s", 1, kHour).value_or(evidence.max_clip_s);
  evidence.heatmap = entry->flag("heatmap").value_or(evidence.heatmap);
  if (evidence.max_clip_s <= evidence.pre_roll_s) {
    entry->fail("max_clip_s", "must be greater than pre_roll_s: the clip begins with that");
  }
  entry->finish();
}

void read_evidence_limits(TableReader& root, EvidenceLimits& limits) {
  // Less holds no clip, more no file system.
  constexpr double kLeastBytes = 1e6;
  constexpr double kMostBytes = 1e15;
  constexpr double kMostDays = 36500;
  auto table = root.table("evidence");
  if (!table) return;
  limits.max_bytes = table->number("max_bytes", kLeastBytes, kMostBytes).value_or(limits.max_bytes);
  limits.ring_max_bytes = table->number("ring_max_bytes", kLeastBytes, kMostBytes);
  limits.retain_days = table->number("retain_days", 1, kMostDays).value_or(limits.retain_days);
  table->finish();
}

}  // namespace dfd::monitor
