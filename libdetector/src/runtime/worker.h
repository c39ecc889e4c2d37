// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What runs an engine's forwards: one thread for all streams, in batches over those that have work
// waiting. LibTorch's memory grows with every thread that runs a forward.

#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/forward_thread.h"
#include "runtime/process_end.h"
#include "scoring/scorer.h"

namespace dfd {

// A stream as the worker sees it. All members but has_work() are called by one worker at a time, on
// any of its threads, without any lock held. What prepare(), select() and complete() throw, and
// errors of the batch, come back through fail().
class WorkSource {
 public:
  virtual ~WorkSource() = default;
  virtual bool has_work() const = 0;  // Thread-safe.
  // Takes the next piece of work; returns the samples it may need. May throw.
  virtual std::vector<Sample> prepare() = 0;
  // Keeps those whose crops are worth a score. The frame is not needed any more. May throw.
  virtual void select(std::vector<Sample>& samples) = 0;
  // What became of these samples, and how full their batch was, [0, 1]. May throw.
  virtual void complete(const std::vector<SampleResult>& results, Scorer& scorer,
                        double batch_fill) = 0;
  virtual void fail(std::exception_ptr error) noexcept = 0;
  // The process ends: whoever waits for the analysis is woken. On any thread.
  virtual void process_ends() noexcept = 0;
};

// Thread-safe.
class Worker {
 public:
  // threads: of LibTorch's forward passes; 0: as many as the process may use. Warms the scorer up
  // on its thread and waits for it. Throws what warm_up() throws.
  Worker(std::unique_ptr<Scorer> scorer, int threads);
  ~Worker();  // Lets the running batch finish and joins.
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void add(const std::shared_ptr<WorkSource>& source);
  void remove(const WorkSource* source);  // A batch under way may still call it.
  void detach(const WorkSource* source);  // Waits until none does.
  void wake();                            // A source has work.

 private:
  struct Part;

  void run(int threads);
  void warm_up();
  bool run_round();  // False: it was the last one.
  void process_ends();
  bool any_work() const;
  std::vector<std::shared_ptr<WorkSource>> take_busy();
  void process(const std::vector<std::shared_ptr<WorkSource>>& sources);
  static void find_faces(std::vector<Part>& parts);
  void cut_crops(std::vector<Part>& parts);
  static void drop_failed(std::vector<Part>& parts);
  void score_in_batches(std::vector<Part>& parts);
  void score_batch(Part* first, Part* last);

  std::unique_ptr<Scorer> scorer_;  // Worker thread only.
  // Guards the members below it. Taken alone or before a source's own lock (inside has_work()).
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<WorkSource>> sources_;
  std::vector<const WorkSource*> under_way_;  // In the batch that runs now.
  bool ready_ = false;                        // Warmed up, or failed to.
  bool stop_ = false;
  std::exception_ptr error_;  // Of the warm-up.
  ForwardThread thread_;
  AtProcessEnd at_end_;  // Last, so that it is gone first.
};

}  // namespace dfd
