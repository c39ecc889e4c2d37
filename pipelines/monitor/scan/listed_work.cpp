// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/listed_work.h"

#include <utility>

namespace dfd::monitor {

ListedWork::ListedWork(const std::vector<std::string>& paths, const Shard& shard) {
  std::vector<ListedFile> all = list_files(paths);
  for (ListedFile& file : all) {
    if (shard.holds(file.path)) files_.push_back(std::move(file));
  }
  others_have_some_ = files_.size() < all.size();
  text_ = std::to_string(files_.size()) + " of " + std::to_string(all.size()) + " files";
  if (shard.count > 1) {
    text_ += " fall to shard " + std::to_string(shard.index) + "/" + std::to_string(shard.count);
  }
}

std::optional<Task> ListedWork::next() {
  if (is_over()) return std::nullopt;
  const std::size_t number = next_++;
  return Task{std::move(files_[number]), number};
}

bool ListedWork::takes_back(const Task& /*task*/, const FileError& /*error*/) { return false; }

void ListedWork::settle(const Task& /*task*/, bool /*failed*/) {}

void ListedWork::end(Totals& totals) {
  totals.remaining = files_.size() - next_;
  totals.elsewhere = others_have_some_;
}

}  // namespace dfd::monitor
