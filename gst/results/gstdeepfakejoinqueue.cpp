// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakejoinqueue.h"

#include <algorithm>
#include <utility>

namespace {

// As a queue has by default; and no video has more frames a second: when there are, their times
// stand still, and the queue would never span its latency.
constexpr std::size_t kFewestBuffersToFill = 200;
constexpr std::size_t kMostFramesPerSecond = 240;

GstClockTime newer(GstClockTime known, GstClockTime time) {
  if (!GST_CLOCK_TIME_IS_VALID(time)) return known;
  const bool is_reordered = GST_CLOCK_TIME_IS_VALID(known) && time < known &&
                            known - time <= kGstDeepfakeLongestReordering;
  return is_reordered ? known : time;
}

GstClockTime reach_given(const GstDeepfakeJoinSettings& settings,
                         const GstDeepfakeJoinTiming& timing) {
  if (!timing.live || timing.results_min <= timing.programme_min) return settings.latency;
  // A branch that asks for more than the longest is broken, and not waited for.
  const GstClockTime needed = timing.results_min - timing.programme_min;
  return std::max(settings.latency, std::min(needed, kGstDeepfakeLongestLatency));
}

}  // namespace

GstDeepfakeJoinSettings GstDeepfakeJoinQueue::settings() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return settings_;
}

void GstDeepfakeJoinQueue::set_latency(GstClockTime latency) {
  const std::lock_guard<std::mutex> lock(mutex_);
  settings_.latency = latency;
  wake();
}

void GstDeepfakeJoinQueue::set_max_age(GstClockTime max_age) {
  const std::lock_guard<std::mutex> lock(mutex_);
  settings_.max_age = max_age;
}

GstDeepfakeJoinStats GstDeepfakeJoinQueue::stats() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

// --- Life

void GstDeepfakeJoinQueue::set_active(bool active) {
  const std::lock_guard<std::mutex> lock(mutex_);
  active_ = active;
  if (active) {
    flushing_ = false;
    flow_ = GST_FLOW_OK;
    stats_ = {};
  }
  wake();
}

void GstDeepfakeJoinQueue::begin_flush() {
  const std::lock_guard<std::mutex> lock(mutex_);
  flushing_ = true;
  wake();
}

bool GstDeepfakeJoinQueue::end_flush(bool running_time_restarts, GstPad* src) {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::deque<Item> items = forget_programme();
  if (running_time_restarts) results_.clear();
  flushing_ = false;
  flow_ = GST_FLOW_OK;
  const bool active = active_;
  lock.unlock();
  for (const Item& item : items) {
    if (GST_IS_EVENT(item.object)) {
      GstEvent* event = GST_EVENT_CAST(item.object);
      const GstEventType type = GST_EVENT_TYPE(event);
      if (GST_EVENT_IS_STICKY(event) && type != GST_EVENT_SEGMENT && type != GST_EVENT_EOS) {
        gst_pad_store_sticky_event(src, event);
      }
    }
    gst_mini_object_unref(item.object);
  }
  return active;
}

void GstDeepfakeJoinQueue::clear() {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::deque<Item> items = forget_programme();
  results_.clear();
  results_.set_ended(false);
  timing_known_ = false;
  lock.unlock();
  for (const Item& item : items) gst_mini_object_unref(item.object);
}

void GstDeepfakeJoinQueue::set_playing(bool playing) {
  const std::lock_guard<std::mutex> lock(mutex_);
  playing_ = playing;
  wake();
}

std::deque<GstDeepfakeJoinQueue::Item> GstDeepfakeJoinQueue::forget_programme() {
  buffers_ = 0;
  ends_ = false;
  tail_ = GST_CLOCK_TIME_NONE;
  left_ = GST_CLOCK_TIME_NONE;
  return std::exchange(items_, {});
}

// Downstream takes none any more; it still learns of events.
void GstDeepfakeJoinQueue::drop_buffers() {
  const auto events = std::stable_partition(
      items_.begin(), items_.end(), [](const Item& item) { return GST_IS_EVENT(item.object); });
  std::for_each(events, items_.end(), [](const Item& item) { gst_mini_object_unref(item.object); });
  items_.erase(events, items_.end());
  buffers_ = 0;
}

