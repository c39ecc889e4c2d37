// SPDX-License-Identifier: LGPL-2.1-or-later

#include "segment.h"

#include <sys/stat.h>

#include <cstdio>

namespace dfd::monitor {

void ByteCount::add(std::uint64_t bytes) {
  bytes_ += bytes;
  if (all_ != nullptr) all_->add(bytes);
}

void ByteCount::take_away(std::uint64_t bytes) {
  bytes_ -= bytes;
  if (all_ != nullptr) all_->take_away(bytes);
}

SegmentFile::~SegmentFile() {
  std::remove(path_.c_str());
  used_->take_away(bytes_);
}

void SegmentFile::grow(std::uint64_t bytes) {
  bytes_ += bytes;
  used_->add(bytes);
}

void SegmentFile::measure() {
  struct stat found {};
  if (stat(path_.c_str(), &found) != 0) return;
  used_->take_away(bytes_);
  bytes_ = static_cast<std::uint64_t>(found.st_size);
  used_->add(bytes_);
}

}  // namespace dfd::monitor
