// SPDX-License-Identifier: LGPL-2.1-or-later

#include "picture_maker.h"

#include <gst/video/video.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

// Coders want even sizes.
int even(double size) { return std::max(2, static_cast<int>(size / 2) * 2); }

GstCaps* jpeg_caps(GstSample* sample, int most_width) {
  GstVideoInfo info;
  if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) == FALSE) {
    throw std::runtime_error("a picture's format is not known");
  }
  // As it is shown: pixels of broadcasts are not square.
  const double width = double(info.width) * info.par_n / std::max(1, info.par_d);
  const double part = most_width > 0 ? std::min(1.0, most_width / width) : 1.0;
  return gst_caps_new_simple("image/jpeg", "width", G_TYPE_INT, even(width * part), "height",
                             G_TYPE_INT, even(info.height * part), "pixel-aspect-ratio",
                             GST_TYPE_FRACTION, 1, 1, nullptr);
}

}  // namespace

std::string jpeg_of(GstSample* sample, int most_width) {
  constexpr GstClockTime kLimit = 5 * GST_SECOND;
  GstCaps* caps = jpeg_caps(sample, most_width);
  GError* error = nullptr;
  GstSample* made = gst_video_convert_sample(sample, caps, kLimit, &error);
  gst_caps_unref(caps);
  if (made == nullptr) {
    const std::string text = error != nullptr ? error->message : "no reason is known";
    g_clear_error(&error);
    throw std::runtime_error("a picture cannot be made a JPEG: " + text);
  }
  const Sample owned(made);
  GstMapInfo map;
  GstBuffer* buffer = gst_sample_get_buffer(made);
  if (gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE) {
    throw std::runtime_error("a JPEG cannot be read");
  }
  std::string jpeg(reinterpret_cast<const char*>(map.data), map.size);
  gst_buffer_unmap(buffer, &map);
  return jpeg;
}

PictureMaker::PictureMaker() : thread_([this] { run(); }) {}

PictureMaker::~PictureMaker() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    end_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool PictureMaker::make(Sample sample, Code code, Done done) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (jobs_.size() >= kMostWaiting) return false;
    jobs_.push_back({std::move(sample), std::move(code), std::move(done)});
  }
  changed_.notify_one();
  return true;
}

void PictureMaker::run() {
  bool said = false;
  while (true) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return end_ || !jobs_.empty(); });
    if (end_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    std::string jpeg;
    try {
      jpeg = job.code(job.sample.get());
    } catch (const std::exception& error) {
      if (!std::exchange(said, true)) log_line(error.what());
    }
    job.done(jpeg);
  }
}

}  // namespace dfd::monitor
