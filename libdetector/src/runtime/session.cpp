// SPDX-License-Identifier: LGPL-2.1-or-later

#include "detector/session.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/picture.h"
#include "base/translate.h"
#include "runtime/engine_impl.h"
#include "runtime/process_end.h"
#include "runtime/stream_analysis.h"
#include "runtime/stream_clock.h"

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

struct Job {
  enum class Kind { kFrame, kGap, kFinish, kRestart };
  Kind kind = Kind::kFrame;
  Frame frame;  // Of a gap the time alone: its end.
  bool sample = false;
  std::uint64_t epoch = 0;
  Clock::time_point pushed;
};

// Shared by the session and the worker, so that either may go first.
class Stream : public WorkSource {
 public:
  Stream(const SessionConfig& config, const ModelConfig& model,
         std::unique_ptr<FaceDetector> detector)
      : max_queued_(config.max_queued), analysis_(config, model, std::move(detector)) {
    published_ = analysis_.report();
  }

  // --- Called by the session's threads.

  void push(Job job) {
    std::optional<Job> skipped;  // Its pixels go back outside the lock.
    const std::lock_guard<std::mutex> lock(mutex_);
    rethrow_error();
    if (job.kind == Job::Kind::kFrame) skipped = skip_oldest();
    if (is_one_with_next(queue_.size(), job)) queue_.pop_back();
    if (job.kind == Job::Kind::kRestart) forget_published();
    job.epoch = epoch_;
    queue_.push_back(std::move(job));
  }

