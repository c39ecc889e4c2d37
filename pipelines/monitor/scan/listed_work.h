// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A shard of the files that were named.

#pragma once

#include <string>
#include <vector>

#include "base/shard.h"
#include "scan/work.h"

namespace dfd::monitor {

class ListedWork : public Work {
 public:
  // Files and folders.
  ListedWork(const std::vector<std::string>& paths, const Shard& shard);

  std::string text() const override { return text_; }
  std::optional<std::size_t> size() const override { return files_.size(); }
  std::optional<Task> next() override;
  bool is_over() const override { return next_ == files_.size(); }
  bool takes_back(const Task& task, const FileError& error) override;
  void settle(const Task& task, bool failed) override;
  void stop() override {}
  void end(Totals& totals) override;

 private:
  std::string text_;
  std::vector<ListedFile> files_;
  std::size_t next_ = 0;
  bool others_have_some_ = false;
};

}  // namespace dfd::monitor
