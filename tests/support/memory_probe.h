// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory LibTorch asks for on this thread, as its own profiler would learn it.

#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace dfd::test {

// The type of the totals, which newer versions of LibTorch count without a sign.
template <typename Total>
Total total_of(void (c10::MemoryReportingInfoBase::*)(void*, std::int64_t, Total, Total,
                                                      c10::Device));
using MemoryTotal = decltype(total_of(&c10::MemoryReportingInfoBase::reportMemoryUsage));

class MemoryCounts : public c10::MemoryReportingInfoBase {
 public:
  bool memoryProfilingEnabled() const override { return true; }
  void reportMemoryUsage(void* /*pointer*/, std::int64_t bytes, MemoryTotal /*allocated*/,
                         MemoryTotal /*reserved*/, c10::Device /*device*/) override {
    held_ += bytes;
    largest_ = std::max(largest_, bytes);
    most_ = std::max(most_, held_);
  }

  std::int64_t largest() const { return largest_; }
  std::int64_t most() const { return most_; }

 private:
  std::int64_t held_ = 0, largest_ = 0, most_ = 0;
};

// Counts while it lives.
class MemoryProbe {
 public:
  std::int64_t largest() const { return counts_->largest(); }  // Bytes of one tensor.
  std::int64_t most() const {
    return counts_->most();
  }  // Bytes at a time, beside what was
     // there before.

 private:
  std::shared_ptr<MemoryCounts> counts_ = std::make_shared<MemoryCounts>();
  c10::DebugInfoGuard guard_{c10::DebugInfoKind::PROFILER_STATE, counts_};
};

}  // namespace dfd::test
