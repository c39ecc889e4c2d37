// SPDX-License-Identifier: LGPL-2.1-or-later

#include "best_picture.h"

#include <utility>

namespace dfd::monitor {

BestPicture::BestPicture(std::weak_ptr<PictureMaker> maker, PictureMaker::Code code)
    : maker_(std::move(maker)), code_(std::move(code)) {}

BestPicture::Claim BestPicture::claim(double probability) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (probability <= highest_) return nullptr;
  }
  // One at a time: the next one that is better comes with the next result.
  if (claimed_.exchange(true)) return nullptr;
  return {this, [self = shared_from_this()](void*) { self->claimed_ = false; }};
}

void BestPicture::take(GstSample* sample, double probability, const Claim& claim) {
  const auto maker = maker_.lock();
  if (maker == nullptr) return;
  const WallTime taken = now().wall;
  const auto keep = [self = shared_from_this(), claim, probability,
                     taken](const std::string& jpeg) {
    if (jpeg.empty()) return;
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->highest_ = probability;
    self->picture_ = {jpeg, probability, taken};
  };
  maker->make(Sample(gst_sample_ref(sample)), code_, keep);
}

ClipPicture BestPicture::give() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(picture_, {});
}

}  // namespace dfd::monitor
