// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/team.h"

#include <pthread.h>
#include <sched.h>

#include <chrono>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dfd {
namespace {

// Longer than the shares of a layer differ and than a wake-up takes (50 us in a virtual machine); a
// thousandth of the time between two samples.
constexpr std::chrono::microseconds kSpin{200};

// (run, layer, piece): 32, 16 and 16 bits. The layer beyond all others says that nothing is to do.
constexpr int kLayerShift = 16;
constexpr int kRunShift = 32;
constexpr std::uint64_t kMask = 0xFFFF;
constexpr std::uint64_t kIdleLayer = kMask;

int layer_of(std::uint64_t next) { return static_cast<int>(next >> kLayerShift & kMask); }
int piece_of(std::uint64_t next) { return static_cast<int>(next & kMask); }
std::uint64_t first_of(std::uint64_t run, std::uint64_t layer) {
  return run << kRunShift | layer << kLayerShift;
}
bool is_idle(std::uint64_t next) { return (next >> kLayerShift & kMask) == kIdleLayer; }

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

}  // namespace

Team::Team(int members) : next_(first_of(0, kIdleLayer)) {
  for (int member = 1; member < members; ++member) threads_.emplace_back([this] { help(); });
}

Team::~Team() {
  ends_ = true;
  advance(first_of(++run_, kIdleLayer));
  for (std::thread& thread : threads_) thread.join();
}

void Team::help() {
  for (;;) {
    const std::uint64_t next = next_;  // Before the end is asked for, which changes it.
    if (ends_) return;
    if (!do_piece()) await_change(next);
  }
}

// Who is woken while the other cores are busy, if only for a moment, is put behind the one who
// wakes, and stays there. So the others may run anywhere but here.
void Team::keep_off_this_core() {
  const int core = sched_getcpu();
  if (core == core_ || core < 0 || threads_.empty()) return;
  core_ = core;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  // Fails where there are more cores than the set has bits.
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  CPU_CLR(core, &allowed);
  for (std::thread& thread : threads_) {
    // What it may not do it does not: then the kernel chooses.
    static_cast<void>(pthread_setaffinity_np(thread.native_handle(), sizeof(allowed), &allowed));
  }
}

void Team::run(int layers, int pieces, const Work& work) {
  keep_off_this_core();
  layers_ = layers;
  pieces_ = pieces;
  work_ = &work;
  failed_ = false;
  const std::uint64_t idle = first_of(++run_, kIdleLayer);
  advance(layers > 0 && pieces > 0 ? first_of(run_, 0) : idle);
  for (std::uint64_t next = next_; next != idle; next = next_) {
    if (!do_piece()) await_change(next);
  }
  if (failed_) std::rethrow_exception(std::exchange(error_, nullptr));
}

// Takes a piece and does it; false when none was to be taken.
bool Team::do_piece() {
  std::uint64_t next = next_;
  do {
    if (is_idle(next) || piece_of(next) >= pieces_) return false;
  } while (!next_.compare_exchange_weak(next, next + 1));
  if (!failed_) {
    try {
      (*work_.load())(layer_of(next), piece_of(next));
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!error_) error_ = std::current_exception();
      failed_ = true;
    }
  }
  finish(next);
  return true;
}

void Team::finish(std::uint64_t piece) {
  const int pieces = pieces_;  // Another run may be under way once this one is counted.
  if (done_.fetch_add(1) + 1 < pieces) return;
  done_ = 0;
  const int layer = layer_of(piece) + 1;
  advance(first_of(piece >> kRunShift,
                   layer < layers_ ? static_cast<std::uint64_t>(layer) : kIdleLayer));
}

void Team::advance(std::uint64_t next) {
  next_ = next;
  if (asleep_ == 0) return;
  { const std::lock_guard<std::mutex> lock(mutex_); }
  changed_.notify_all();
}

// Returns when next_ is no longer what was seen.
void Team::await_change(std::uint64_t seen) {
  const auto give_up = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 64; ++i) {  // Asking the clock takes as long as a few of these.
      if (next_ != seen) return;
      relax();
    }
    sched_yield();  // To a member that waits for this core.
  } while (std::chrono::steady_clock::now() < give_up);
  std::unique_lock<std::mutex> lock(mutex_);
  ++asleep_;
  changed_.wait(lock, [&] { return next_ != seen; });
  --asleep_;
}

}  // namespace dfd
