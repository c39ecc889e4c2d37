// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One video stream: takes frames, gives verdicts.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "detector/api.h"
#include "detector/config.h"
#include "detector/engine.h"
#include "detector/frame.h"
#include "detector/report.h"

namespace dfd {

// Upper bounds of the latencies that are counted together, in milliseconds, each included; one more
// count has those above. From a GPU's few to a second of waiting behind other streams.
constexpr std::array<double, 9> kLatencyBoundsMs{5, 10, 25, 50, 100, 250, 500, 1000, 2500};

// Counters since the session was made. Latency is from push() to the score; its percentiles are of
// the newest ones, its counts and sum of all.
struct SessionStats {
  std::uint64_t frames = 0;   // Offered.
  std::uint64_t samples = 0;  // Face crops or pictures that were embedded.
  std::uint64_t windows = 0;
  std::uint64_t faces = 0;    // Tracks that began.
  std::uint64_t batches = 0;  // Forward passes that held a sample of this session.
  std::uint64_t model_swaps = 0;
  std::array<std::uint64_t, kReasons.size()> skipped{};  // Samples by Reason.
  double latency_p50_ms = 0;
  double latency_p95_ms = 0;
  double latency_p99_ms = 0;
  std::array<std::uint64_t, kLatencyBoundsMs.size() + 1> latency_counts{};
  double latency_sum_ms = 0;
  std::uint64_t window_bytes = 0;  // Of memory that the tracks' windows take now.
  double batch_fill = 0;           // How full the batches were, of 32 samples, on average, [0, 1].
  std::size_t queue_length = 0;
};

// What is known of a frame beside its time.
struct FrameHints {
  bool marked = false;   // It comes with faces that somebody else has found.
  bool discont = false;  // The stream says that something is missing before it.
  bool gap = false;      // It shows nothing: time passes, and it is not wanted.
};

// What a frame that was offered is wanted for. Good for one push(); one that is dropped instead
// changes nothing: the next frame is wanted in its place.
class Ticket {
 public:
  Timestamp time() const { return time_; }
  bool samples() const { return samples_; }  // Faces are scored in it.
  bool seeks() const { return seeks_; }      // A face detection is due.

 private:
  friend class SamplingGrid;

  Timestamp time_{};
  bool samples_ = false;
  bool seeks_ = false;
  std::uint64_t grid_ = 0;  // The grid it is of: a reset makes another.
};

// Thread-safe, but frames must come from one thread at a time, in the order they are shown. All
// analysis runs on the engine's worker; an error there is thrown by the next push(), wait() or
// finish().
class DFD_API Session {
 public:
  // Throws Error: kInvalidArgument when a setting is out of range or the model needs landmarks and
  // there is no face_model_file; for that file kNotFound, kIo, kCorruptModel, kUnsupportedModel.
  static std::unique_ptr<Session> create(const std::shared_ptr<Engine>& engine,
                                         const SessionConfig& config);

  // Drops what waits. The last session of an engine waits for its running batch.
  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Does the analysis need the frame of this time? None: it does not. Cheap. It wants none that is
  // stamped up to max(max_gap, 1 s) before the newest, nor one far from all others, and nothing
  // restarts for them. When a second frame running is as far back, or ahead behind a discont, all
  // tracks end, each with its last score, and others begin. Throws as push().
  virtual std::optional<Ticket> offer(Timestamp time, const FrameHints& hints = {}) = 0;

  // Time of the last frame that offer() believed, where one without a timestamp follows.
  virtual std::optional<Timestamp> last_time() const = 0;

  // Queues the frame that the ticket is for, which gives it its time; drops it when there was a
  // reset or another model since. When max_queued wait already, the oldest is skipped with reason
  // overload.
  virtual void push(const Ticket& ticket, Frame frame) = 0;

  // Waits until everything pushed so far is analysed, or until cancel().
  virtual void wait() = 0;

  // End of stream: waits as wait() does, then ends all tracks. A track whose first window never
  // filled gets a partial score.
  virtual void finish() = 0;

  // Nothing comes until this time (a GAP event, lost packets). Windows that it makes too old are
  // begun anew, and "authentic" is taken back, though no frame comes. Cheap.
  virtual void gap(Timestamp until) = 0;

  // From the next frame on another model judges: tracks stay, windows and the smoothed probability
  // begin anew, "authentic" is taken back and an alarm stays until there are new scores. Waits for
  // a batch under way, so not for a streaming thread; frames go on meanwhile. Throws Error as
  // create() does; then the old model stays.
  virtual void swap_engine(const std::shared_ptr<Engine>& engine) = 0;

  // The model in force, and where it runs.
  virtual std::shared_ptr<Engine> engine() const = 0;

  // Forgets tracks, windows and queued frames, and starts a new sampling grid: after a flush, a
  // seek or a new segment. Verdicts of work under way are dropped. Never throws.
  virtual void reset() noexcept = 0;

  // cancel(true) wakes waiters and makes wait() return at once until cancel(false).
  virtual void cancel(bool on) noexcept = 0;

  // Probability in [0, 1]; [-1, 0) is the model's. Takes effect with the next score.
  virtual void set_threshold(double threshold) = 0;

  // Takes effect with the next sample; switched off, reports lose their explanations with it.
  // Throws Error(kInvalidArgument).
  virtual void set_explain(const ExplainConfig& explain) = 0;

  // Name of what finds the faces; "upstream" where somebody else does, empty for the full frame.
  virtual const std::string& face_detector() const noexcept = 0;

  virtual StreamReport report() const = 0;
  virtual std::vector<Event> take_events() = 0;  // Since the last call, in order.
  virtual SessionStats stats() const = 0;

 protected:
  Session() = default;
};

}  // namespace dfd
