// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The end of the process. exit() destroys the statics of LibTorch and OpenCV while other threads
// run on; whoever is inside those libraries then crashes. So a handler of exit() refuses new work,
// wakes those who wait, and waits for the work under way, 5 s at most. It does nothing in a forked
// child, whose threads stayed behind, nor on a thread that works itself.
//
// Thread-safe.

#pragma once

#include <functional>
#include <string>

namespace dfd {

// Registers the handler. Handlers and destructors of statics run newest first, so it is to be
// registered again after whatever may have made statics; of equal names the first counts.
void guard_exit(const std::string& after);

// The handler has run. LibTorch and OpenCV must not be called any more, not even to free things.
bool process_is_ending() noexcept;

// For those who are refused.
constexpr const char* kProcessEnds = "the process is ending; nothing new is begun";

// Around work in LibTorch or OpenCV on a thread of our own, or on behalf of others. May be nested.
class GuardedWork {
 public:
  GuardedWork();
  ~GuardedWork();
  GuardedWork(const GuardedWork&) = delete;
  GuardedWork& operator=(const GuardedWork&) = delete;

  bool allowed() const noexcept { return allowed_; }  // False: the process is ending.

 private:
  bool allowed_;
};

// While one lives, the handler calls tell before it waits. tell must not use this header.
class AtProcessEnd {
 public:
  explicit AtProcessEnd(std::function<void()> tell);
  ~AtProcessEnd();
  AtProcessEnd(const AtProcessEnd&) = delete;
  AtProcessEnd& operator=(const AtProcessEnd&) = delete;

 private:
  std::function<void()> tell_;
  friend struct EndGuard;
};

}  // namespace dfd
