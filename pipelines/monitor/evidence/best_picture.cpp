// SPDX-License-Identifier: LGPL-2.1-or-later

#include "best_picture.h"

#include <tuple>
#include <utility>

namespace dfd::monitor {

bool BestPicture::Worth::operator<(const Worth& other) const {
  return std::tie(is_explained, probability) < std::tie(other.is_explained, other.probability);
}

BestPicture::BestPicture(std::weak_ptr<PictureMaker> maker, PictureMaker::Code code,
                         PictureMaker::Code draw)
    : maker_(std::move(maker)), code_(std::move(code)), draw_(std::move(draw)) {}

BestPicture::Claim BestPicture::claim(const Worth& worth) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (has_any_ && !(highest_ < worth)) return nullptr;
  }
  // One at a time: the next one that is better comes with the next result.
  if (claimed_.exchange(true)) return nullptr;
  return {this, [self = shared_from_this()](void*) { self->claimed_ = false; }};
}

void BestPicture::take(GstSample* sample, const Worth& worth, WallTime taken, const Claim& claim) {
  const auto maker = maker_.lock();
  if (maker == nullptr) return;
  const auto self = shared_from_this();
  const auto keep = [self, claim, worth, taken](const std::string& jpeg) {
    if (jpeg.empty()) return;
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->has_any_ = true;
    self->highest_ = worth;
    self->pictures_ = {{jpeg, worth.probability, taken}, {}};
  };
  const bool is_coming = maker->make(Sample(gst_sample_ref(sample)), code_, keep);
  if (!is_coming || !worth.is_explained) return;
  // One after the other: the claim sees to it that no other picture comes in between.
  const auto keep_drawn = [self, claim, worth, taken](const std::string& jpeg) {
    const std::lock_guard<std::mutex> lock(self->mutex_);
    const ClipPicture& plain = self->pictures_.plain;
    if (jpeg.empty() || plain.jpeg.empty() || plain.taken != taken) return;
    self->pictures_.drawn = {jpeg, worth.probability, taken};
  };
  maker->make(Sample(gst_sample_ref(sample)), draw_, keep_drawn);
}

BestPicture::Pictures BestPicture::give() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(pictures_, {});
}

}  // namespace dfd::monitor
