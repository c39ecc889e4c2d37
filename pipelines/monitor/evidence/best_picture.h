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

// The best picture so far. Any thread.
class BestPicture : public std::enable_shared_from_this<BestPicture> {
 public:
  // What a picture is worth: one with a map of its own more than any without, then the likelier.
  struct Worth {
    bool is_explained = false;
    // In [0, 1]; less where it is not of a face.
    double probability = -1;

    bool operator<(const Worth& other) const;
  };

  // How its pictures are made.
  struct Codes {
    PictureMaker::Code plain;
    // Of those that were explained.
    PictureMaker::Code drawn;
    // Of those of faces; empty where the face cannot be had by itself.
    PictureMaker::Code face;
  };
  // Nothing is taken any more once the maker is gone.
  BestPicture(std::weak_ptr<PictureMaker> maker, Codes codes);

  // Of somebody who is about to take one; it ends with its last holder.
  using Claim = std::shared_ptr<void>;
  // Null where there is one that is worth as much or more, or somebody is about to.
  Claim claim(const Worth& worth);

  // Has the picture coded, its face cut out, and drawn on where it is explained. Comes back at
  // once.
  void take(GstSample* sample, const Worth& worth, WallTime taken, const Claim& claim);

  struct Pictures {
    ClipPicture plain;
    // The same one, drawn on.
    ClipPicture drawn;
    // The face that it is kept for, alone.
    ClipPicture face;
  };
  // What there is so far, which is then not kept here any more.
  Pictures give();

 private:
  const std::weak_ptr<PictureMaker> maker_;
  const Codes codes_;
  std::atomic<bool> claimed_{false};
  std::mutex mutex_;
  bool has_any_ = false;
  Worth highest_;
  Pictures pictures_;
};

}  // namespace dfd::monitor
