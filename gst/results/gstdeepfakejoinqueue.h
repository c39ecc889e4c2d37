// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where deepfakejoin's programme waits for its results, and which of them it leaves with. It
// decides and waits; pads, peers and pushes are the element's.

#pragma once

#include <gst/gst.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "gstdeepfakejoinresults.h"

// No programme waits longer; clocks and sums of times stay far from their ends.
constexpr GstClockTime kGstDeepfakeLongestLatency = 3600 * GST_SECOND;

struct GstDeepfakeJoinSettings {
  GstClockTime latency = 500 * GST_MSECOND;
  GstClockTime max_age = GST_SECOND;
};

struct GstDeepfakeJoinStats {
  guint64 matched = 0;    // Programme buffers that left with a result.
  guint64 unmatched = 0;  // And without one.
  guint64 late = 0;       // Results whose time had left before they came.
};

// What upstream answered to a latency query.
struct GstDeepfakeJoinTiming {
  bool live = false;
  GstClockTime programme_min = 0;
  GstClockTime results_min = 0;
};

// Thread-safe. The programme's streaming thread pushes, the results' one adds, one thread takes.
class GstDeepfakeJoinQueue {
 public:
  // What take() gives: an object of the programme, owned, and for a buffer its result, if any.
  struct Leaving {
    GstMiniObject* object = nullptr;
    GstDeepfakeJoinResultPtr result;
  };
  enum class Taken { kObject, kStopped, kTimingWanted };

  // element outlives the queue; its clock and base time are asked for.
  explicit GstDeepfakeJoinQueue(GstElement* element) : element_(element) {}
  ~GstDeepfakeJoinQueue() { clear(); }
  GstDeepfakeJoinQueue(const GstDeepfakeJoinQueue&) = delete;
  GstDeepfakeJoinQueue& operator=(const GstDeepfakeJoinQueue&) = delete;

  GstDeepfakeJoinSettings settings();
  void set_latency(GstClockTime latency);
  void set_max_age(GstClockTime max_age);
  GstDeepfakeJoinStats stats();

  // An inactive queue, as it is at first, and a flushing one refuse all, and all who wait come
  // back. Activation begins anew, with other statistics.
  void set_active(bool active);
  void begin_flush();
  // Nothing of the programme stays but sticky events that have not left: nobody sends them again,
  // so src gets them. running_time_restarts: results are of another time, too. FALSE when inactive.
  bool end_flush(bool running_time_restarts, GstPad* src);
  // Of an inactive queue.
  void clear();
  // Waiting for a deadline makes sense while the clock runs.
  void set_playing(bool playing);

  // Takes the buffer, and waits while the queue is full and nobody takes. time: running time, end:
  // that of its end. Returns what downstream said last.
  GstFlowReturn push(GstBuffer* buffer, GstClockTime time);
  // Takes the event. end: running time that it moves on to, as a gap does. Never waits. FALSE when
  // it is refused; flow: what downstream said last.
  bool push(GstEvent* event, GstClockTime end, GstFlowReturn& flow);
  // Waits until all has left, which then waits for no results. FALSE when that was cut short.
  bool drain();

  void add_result(GstClockTime time, GstDeepfakeJoinResultPtr result);
  void reach(GstClockTime time);
  void set_results_ended(bool ended);
  void forget_results();

  // Waits for the head's turn. With kTimingWanted set_timing() is to be called first.
  Taken take(Leaving& leaving);
  // After a push of what was taken. True when upstream cannot learn of a failure any more.
  bool done(GstFlowReturn flow);
  // Downstream is another: an unlinked pad is tried again.
  void retry();

  void set_timing(const GstDeepfakeJoinTiming& timing);
  void forget_timing();
  // Time that the queue adds, given these: the latency, or what live results need beyond it.
  GstClockTime reach_of(const GstDeepfakeJoinTiming& timing);

 private:
  using Clock = std::chrono::steady_clock;
  struct Item {
    GstMiniObject* object;
    GstClockTime time;
    Clock::time_point arrival;
  };

  GstClockTime reach_locked() const;
  bool is_filled() const;
  bool is_due(const Item& item) const;
  bool wait_until_time_is_up(std::unique_lock<std::mutex>& lock);
  bool wait_for_silence(std::unique_lock<std::mutex>& lock, const Item& item);
  void enqueue(GstMiniObject* object, GstClockTime time);
  void advance_tail(GstClockTime time);
  void leave(const Item& item, Leaving& leaving);
  void drop_buffers();
  std::deque<Item> forget_programme();
  bool is_stopped() const { return flushing_ || !active_; }
  void wake();

  GstElement* const element_;

  // Held for moments. Below it only what the clock and the element lock inside themselves is taken.
  std::mutex mutex_;
  std::condition_variable changed_;
  // All below: guarded by mutex_.
  GstClockID alarm_ = nullptr;  // The taker waits for it; unscheduled when something changes.
  GstDeepfakeJoinSettings settings_;
  GstDeepfakeJoinStats stats_;
  GstDeepfakeJoinTiming timing_;
  bool timing_known_ = false;
  bool active_ = false;
  bool flushing_ = false;
  bool playing_ = false;
  bool pushing_ = false;  // What was taken is under way.
  int draining_ = 0;
  GstFlowReturn flow_ = GST_FLOW_OK;  // Of downstream.
  std::deque<Item> items_;
  std::size_t buffers_ = 0;                  // Among them.
  bool ends_ = false;                        // EOS is among them.
  GstClockTime tail_ = GST_CLOCK_TIME_NONE;  // Newest time that came.
  GstClockTime left_ = GST_CLOCK_TIME_NONE;  // Newest time that left.
  GstDeepfakeJoinResults results_;
  Clock::time_point heard_;  // Of results, last.
};
