// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/worker.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <ATen/Parallel.h>

#include "base/padding.h"

namespace dfd {
namespace {

// Crops in one forward. Beyond 32 a batch gains little per crop and delays every stream in it.
constexpr std::size_t kMostSamples = 32;

// How long the first stream's work may wait for the others': about one forward of one crop.
constexpr std::chrono::milliseconds kLinger{4};

}  // namespace

Worker::Worker(std::unique_ptr<Scorer> scorer, int threads)
    : scorer_(std::move(scorer)), thread_([this, threads] { run(threads); }) {}

Worker::~Worker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Worker::add(const std::shared_ptr<WorkSource>& source) {
  const std::lock_guard<std::mutex> lock(mutex_);
  sources_.push_back(source);
}

void Worker::remove(const WorkSource* source) {
  std::shared_ptr<WorkSource> removed;  // Dies outside the lock.
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = std::find_if(sources_.begin(), sources_.end(),
                                  [&](const auto& other) { return other.get() == source; });
  if (found == sources_.end()) return;
  removed = std::move(*found);
  sources_.erase(found);
}

void Worker::wake() {
  // Taking the lock once orders the source's change before the worker's look at it.
  { const std::lock_guard<std::mutex> lock(mutex_); }
  changed_.notify_all();
}

bool Worker::any_work() const {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const auto& source) { return source->has_work(); });
}

std::vector<std::shared_ptr<WorkSource>> Worker::take_busy() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return stop_ || any_work(); });
  if (stop_) return {};
  if (sources_.size() > 1) {
    changed_.wait_for(lock, kLinger, [&] {
      return stop_ || std::all_of(sources_.begin(), sources_.end(),
                                  [](const auto& source) { return source->has_work(); });
    });
  }
  std::vector<std::shared_ptr<WorkSource>> busy;
  for (const auto& source : sources_) {
    if (source->has_work()) busy.push_back(source);
  }
  return busy;
}

void Worker::run(int threads) {
  // Thread-local in LibTorch's OpenMP build; Debian's defaults to one thread.
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  at::set_num_threads(threads > 0 ? threads : cores);
  while (true) {
    const auto busy = take_busy();
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return;
    }
    process(busy);
  }
}

void Worker::process(const std::vector<std::shared_ptr<WorkSource>>& sources) {
  struct Part {
    WorkSource* source;
    std::vector<Sample> samples;
  };
  std::vector<Part> waiting;
  for (const auto& source : sources) {
    try {
      waiting.push_back({source.get(), source->prepare()});
    } catch (...) {
      source->fail(std::current_exception());
    }
  }
  // Whole streams are put together until a batch is full, so a track is never twice in one.
  for (std::size_t first = 0; first < waiting.size();) {
    std::vector<Sample> batch = waiting[first].samples;
    std::size_t last = first + 1;
    while (last < waiting.size() && batch.size() + waiting[last].samples.size() <= kMostSamples) {
      const auto& more = waiting[last++].samples;
      batch.insert(batch.end(), more.begin(), more.end());
    }
    std::vector<SampleResult> results;
    std::exception_ptr error;
    try {
      if (!batch.empty()) results = scorer_->score(batch);
    } catch (...) {
      error = std::current_exception();
    }
    const auto size = static_cast<double>(batch.size());
    const double fill =
        batch.empty()
            ? 0
            : size / static_cast<double>(padded_size(static_cast<std::int64_t>(batch.size())));
    auto next = results.begin();
    for (; first < last; ++first) {
      WorkSource& source = *waiting[first].source;
      // A stream that had nothing in the batch has no part in its failure.
      if (error && !waiting[first].samples.empty()) {
        source.fail(error);
        continue;
      }
      const auto end =
          error ? next : next + static_cast<std::ptrdiff_t>(waiting[first].samples.size());
      try {
        source.complete({next, end}, *scorer_, fill);
      } catch (...) {
        source.fail(std::current_exception());
      }
      next = end;
    }
  }
}

}  // namespace dfd
