// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gst/gst.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "evidence/picture_maker.h"

namespace dfd::monitor {

struct ClipPicture {
  // Empty where there is none.
  std::string jpeg;
  // In [0, 1]; less where it is not of a face.
  double probability = -1;
  WallTime taken;
};

// The picture with the highest probability so far. Any thread.
class BestPicture : public std::enable_shared_from_this<BestPicture> {
 public:
  // Nothing is taken any more once the maker is gone.
  BestPicture(std::weak_ptr<PictureMaker> maker, PictureMaker::Code code);

  // Of somebody who is about to take one; it ends with its last holder.
  using Claim = std::shared_ptr<void>;
  // Null where there is one with this probability or a higher one, or somebody is about to.
  Claim claim(double probability);

  // Has the picture coded. Comes back at once.
  void take(GstSample* sample, double probability, const Claim& claim);

  // What there is so far, which is then not kept here any more.
  ClipPicture give();

 private:
  const std::weak_ptr<PictureMaker> maker_;
  const PictureMaker::Code code_;
  std::atomic<bool> claimed_{false};
  std::mutex mutex_;
  // One that is of no face is better than none.
  double highest_ = -2;
  ClipPicture picture_;
};

}  // namespace dfd::monitor
