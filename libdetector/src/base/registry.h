// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A list of kinds by their names in model files.

#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "base/check.h"

namespace dfd {

// Thread-safe. Entries stay where they are.
template <typename Kind>
class KindRegistry {
 public:
  // key: of the metadata, for complaints.
  KindRegistry(std::string key, std::map<std::string, Kind> kinds)
      : key_(std::move(key)), kinds_(std::move(kinds)) {}

  void add(const std::string& name, Kind kind) {
    const std::lock_guard<std::mutex> lock(mutex_);
    DFD_CHECK(kinds_.emplace(name, std::move(kind)).second);
  }

  // Throws Error(kUnsupportedModel). where: the file.
  const Kind& get(const std::string& name, const std::string& where) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = kinds_.find(name);
    if (found != kinds_.end()) return found->second;
    std::string known;
    for (const auto& [other, kind] : kinds_)
      known += (known.empty() ? "\"" : ", \"") + other + "\"";
    throw Error(ErrorCode::kUnsupportedModel,
                where + ": " + key_ + " \"" + name + "\", this version knows " + known);
  }

 private:
  const std::string key_;
  mutable std::mutex mutex_;  // Guards the map. A leaf.
  std::map<std::string, Kind> kinds_;
};

}  // namespace dfd
