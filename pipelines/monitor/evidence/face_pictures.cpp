// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face_pictures.h"

#include <algorithm>
#include <utility>

#include "findings/judged_picture.h"

namespace dfd::monitor {

void FacePictures::want(std::shared_ptr<BestPicture> wanted, bool with_maps) {
  // Pictures are given back without the mutex.
  std::deque<Recent> gone;
  const std::lock_guard<std::mutex> lock(mutex_);
  begins_ = begins_ || wanted_ == nullptr;
  wanted_ = std::move(wanted);
  with_maps_ = with_maps;
  if (wanted_ == nullptr) gone = take_all();
}

void FacePictures::drop_old(Time now) {
  std::deque<Recent> gone;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (recent_.empty() || now - recent_.back().came.steady < 2 * kLongest) return;
  gone = take_all();
}

std::deque<FacePictures::Recent> FacePictures::take_all() {
  bytes_ = 0;
  return std::exchange(recent_, {});
}

void FacePictures::keep(Recent recent, std::deque<Recent>& gone) {
  constexpr auto kKept = GstClockTime(std::chrono::nanoseconds(kLongest).count());
  const GstClockTime newest = recent.running_time;
  bytes_ += recent.bytes;
  recent_.push_back(std::move(recent));
  const auto is_old = [&](const Recent& one) {
    return one.running_time > newest || newest - one.running_time > kKept;
  };
  while (recent_.size() > 1 && (bytes_ > kMostBytes || is_old(recent_.front()))) {
    bytes_ -= recent_.front().bytes;
    gone.push_back(std::move(recent_.front()));
    recent_.pop_front();
  }
}

// A map stays for up to a second: it is of the picture with whose result it is new.
FacePictures::Found FacePictures::look(GstBuffer* buffer) {
  auto judged = judged_in(buffer);
  if (!judged || judged->running_time == judged_) return {};
  judged_ = judged->running_time;
  std::vector<float> cells = judged->map ? std::move(judged->map->cells) : std::vector<float>();
  const bool is_first = std::exchange(begins_, false);
  const bool is_explained = with_maps_ && !is_first && !cells.empty() && cells != map_;
  map_ = std::move(cells);
  if (!is_explained && !judged->probability) return {};
  const auto recent = std::find_if(recent_.begin(), recent_.end(), [&](const Recent& one) {
    return one.running_time == judged->running_time;
  });
  if (recent == recent_.end()) return {};
  const double probability = is_explained ? judged->map->probability : *judged->probability;
  return {*recent, {is_explained, probability}, wanted_};
}

void FacePictures::take(std::uint64_t connection, GstCaps* caps, GstBuffer* buffer,
                        GstClockTime running_time) {
  std::deque<Recent> gone;
  Found found;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // One that was left behind may still bring something.
    if (wanted_ == nullptr || connection < connection_) return;
    if (std::exchange(connection_, connection) != connection) {
      gone = take_all();
      judged_ = GST_CLOCK_TIME_NONE;
      map_.clear();
    }
    if (GST_CLOCK_TIME_IS_VALID(running_time)) {
      const std::shared_ptr<GstSample> picture(gst_sample_new(buffer, caps, nullptr, nullptr),
                                               [](GstSample* last) { gst_sample_unref(last); });
      keep({running_time, picture, now(), gst_buffer_get_size(buffer)}, gone);
    }
    found = look(buffer);
  }
  if (found.wanted == nullptr) return;
  const BestPicture::Claim claim = found.wanted->claim(found.worth);
  if (claim == nullptr) return;
  const auto sample = with_result_of(found.recent.picture.get(), buffer);
  found.wanted->take(sample.get(), found.worth, found.recent.came.wall, claim);
}

}  // namespace dfd::monitor