void GstDeepfakeJoinQueue::wake() {
  changed_.notify_all();
  if (alarm_ != nullptr) gst_clock_id_unschedule(alarm_);
}

// --- The programme comes

void GstDeepfakeJoinQueue::advance_tail(GstClockTime time) { tail_ = newer(tail_, time); }

void GstDeepfakeJoinQueue::enqueue(GstMiniObject* object, GstClockTime time) {
  items_.push_back({object, time, Clock::now()});
  wake();
}

GstFlowReturn GstDeepfakeJoinQueue::push(GstBuffer* buffer, GstClockTime time) {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return is_stopped() || flow_ != GST_FLOW_OK || !is_filled(); });
  if (is_stopped() || flow_ != GST_FLOW_OK) {
    const GstFlowReturn flow = is_stopped() ? GST_FLOW_FLUSHING : flow_;
    lock.unlock();
    gst_buffer_unref(buffer);
    return flow;
  }
  ++buffers_;
  advance_tail(time);
  enqueue(GST_MINI_OBJECT_CAST(buffer), time);
  return GST_FLOW_OK;
}

bool GstDeepfakeJoinQueue::push(GstEvent* event, GstClockTime end, GstFlowReturn& flow) {
  std::unique_lock<std::mutex> lock(mutex_);
  flow = flow_;
  if (is_stopped()) {
    lock.unlock();
    gst_event_unref(event);
    return false;
  }
  const GstEventType type = GST_EVENT_TYPE(event);
  if (type == GST_EVENT_EOS) ends_ = true;
  if (type == GST_EVENT_STREAM_START || type == GST_EVENT_SEGMENT) {
    ends_ = false;
    // They end an end, downstream's too.
    if (flow_ == GST_FLOW_EOS) flow = flow_ = GST_FLOW_OK;
  }
  advance_tail(end);
  enqueue(GST_MINI_OBJECT_CAST(event), GST_CLOCK_TIME_NONE);
  return true;
}

bool GstDeepfakeJoinQueue::drain() {
  std::unique_lock<std::mutex> lock(mutex_);
  ++draining_;
  wake();
  changed_.wait(lock, [&] { return is_stopped() || (items_.empty() && !pushing_); });
  --draining_;
  return !is_stopped();
}

// --- Results come

void GstDeepfakeJoinQueue::add_result(GstClockTime time, GstDeepfakeJoinResultPtr result) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (GST_CLOCK_TIME_IS_VALID(left_) && time <= left_) ++stats_.late;
  results_.add(time, std::move(result));
  heard_ = Clock::now();
  wake();
}

void GstDeepfakeJoinQueue::reach(GstClockTime time) {
  const std::lock_guard<std::mutex> lock(mutex_);
  results_.reach(time);
  heard_ = Clock::now();
  wake();
}

void GstDeepfakeJoinQueue::set_results_ended(bool ended) {
  const std::lock_guard<std::mutex> lock(mutex_);
  results_.set_ended(ended);
  wake();
}

void GstDeepfakeJoinQueue::forget_results() {
  const std::lock_guard<std::mutex> lock(mutex_);
  results_.clear();
  results_.set_ended(false);
  wake();
}

// --- The programme leaves

GstClockTime GstDeepfakeJoinQueue::reach_locked() const { return reach_given(settings_, timing_); }

bool GstDeepfakeJoinQueue::is_filled() const {
  const GstClockTime reach = reach_locked();
  if (buffers_ >=
      std::max<std::size_t>(kFewestBuffersToFill, reach * kMostFramesPerSecond / GST_SECOND)) {
    return true;
  }
  // What has no time leaves at once, so that the first one that has is near.
  const auto head = std::find_if(items_.begin(), items_.end(), [](const Item& item) {
    return GST_CLOCK_TIME_IS_VALID(item.time);
  });
  return head != items_.end() && tail_ >= head->time && tail_ - head->time >= reach;
}

