// SPDX-License-Identifier: LGPL-2.1-or-later

#include "runtime/stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/process_end.h"

namespace dfd {
namespace {

using Clock = std::chrono::steady_clock;

// Latencies the percentiles are taken over: the last minutes at 5 samples a second.
constexpr std::size_t kLatenciesKept = 1024;

double percentile(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5);
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(index);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

}  // namespace

Stream::Stream(const SessionConfig& config, const ModelConfig& model,
               std::unique_ptr<FaceDetector> detector)
    : max_queued_(config.max_queued), analysis_(config, model, std::move(detector)) {
  published_ = analysis_.report();
}

void Stream::push(Job job) {
  std::optional<Job> skipped;  // Its pixels go back outside the lock.
  const std::lock_guard<std::mutex> lock(mutex_);
  rethrow_error();
  if (job.kind == Job::Kind::kFrame) skipped = skip_oldest();
  if (is_one_with_next(queue_.size(), job)) queue_.pop_back();
  if (job.kind == Job::Kind::kRestart) forget_published();
  job.epoch = epoch_;
  queue_.push_back(std::move(job));
}

void Stream::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] {
    return cancelled_ || process_is_ending() || (queue_.empty() && !busy_) || error_;
  });
  rethrow_error();
}

void Stream::reset() noexcept {
  std::deque<Job> dropped;  // Their pixels go back outside the lock.
  const std::lock_guard<std::mutex> lock(mutex_);
  ++epoch_;
  dropped.swap(queue_);
  events_.clear();
  error_ = nullptr;
  overload_told_ = false;
  forget_published();
  changed_.notify_all();
}

void Stream::swap_model(const SessionConfig& config, const ModelConfig& model) {
  analysis_.swap_model(config, model);
  publish();
}

void Stream::cancel(bool on) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = on;
  changed_.notify_all();
}

void Stream::process_ends() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  changed_.notify_all();
}

void Stream::set_threshold(double threshold) {
  const std::lock_guard<std::mutex> lock(mutex_);
  threshold_ = threshold;
}

void Stream::set_explain(const ExplainConfig& explain) {
  const std::lock_guard<std::mutex> lock(mutex_);
  explain_ = explain;
}

StreamReport Stream::report() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return published_;
}

std::vector<Event> Stream::take_events() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(events_, {});
}

SessionStats Stream::stats() const {
  std::vector<double> latencies;
  SessionStats stats;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stats = counters_;
    stats.skipped[static_cast<std::size_t>(Reason::kOverload)] += overloaded_;
    stats.batches = batches_;
    stats.batch_fill = batches_ > 0 ? fill_ / static_cast<double>(batches_) : 0;
    stats.queue_length = queue_.size();
    latencies.assign(latencies_.begin(), latencies_.end());
    stats.latency_counts = latency_counts_;
    stats.latency_sum_ms = latency_sum_ms_;
  }
  stats.latency_p50_ms = percentile(latencies, 0.50);
  stats.latency_p95_ms = percentile(latencies, 0.95);
  stats.latency_p99_ms = percentile(latencies, 0.99);
  return stats;
}

bool Stream::has_work() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !queue_.empty();
}

std::vector<Sample> Stream::prepare() {
  std::optional<double> threshold;
  std::optional<ExplainConfig> explain;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    job_.reset();
    if (queue_.empty()) return {};  // Reset between the worker's look and this call.
    job_ = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    threshold = std::exchange(threshold_, std::nullopt);
    explain = std::exchange(explain_, std::nullopt);
  }
  if (explain) analysis_.set_explain(*explain);
  if (threshold) analysis_.set_threshold(*threshold);
  if (job_->epoch != analysed_epoch_) {
    analysis_.reset();
    analysed_epoch_ = job_->epoch;
  }
  if (job_->kind != Job::Kind::kFrame) return {};
  return analysis_.prepare(job_->frame, job_->sample);
}

void Stream::select(std::vector<Sample>& samples) {
  if (!samples.empty()) analysis_.select(samples);
  if (job_) job_->frame.owner.reset();  // The forward needs the crops only.
}

