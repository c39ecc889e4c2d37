// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Finds the pictures in which faces were judged: the result of one comes some pictures later, with
// another that may be of another scene.

#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "evidence/best_picture.h"

namespace dfd::monitor {

// Any thread.
class FacePictures {
 public:
  // Who gets them from now on; null: nobody. One with a map of its own counts more `with_maps`.
  void want(std::shared_ptr<BestPicture> wanted, bool with_maps);

  // A picture that leaves deepfakedetect, as Tap::take_judged() has it.
  void take(std::uint64_t connection, GstCaps* caps, GstBuffer* buffer, GstClockTime running_time);

  // Nothing has come for so long that nobody will ask for it: it is given back.
  void drop_old(Time now);

  // Results that come later than that are of no picture any more.
  static constexpr Duration kLongest = std::chrono::seconds(1);
  // 20 pictures of 1920x1080, 5 of 3840x2160.
  static constexpr std::size_t kMostBytes = 64 << 20;

 private:
  struct Recent {
    GstClockTime running_time = GST_CLOCK_TIME_NONE;
    std::shared_ptr<GstSample> picture;
    Moment came;
    std::size_t bytes = 0;
  };
  // What a result is of, and what that is worth.
  struct Found {
    Recent recent;
    BestPicture::Worth worth;
    std::shared_ptr<BestPicture> wanted;
  };

  // With the mutex.
  void keep(Recent recent, std::deque<Recent>& gone);
  std::deque<Recent> take_all();
  Found look(GstBuffer* buffer);

  std::mutex mutex_;
  std::shared_ptr<BestPicture> wanted_;
  bool with_maps_ = false;
  // The newest that gave something.
  std::uint64_t connection_ = 0;
  std::deque<Recent> recent_;
  std::size_t bytes_ = 0;
  // A map that was there before anybody wanted one may be of any picture.
  bool begins_ = true;
  // Of the newest result.
  GstClockTime judged_ = GST_CLOCK_TIME_NONE;
  std::vector<float> map_;
};

}  // namespace dfd::monitor
