// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The library's only thread. LibTorch's memory grows with every thread that runs a forward, so one
// long-lived worker per engine runs them all, in batches over the streams that have work waiting.

#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/scorer.h"

namespace dfd {

// A stream as the worker sees it. All members but has_work() are called by the worker only, without
// any lock held. None may throw; errors of prepare() and of the batch come back through fail().
class WorkSource {
 public:
  virtual ~WorkSource() = default;
  virtual bool has_work() const = 0;  // Thread-safe.
  // Takes the next piece of work; returns its samples. May throw.
  virtual std::vector<Sample> prepare() = 0;
  // What became of these samples, and the share of the padded batch that was filled. May throw.
  virtual void complete(const std::vector<SampleResult>& results, Scorer& scorer,
                        double batch_fill) = 0;
  virtual void fail(std::exception_ptr error) noexcept = 0;
};

// Thread-safe.
class Worker {
 public:
  // threads: of LibTorch's forward passes; 0: all cores. Starts the thread.
  Worker(std::unique_ptr<Scorer> scorer, int threads);
  ~Worker();  // Lets the running batch finish and joins.
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void add(const std::shared_ptr<WorkSource>& source);
  void remove(const WorkSource* source);
  void wake();  // A source has work.

 private:
  void run(int threads);
  bool any_work() const;
  std::vector<std::shared_ptr<WorkSource>> take_busy();
  void process(const std::vector<std::shared_ptr<WorkSource>>& sources);

  std::unique_ptr<Scorer> scorer_;  // Worker thread only.
  // Guards the members below it. Taken alone or before a source's own lock (inside has_work()).
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<WorkSource>> sources_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace dfd
