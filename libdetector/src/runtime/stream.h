// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a session and the engine's worker share: the queue between their threads, and what the
// analysis has published.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "runtime/stream_analysis.h"
#include "runtime/worker.h"

namespace dfd {

struct Job {
  enum class Kind { kFrame, kGap, kFinish, kRestart };
  Kind kind = Kind::kFrame;
  Frame frame;  // Of a gap the time alone: its end.
  bool sample = false;
  std::uint64_t epoch = 0;  // The stream's own.
  std::chrono::steady_clock::time_point pushed;
};

// Thread-safe. Shared, so that either side may go first.
class Stream : public WorkSource {
 public:
  Stream(const SessionConfig& config, const ModelConfig& model,
         std::unique_ptr<FaceDetector> detector);

  // --- Called by the session's threads.

  void push(Job job);  // Throws the analysis' error.
  void wait();         // Likewise.
  void reset() noexcept;
  // While no worker has this stream.
  void swap_model(const SessionConfig& config, const ModelConfig& model);
  void cancel(bool on) noexcept;
  void set_threshold(double threshold);
  void set_explain(const ExplainConfig& explain);
  StreamReport report() const;
  std::vector<Event> take_events();
  SessionStats stats() const;  // But for the frames, which the session counts.

  // --- Called by the worker.

  bool has_work() const override;
  std::vector<Sample> prepare() override;
  void select(std::vector<Sample>& samples) override;
  void complete(const std::vector<SampleResult>& results, Scorer& scorer,
                double batch_fill) override;
  void fail(std::exception_ptr error) noexcept override;
  void process_ends() noexcept override;

 private:
  void publish();
  // With mutex_ held, all of them.
  bool is_one_with_next(std::size_t place, const Job& job) const;
  void forget_published();
  void rethrow_error();
  std::optional<Job> skip_oldest();
  void count_latency(double milliseconds);

  const std::size_t max_queued_;
  StreamAnalysis analysis_;  // Worker only, like the next two.
  std::optional<Job> job_;
  std::uint64_t analysed_epoch_ = 0;

  // Guards what follows. The worker's lock may be held when it is taken, never the other way round;
  // nothing is called with it held.
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;
  std::uint64_t epoch_ = 0;  // Counts resets: work of an older epoch is dropped.
  bool busy_ = false;
  bool cancelled_ = false;
  std::exception_ptr error_;
  std::optional<double> threshold_;
  std::optional<ExplainConfig> explain_;
  StreamReport published_;
  std::vector<Event> events_;
  SessionStats counters_;
  std::uint64_t overloaded_ = 0;
  bool overload_told_ = false;  // Once a stream: the count is in the statistics.
  std::uint64_t batches_ = 0;
  double fill_ = 0;
  std::deque<double> latencies_;
  decltype(SessionStats::latency_counts) latency_counts_{};
  double latency_sum_ms_ = 0;
};

}  // namespace dfd