  void wait() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] {
      return cancelled_ || process_is_ending() || (queue_.empty() && !busy_) || error_;
    });
    rethrow_error();
  }

  void reset() noexcept {
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

  // While no worker has this stream.
  void swap_model(const SessionConfig& config, const ModelConfig& model) {
    analysis_.swap_model(config, model);
    publish();
  }

  void cancel(bool on) noexcept {
    const std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = on;
    changed_.notify_all();
  }

  void process_ends() noexcept override {
    const std::lock_guard<std::mutex> lock(mutex_);
    changed_.notify_all();
  }

  void set_threshold(double threshold) {
    const std::lock_guard<std::mutex> lock(mutex_);
    threshold_ = threshold;
  }

  void set_explain(const ExplainConfig& explain) {
    const std::lock_guard<std::mutex> lock(mutex_);
    explain_ = explain;
  }

  StreamReport report() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return published_;
  }

  std::vector<Event> take_events() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(events_, {});
  }

  SessionStats stats() const {
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
    }
    stats.latency_p50_ms = percentile(latencies, 0.50);
    stats.latency_p95_ms = percentile(latencies, 0.95);
    stats.latency_p99_ms = percentile(latencies, 0.99);
    return stats;
  }

  // --- Called by the worker.

  bool has_work() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return !queue_.empty();
  }

  std::vector<Sample> prepare() override {
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

  void select(std::vector<Sample>& samples) override {
    if (!samples.empty()) analysis_.select(samples);
    if (job_) job_->frame.owner.reset();  // The forward needs the crops only.
  }

  void complete(const std::vector<SampleResult>& results, Scorer& scorer,
                double batch_fill) override {
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
      latencies_.push_back(latency.count());
      if (latencies_.size() > kLatenciesKept) latencies_.pop_front();
    }
    publish();
  }

  void fail(std::exception_ptr error) noexcept override {
    if (job_) job_->frame.owner.reset();
    const std::lock_guard<std::mutex> lock(mutex_);
    busy_ = false;
    if (job_ && job_->epoch == epoch_) error_ = std::move(error);
    job_.reset();
    changed_.notify_all();
  }

 private:
  // What the analysis says now, unless a reset has come since its job.
  void publish() {
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
  bool is_one_with_next(std::size_t place, const Job& job) const {
    return place > 0 && (job.kind == Job::Kind::kGap || job.kind == Job::Kind::kRestart) &&
           queue_[place - 1].kind == job.kind;
  }

  // With mutex_ held. What was said of the old stream must not stand on the new one's first frames.
  void forget_published() {
    const double threshold = published_.threshold;
    published_ = StreamReport();
    published_.threshold = threshold;
  }

  // With mutex_ held.
  void rethrow_error() {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
  }

  // With mutex_ held. Makes room for a frame; gaps and a finish in the queue are never skipped.
  std::optional<Job> skip_oldest() {
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
};

// Where faces are ours to find, the detector sees to it itself when it is made.
void require_landmarks_where_needed(const SessionConfig& config, const ModelConfig& model) {
  if (model.input.crop != CropRule::kAligned) return;
  DFD_REQUIRE(config.region != Region::kRoiList, ErrorCode::kInvalidArgument,
              "the model wants faces aligned by their landmarks, which regions of interest do "
              "not have: set inference-region=faces and face-model-file");
  DFD_REQUIRE(config.region != Region::kFaces || !config.face_model_file.empty(),
              ErrorCode::kInvalidArgument,
              "the model wants faces aligned by their landmarks, which OpenCV's cascade does not "
              "find: set face-model-file to MTCNN's weights (deepfake-trainer import mtcnn)");
}

// How far a frame may be stamped off and still belong to the others. A second: as far as streams
// with B-frames or lost packets go. Ahead no further than would restart windows.
void set_reach(StreamClock& clock, const SessionConfig& config) {
  constexpr std::chrono::nanoseconds kSecond = std::chrono::seconds(1);
  clock.set_reach(std::max(config.max_gap, kSecond), std::min(config.max_gap, kSecond));
}

std::string name_of(Region region, const FaceDetector* detector) {
  if (region == Region::kRoiList) return "upstream";
  return detector == nullptr ? "" : detector->name();
}

// OpenCV makes statics with its first detection. They would be destroyed before a handler of exit()
// that is older than they are, while the first frame is under way.
void warm_up(FaceDetector& detector) {
  constexpr int kSide = 160;  // Large enough to be worked on in parts.
  detector.detect(cv::Mat(kSide, kSide, CV_8UC3, cv::Scalar::all(90)), kSide / 2);
  guard_exit("detection by " + detector.name());
}

class SessionImpl : public Session {
 public:
  SessionImpl(std::shared_ptr<EngineImpl> engine, const SessionConfig& config,
              std::unique_ptr<FaceDetector> detector)
      : engine_(std::move(engine)),
        given_(config),
        config_(resolve(config, engine_->config())),
        threshold_(config.decision.threshold),
        explain_(config.explain),
        face_detector_(name_of(config.region, detector.get())),
        stream_(std::make_shared<Stream>(config_, engine_->config(), std::move(detector))) {
    set_reach(clock_, config_);
    engine_->worker().add(stream_);
  }

  ~SessionImpl() override {
    current()->worker().remove(stream_.get());
    const GuardedWork work;
    // What would free its tensors is about to be destroyed.
    if (!work.allowed()) static_cast<void>(new (std::nothrow) std::shared_ptr<Stream>(stream_));
    stream_.reset();
  }
  SessionImpl(const SessionImpl&) = delete;
  SessionImpl& operator=(const SessionImpl&) = delete;

  bool wants(Timestamp time, const FrameHints& hints) override {
    bool restarts = false;
    bool wanted = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!hints.gap) ++frames_;
      sample_ = false;
      const StreamClock::Step step = clock_.step(time, hints.discont);
      if (step == StreamClock::Step::kBack || step == StreamClock::Step::kStray) return false;
      restarts = step == StreamClock::Step::kRestart;
      if (restarts) begin_grid();
      wanted = !hints.gap && place(time, hints.marked);
    }
    if (restarts) send(Job::Kind::kRestart, time);
    if (hints.gap && !restarts) send(Job::Kind::kGap, time);
    return wanted;
  }

  std::optional<Timestamp> last_time() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return clock_.last();
  }

  void push(Frame frame) override {
    translate_errors([&] {
      check_view(frame.view);
      Job job;
      job.frame = std::move(frame);
      job.pushed = Clock::now();
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        job.sample = sample_;
      }
      stream_->push(std::move(job));
    });
    current()->worker().wake();
  }

  void gap(Timestamp until) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      clock_.expect(until);
    }
    send(Job::Kind::kGap, until);
  }

  void wait() override {
    translate_errors([&] { stream_->wait(); });
  }

  void finish() override {
    send(Job::Kind::kFinish, {});
    wait();
  }

  void swap_engine(const std::shared_ptr<Engine>& engine) override {
    translate_errors([&] {
      const GuardedWork work;
      DFD_REQUIRE(work.allowed(), ErrorCode::kInternal, kProcessEnds);
      auto next = std::dynamic_pointer_cast<EngineImpl>(engine);
      DFD_REQUIRE(next != nullptr, ErrorCode::kInvalidArgument, "no engine was given");
      require_landmarks_where_needed(given_, next->config());
      resolve(given_, next->config());  // Throws before anything is touched.
      const std::shared_ptr<EngineImpl> last = current();
      last->worker().detach(stream_.get());
      SessionConfig config = given_;
      try {
        {
          const std::lock_guard<std::mutex> lock(mutex_);
          config.decision.threshold = threshold_;
          config.explain = explain_;
        }
        config = resolve(config, next->config());
        stream_->swap_model(config, next->config());
      } catch (...) {
        last->worker().add(stream_);
        throw;
      }
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        engine_ = next;
        config_ = config;
        set_reach(clock_, config_);
        anchor_.reset();
        grid_ = 0;
      }
      next->worker().add(stream_);
    });
  }

  std::shared_ptr<Engine> engine() const override { return current(); }

  void reset() noexcept override {
    stream_->reset();
    const std::lock_guard<std::mutex> lock(mutex_);
    clock_.reset();
    begin_grid();
  }

  void cancel(bool on) noexcept override { stream_->cancel(on); }

  void set_threshold(double threshold) override {
    DFD_REQUIRE(threshold >= -1 && threshold <= 1, ErrorCode::kInvalidArgument,
                "threshold " << threshold << ": expected [0, 1], or below 0 for the model's");
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      threshold_ = threshold;  // First: a swap under way must find it here or in the stream.
    }
    stream_->set_threshold(threshold);
  }

  void set_explain(const ExplainConfig& explain) override {
    require_explainable(explain);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      explain_ = explain;  // First: a swap under way must find it here or in the stream.
    }
    stream_->set_explain(explain);
  }

  const std::string& face_detector() const noexcept override { return face_detector_; }

  StreamReport report() const override { return stream_->report(); }
  std::vector<Event> take_events() override { return stream_->take_events(); }

  SessionStats stats() const override {
    SessionStats stats = stream_->stats();
    const std::lock_guard<std::mutex> lock(mutex_);
    stats.frames = frames_;
    return stats;
  }

 private:
  std::shared_ptr<EngineImpl> current() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return engine_;
  }

  void send(Job::Kind kind, Timestamp time) {
    translate_errors([&] {
      Job job;
      job.kind = kind;
      job.frame.time = time;
      job.pushed = Clock::now();
      stream_->push(std::move(job));
    });
    current()->worker().wake();
  }

  // With mutex_ held.
  void begin_grid() {
    anchor_.reset();
    detected_.reset();
    grid_ = 0;
    sample_ = false;
  }

  // With mutex_ held. Sets sample_; true where the frame is needed, as a sample or for its faces.
  bool place(Timestamp time, bool marked) {
    if (!anchor_) anchor_ = time;
    sample_ = time >= *anchor_ + config_.sample_rate.period() * static_cast<std::int64_t>(grid_);
    const bool looks =
        config_.region == Region::kFaces || (config_.region == Region::kRoiList && marked);
    const bool detect = looks && (!detected_ || time - *detected_ >= config_.detection_interval);
    if (sample_) {
      // One sample a frame, however many grid points the frame has passed.
      grid_ = static_cast<std::uint64_t>((time - *anchor_) / config_.sample_rate.period()) + 1;
    }
    if (detect) detected_ = time;
    return sample_ || detect;
  }

  // Guards the engine, the resolved settings and the sampling grid. A leaf: nothing is taken while
  // it is held.
  mutable std::mutex mutex_;
  std::shared_ptr<EngineImpl> engine_;
  const SessionConfig given_;  // As create() got it: another model resolves it otherwise.
  SessionConfig config_;
  double threshold_;       // As it was set last: below 0 for the model's.
  ExplainConfig explain_;  // The same.
  std::string face_detector_;
  std::shared_ptr<Stream> stream_;

  StreamClock clock_;
  std::optional<Timestamp> anchor_;
  std::uint64_t grid_ = 0;  // Index of the next sample.
  bool sample_ = false;     // Of the frame that wants() was asked about last.
  std::optional<Timestamp> detected_;
  std::uint64_t frames_ = 0;
};

}  // namespace

std::unique_ptr<Session> make_session(std::shared_ptr<EngineImpl> engine,
                                      const SessionConfig& config,
                                      std::unique_ptr<FaceDetector> detector) {
  return std::make_unique<SessionImpl>(std::move(engine), config, std::move(detector));
}

std::unique_ptr<Session> Session::create(const std::shared_ptr<Engine>& engine,
                                         const SessionConfig& config) {
  return translate_errors([&] {
    const GuardedWork work;
    DFD_REQUIRE(work.allowed(), ErrorCode::kInternal, kProcessEnds);
    auto implementation = std::dynamic_pointer_cast<EngineImpl>(engine);
    DFD_REQUIRE(implementation != nullptr, ErrorCode::kInvalidArgument, "no engine was given");
    std::unique_ptr<FaceDetector> detector;
    require_landmarks_where_needed(config, implementation->config());
    if (config.region == Region::kFaces) {
      detector = make_face_detector(config.face_model_file, implementation->config().input.crop);
      warm_up(*detector);
    }
    return make_session(std::move(implementation), config, std::move(detector));
  });
}

}  // namespace dfd