bool GstDeepfakeJoinQueue::is_due(const Item& item) const {
  // Events wait for the buffers before them, and so do buffers of which nobody knows the time.
  return !GST_CLOCK_TIME_IS_VALID(item.time) || draining_ > 0 || results_.has_reached(item.time) ||
         is_filled();
}

// True when the head has waited long enough, and false when it is to be looked at anew. In a live
// pipeline it may wait until downstream expects it.
bool GstDeepfakeJoinQueue::wait_until_time_is_up(std::unique_lock<std::mutex>& lock) {
  const Item head = items_.front();
  GstClock* clock = timing_.live && playing_ ? gst_element_get_clock(element_) : nullptr;
  if (clock == nullptr) return wait_for_silence(lock, head);
  const GstClockTime deadline =
      gst_element_get_base_time(element_) + head.time + timing_.programme_min + reach_locked();
  GstClockID alarm = gst_clock_new_single_shot_id(clock, deadline);
  alarm_ = alarm;
  lock.unlock();
  const GstClockReturn woken = gst_clock_id_wait(alarm, nullptr);
  lock.lock();
  alarm_ = nullptr;
  gst_clock_id_unref(alarm);
  gst_object_unref(clock);
  return woken != GST_CLOCK_UNSCHEDULED;
}

// Without a deadline: results of a stalled analysis end nobody's wait, and neither does a span when
// a tee waits for that analysis, or a sink for its first frame. The head has waited long enough
// when nothing was heard of results for the latency.
bool GstDeepfakeJoinQueue::wait_for_silence(std::unique_lock<std::mutex>& lock, const Item& item) {
  const std::chrono::nanoseconds patience(settings_.latency);
  const auto is_silent = [&] { return Clock::now() >= std::max(item.arrival, heard_) + patience; };
  if (!is_silent()) changed_.wait_until(lock, std::max(item.arrival, heard_) + patience);
  return is_silent();
}

void GstDeepfakeJoinQueue::leave(const Item& item, Leaving& leaving) {
  leaving.object = item.object;
  leaving.result = nullptr;
  if (!GST_IS_BUFFER(item.object)) return;
  --buffers_;
  if (GST_CLOCK_TIME_IS_VALID(item.time)) {
    leaving.result = results_.match(item.time, settings_.max_age);
    left_ = newer(left_, item.time);
    // Frames that are shown before this one may follow it.
    const GstClockTime kept = settings_.max_age + kGstDeepfakeLongestReordering;
    if (left_ > kept) results_.forget_before(left_ - kept);
  }
  ++(leaving.result ? stats_.matched : stats_.unmatched);
}

GstDeepfakeJoinQueue::Taken GstDeepfakeJoinQueue::take(Leaving& leaving) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    if (is_stopped()) return Taken::kStopped;
    if (items_.empty()) {
      changed_.wait(lock);
      continue;
    }
    if (!is_due(items_.front())) {
      if (!timing_known_) return Taken::kTimingWanted;
      if (!wait_until_time_is_up(lock) || is_stopped()) continue;
    }
    leave(items_.front(), leaving);
    items_.pop_front();
    pushing_ = true;
    wake();
    return Taken::kObject;
  }
}

bool GstDeepfakeJoinQueue::done(GstFlowReturn flow) {
  const std::lock_guard<std::mutex> lock(mutex_);
  pushing_ = false;
  if (!is_stopped() && flow != GST_FLOW_OK) {
    flow_ = flow;
    drop_buffers();
  }
  wake();
  return !is_stopped() && ends_ && (flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS);
}

void GstDeepfakeJoinQueue::retry() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (flow_ == GST_FLOW_NOT_LINKED) flow_ = GST_FLOW_OK;
}

// --- Latency

void GstDeepfakeJoinQueue::set_timing(const GstDeepfakeJoinTiming& timing) {
  const std::lock_guard<std::mutex> lock(mutex_);
  timing_ = timing;
  timing_known_ = true;
  wake();
}

void GstDeepfakeJoinQueue::forget_timing() {
  const std::lock_guard<std::mutex> lock(mutex_);
  timing_known_ = false;
}

GstClockTime GstDeepfakeJoinQueue::reach_of(const GstDeepfakeJoinTiming& timing) {
  return reach_given(settings(), timing);
}