void Stream::complete(const std::vector<SampleResult>& results, Scorer& scorer, double batch_fill) {
  if (!job_) return;
  switch (job_->kind) {
    case Job::Kind::kFrame:
      analysis_.complete(results, scorer);
      break;
    case Job::Kind::kGap:
      analysis_.gap(job_->frame.time);
      break;
    case Job::Kind::kFinish:
      analysis_.finish(scorer);
      break;
    case Job::Kind::kRestart:
      analysis_.restart(scorer);
      break;
  }
  if (!results.empty()) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++batches_;
    fill_ += batch_fill;
    const std::chrono::duration<double, std::milli> latency = Clock::now() - job_->pushed;
    count_latency(latency.count());
  }
  publish();
}

void Stream::count_latency(double milliseconds) {
  latencies_.push_back(milliseconds);
  if (latencies_.size() > kLatenciesKept) latencies_.pop_front();
  const auto bound =
      std::lower_bound(kLatencyBoundsMs.begin(), kLatencyBoundsMs.end(), milliseconds);
  ++latency_counts_.at(static_cast<std::size_t>(bound - kLatencyBoundsMs.begin()));
  latency_sum_ms_ += milliseconds;
}

void Stream::fail(std::exception_ptr error) noexcept {
  if (job_) job_->frame.owner.reset();
  const std::lock_guard<std::mutex> lock(mutex_);
  busy_ = false;
  if (job_ && job_->epoch == epoch_) error_ = std::move(error);
  job_.reset();
  changed_.notify_all();
}

// What the analysis says now, unless a reset has come since its job.
void Stream::publish() {
  std::vector<Event> events = analysis_.take_events();
  StreamReport report = analysis_.report();
  const std::lock_guard<std::mutex> lock(mutex_);
  busy_ = false;
  counters_ = analysis_.counters();
  published_.threshold = report.threshold;
  if ((job_ ? job_->epoch : analysed_epoch_) == epoch_) {
    const bool ends = std::any_of(queue_.begin(), queue_.end(),
                                  [](const Job& job) { return job.kind == Job::Kind::kRestart; });
    if (!ends) published_ = std::move(report);
    events_.insert(events_.end(), std::make_move_iterator(events.begin()),
                   std::make_move_iterator(events.end()));
  }
  job_.reset();
  changed_.notify_all();
}

// With mutex_ held. Is the job before this place one with the job that comes to stand there? Gaps
// that follow each other are, and restarts.
bool Stream::is_one_with_next(std::size_t place, const Job& job) const {
  return place > 0 && (job.kind == Job::Kind::kGap || job.kind == Job::Kind::kRestart) &&
         queue_[place - 1].kind == job.kind;
}

// With mutex_ held. What was said of the old stream must not stand on the new one's first frames.
void Stream::forget_published() {
  const double threshold = published_.threshold;
  published_ = StreamReport();
  published_.threshold = threshold;
}

// With mutex_ held.
void Stream::rethrow_error() {
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

// With mutex_ held. Makes room for a frame; gaps and a finish in the queue are never skipped.
std::optional<Job> Stream::skip_oldest() {
  const auto is_frame = [](const Job& job) { return job.kind == Job::Kind::kFrame; };
  const auto frames = std::count_if(queue_.begin(), queue_.end(), is_frame);
  if (static_cast<std::size_t>(frames) < max_queued_) return std::nullopt;
  const auto oldest = std::find_if(queue_.begin(), queue_.end(), is_frame);
  std::optional<Job> skipped(std::move(*oldest));
  if (skipped->sample) ++overloaded_;
  const auto next = queue_.erase(oldest);
  const auto place = static_cast<std::size_t>(next - queue_.begin());
  if (next != queue_.end() && is_one_with_next(place, *next)) queue_.erase(next - 1);
  if (!std::exchange(overload_told_, true)) {
    events_.push_back({EventKind::kOverload, published_});
  }
  return skipped;
}

}  // namespace dfd
