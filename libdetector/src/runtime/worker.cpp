// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/worker.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <ATen/Parallel.h>

#include "base/check.h"
#include "base/resources.h"

namespace dfd {
namespace {

// Crops in one forward. Beyond 32 a batch gains little per crop and delays every stream in it.
constexpr std::size_t kMostSamples = 32;

// How long the first stream's work may wait for the others': about one forward of one crop.
constexpr std::chrono::milliseconds kLinger{4};

}  // namespace

// One stream's share of a round.
struct Worker::Part {
  WorkSource* source;
  std::vector<Sample> samples;
  std::exception_ptr error;
};

Worker::Worker(std::unique_ptr<Scorer> scorer, int threads)
    : scorer_(std::move(scorer)),
      thread_([this, threads] { run(threads); }),
      at_end_([this] { process_ends(); }) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return ready_; });
  if (error_) {
    stop_ = true;
    changed_.notify_all();
    lock.unlock();
    std::rethrow_exception(error_);
  }
}

Worker::~Worker() {
  const std::lock_guard<std::mutex> lock(mutex_);
  stop_ = true;
  changed_.notify_all();
}

void Worker::add(const std::shared_ptr<WorkSource>& source) {
  const std::lock_guard<std::mutex> lock(mutex_);
  sources_.push_back(source);
  changed_.notify_all();  // It may have work already.
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

void Worker::detach(const WorkSource* source) {
  remove(source);
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] {
    return std::find(under_way_.begin(), under_way_.end(), source) == under_way_.end();
  });
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
    if (!source->has_work()) continue;
    busy.push_back(source);
    under_way_.push_back(source.get());
  }
  return busy;
}

void Worker::run(int threads) {
  // Thread-local in LibTorch's OpenMP build; Debian's defaults to one thread.
  at::set_num_threads(threads > 0 ? threads : usable_cores());
  warm_up();
  while (run_round()) {
  }
  const GuardedWork work;
  if (!work.allowed()) {
    static_cast<void>(scorer_.release());  // What would free it is about to be destroyed.
    return;
  }
  scorer_.reset();  // Where it ran: what LibTorch keeps for a thread is freed on it.
  give_memory_back();
}

void Worker::warm_up() {
  std::exception_ptr error;
  try {
    const GuardedWork work;
    DFD_REQUIRE(work.allowed(), ErrorCode::kInternal, kProcessEnds);
    scorer_->warm_up();
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  error_ = error;
  ready_ = true;
  changed_.notify_all();
}

bool Worker::run_round() {
  auto busy = take_busy();
  bool goes_on = true;
  {
    const GuardedWork work;
    goes_on = work.allowed();
    if (goes_on) {
      process(busy);
      busy.clear();  // A stream that was removed meanwhile dies here, with its tensors.
    } else {
      static_cast<void>(new auto(std::move(busy)));  // Not at all, then.
    }
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  under_way_.clear();
  changed_.notify_all();
  return goes_on && !stop_;
}

void Worker::process_ends() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& source : sources_) source->process_ends();
}

void Worker::process(const std::vector<std::shared_ptr<WorkSource>>& sources) {
  std::vector<Part> parts;
  parts.reserve(sources.size());
  for (const auto& source : sources) parts.push_back({source.get(), {}, nullptr});
  find_faces(parts);
  cut_crops(parts);
  drop_failed(parts);
  score_in_batches(parts);
}

// Streams side by side; a single one leaves the threads to its networks.
void Worker::find_faces(std::vector<Part>& parts) {
  at::parallel_for(0, static_cast<std::int64_t>(parts.size()), 1,
                   [&](std::int64_t first, std::int64_t last) {
                     for (std::int64_t i = first; i < last; ++i) {
                       Part& part = parts[static_cast<std::size_t>(i)];
                       try {
                         part.samples = part.source->prepare();
                       } catch (...) {
                         part.error = std::current_exception();
                       }
                     }
                   });
}

// Of all streams in one go; then each keeps those worth a score, and gives its frame back.
void Worker::cut_crops(std::vector<Part>& parts) {
  std::vector<Sample*> samples;
  for (Part& part : parts) {
    for (Sample& sample : part.samples) samples.push_back(&sample);
  }
  std::exception_ptr error;
  try {
    if (!samples.empty()) scorer_->crop(samples);
  } catch (...) {
    error = std::current_exception();
  }
  for (Part& part : parts) {
    if (!part.samples.empty() && error) part.error = error;
    if (part.error) continue;
    try {
      part.source->select(part.samples);
    } catch (...) {
      part.error = std::current_exception();
    }
  }
}

void Worker::drop_failed(std::vector<Part>& parts) {
  for (Part& part : parts) {
    if (part.error) part.source->fail(part.error);
  }
  parts.erase(std::remove_if(parts.begin(), parts.end(),
                             [](const Part& part) { return part.error != nullptr; }),
              parts.end());
}

void Worker::score_in_batches(std::vector<Part>& parts) {
  // Those that wait for nothing wait for nobody's batch.
  const auto waiting = std::stable_partition(parts.begin(), parts.end(),
                                             [](const Part& part) { return part.samples.empty(); });
  for (auto part = parts.begin(); part != waiting; ++part) score_batch(&*part, &*part + 1);
  // Whole streams are put together until a batch is full, so a track is never twice in one.
  for (auto first = waiting; first != parts.end();) {
    auto last = first;
    std::size_t size = 0;
    do {
      size += last->samples.size();
      ++last;
    } while (last != parts.end() && size + last->samples.size() <= kMostSamples);
    score_batch(&*first, &*first + (last - first));
    first = last;
  }
}

// The streams of [first, last) together, each of which gets its results.
void Worker::score_batch(Part* first, Part* last) {
  std::vector<Sample> batch;
  for (Part* part = first; part != last; ++part) {
    batch.insert(batch.end(), part->samples.begin(), part->samples.end());
  }
  std::vector<SampleResult> results;
  std::exception_ptr error;
  try {
    if (!batch.empty()) {
      results = scorer_->score(batch);
      guard_exit("forward");
      const auto is_explained = [](const SampleResult& result) { return result.map.has_value(); };
      if (std::any_of(results.begin(), results.end(), is_explained)) guard_exit("explanation");
    }
  } catch (...) {
    error = std::current_exception();
  }
  const double fill =
      std::min(1.0, static_cast<double>(batch.size()) / static_cast<double>(kMostSamples));
  auto next = results.begin();
  for (Part* part = first; part != last; ++part) {
    if (error) {
      part->source->fail(error);
      continue;
    }
    const auto end = next + static_cast<std::ptrdiff_t>(part->samples.size());
    try {
      part->source->complete({next, end}, *scorer_, fill);
    } catch (...) {
      part->source->fail(std::current_exception());
    }
    next = end;
  }
}

}  // namespace dfd
