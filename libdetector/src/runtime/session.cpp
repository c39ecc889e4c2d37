// SPDX-License-Identifier: LGPL-2.1-or-later

#include "detector/session.h"

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/picture.h"
#include "base/translate.h"
#include "runtime/engine_impl.h"
#include "runtime/process_end.h"
#include "runtime/sampling_grid.h"
#include "runtime/stream.h"
#include "runtime/stream_clock.h"

namespace dfd {
namespace {

// Where faces are ours to find, the detector sees to it itself when it is made.
void require_landmarks_where_needed(const SessionConfig& config, const ModelConfig& model) {
  if (model.input.crop != CropRule::kAligned) return;
  DFD_REQUIRE(config.region != Region::kRoiList, ErrorCode::kInvalidArgument,
              "the model wants faces aligned by their landmarks, which regions of interest do "
              "not have: set inference-region=faces and face-model-file");
  DFD_REQUIRE(
      config.region != Region::kFaces || !config.face_model_file.empty(),
      ErrorCode::kInvalidArgument,
      "the model wants faces aligned by their landmarks, which OpenCV's cascade does not "
      "find: set face-model-file to YuNet or MTCNN's weights (docs/training.md, \"Faces\")");
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
    set_times();
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

  std::optional<Ticket> offer(Timestamp time, const FrameHints& hints) override {
    bool restarts = false;
    std::optional<Ticket> ticket;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!hints.gap) ++frames_;
      const StreamClock::Step step = clock_.step(time, hints.discont);
      if (step == StreamClock::Step::kBack || step == StreamClock::Step::kStray) {
        return std::nullopt;
      }
      restarts = step == StreamClock::Step::kRestart;
      if (restarts) grid_.restart();
      if (!hints.gap) ticket = grid_.ticket(time, seeks(hints));
    }
    if (restarts) send(Job::Kind::kRestart, time);
    if (hints.gap && !restarts) send(Job::Kind::kGap, time);
    return ticket;
  }

  std::optional<Timestamp> last_time() const override {
    const std::lock_guard<std::mutex> lock(mutex_);
    return clock_.last();
  }

  void push(const Ticket& ticket, Frame frame) override {
    translate_errors([&] {
      check_view(frame.view);
      Job job;
      job.frame = std::move(frame);
      job.frame.time = ticket.time();
      job.sample = ticket.samples();
      job.pushed = std::chrono::steady_clock::now();
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!grid_.take(ticket)) return;  // What it was offered to is over.
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
        set_times();
        grid_.restart_samples();
      }
      next->worker().add(stream_);
    });
  }

  std::shared_ptr<Engine> engine() const override { return current(); }

  void reset() noexcept override {
    stream_->reset();
    const std::lock_guard<std::mutex> lock(mutex_);
    clock_.reset();
    grid_.restart();
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
      job.pushed = std::chrono::steady_clock::now();
      stream_->push(std::move(job));
    });
    current()->worker().wake();
  }

  // With mutex_ held, or before there are others.
  void set_times() {
    // How far a frame may be stamped off and still belong to the others. A second: as far as
    // streams with B-frames or lost packets go. Ahead no further than would restart windows.
    constexpr std::chrono::nanoseconds kSecond = std::chrono::seconds(1);
    clock_.set_reach(std::max(config_.max_gap, kSecond), std::min(config_.max_gap, kSecond));
    grid_.set(config_.sample_rate.period(), config_.detection_interval);
  }

  bool seeks(const FrameHints& hints) const {
    return config_.region == Region::kFaces || (config_.region == Region::kRoiList && hints.marked);
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
  SamplingGrid grid_;
  std::uint64_t frames_ = 0;
};

}  // namespace

Session::~Session() = default;

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
