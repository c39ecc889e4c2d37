// SPDX-License-Identifier: LGPL-2.1-or-later

#include "verdict_log.h"

#include <gst/deepfake/gstdeepfakemeta.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

namespace dfd::monitor {
namespace {

// An hour of 10 a second, the longest clip there is; some 40 MB.
constexpr std::size_t kMost = 36000;

// The same frame's result changes where time alone passes: what was known becomes too old.
bool is_news(const GstDeepfakeMeta& meta, const GstDeepfakeMeta& before) {
  return meta.running_time != before.running_time || meta.verdict != before.verdict ||
         std::string_view(meta.reason) != before.reason;
}

const GstDeepfakeMeta* meta_of(const Said& said) {
  return gst_buffer_get_deepfake_meta(gst_sample_get_buffer(said.sample.get()));
}

std::shared_ptr<GstSample> copy_of(const GstDeepfakeMeta* meta, GstCaps* caps, GstBuffer* buffer) {
  guint width = 0;
  guint height = 0;
  // Where it is cut or turned nobody knows any more where faces are.
  if (gst_deepfake_meta_get_picture_size(meta, buffer, &width, &height) == FALSE) {
    width = height = 0;
  }
  GstBuffer* holder = gst_buffer_new();
  gst_deepfake_meta_copy(meta, holder, width, height);
  GstSample* sample = gst_sample_new(holder, caps, nullptr, nullptr);
  gst_buffer_unref(holder);
  return {sample, [](GstSample* last) { gst_sample_unref(last); }};
}

}  // namespace

void VerdictLog::set_kept(Clock::duration kept) {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_ = kept;
}

void VerdictLog::note(std::uint64_t connection, GstCaps* caps, GstBuffer* buffer,
                      GstClockTime running_time) {
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  if (meta == nullptr) return;
  // What is old is given back without the lock.
  std::vector<Entry> gone;
  const std::lock_guard<std::mutex> lock(mutex_);
  const Clock::time_point now = Clock::now();
  const bool has_last = !entries_.empty() && entries_.back().connection == connection;
  const GstDeepfakeMeta* last = has_last ? meta_of(entries_.back().said) : nullptr;
  if (last == nullptr || is_news(*meta, *last)) {
    const bool is_analysed = GST_CLOCK_TIME_IS_VALID(meta->running_time) &&
                             (last == nullptr || meta->running_time != last->running_time);
    Said said{is_analysed ? meta->running_time : running_time, copy_of(meta, caps, buffer)};
    if (GST_CLOCK_TIME_IS_VALID(said.running_time)) {
      entries_.push_back({connection, now, std::move(said)});
    }
  }
  while (!entries_.empty() && (now - entries_.front().came > kept_ || entries_.size() > kMost)) {
    gone.push_back(std::move(entries_.front()));
    entries_.pop_front();
  }
}

std::vector<Said> VerdictLog::between(std::uint64_t connection, GstClockTime begin,
                                      GstClockTime end) const {
  std::vector<Said> found;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const Entry& entry : entries_) {
      if (entry.connection == connection && entry.said.running_time <= end) {
        found.push_back(entry.said);
      }
    }
  }
  const auto earlier = [](const Said& one, const Said& other) {
    return one.running_time < other.running_time;
  };
  std::stable_sort(found.begin(), found.end(), earlier);
  const auto after = std::find_if(found.begin(), found.end(),
                                  [&](const Said& said) { return said.running_time > begin; });
  if (after != found.begin()) found.erase(found.begin(), std::prev(after));
  return found;
}

}  // namespace dfd::monitor
