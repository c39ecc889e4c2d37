// SPDX-License-Identifier: LGPL-2.1-or-later

#include "best_picture.h"

#include <tuple>
#include <utility>

namespace dfd::monitor {

bool BestPicture::Worth::operator<(const Worth& other) const {
  return std::tie(is_explained, probability) < std::tie(other.is_explained, other.probability);
}

BestPicture::BestPicture(std::weak_ptr<PictureMaker> maker, Codes codes)
    : maker_(std::move(maker)), codes_(std::move(codes)) {}

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
    self->pictures_ = {{jpeg, worth.probability, taken}, {}, {}};
  };
  if (!maker->make(Sample(gst_sample_ref(sample)), codes_.plain, keep)) return;
  // One after the other: the claim sees to it that no other picture comes in between.
  const auto add = [&](const PictureMaker::Code& code, ClipPicture Pictures::*member) {
    const auto keep_too = [self, claim, worth, taken, member](const std::string& jpeg) {
      const std::lock_guard<std::mutex> lock(self->mutex_);
      const ClipPicture& plain = self->pictures_.plain;
      if (jpeg.empty() || plain.jpeg.empty() || plain.taken != taken) return;
      self->pictures_.*member = {jpeg, worth.probability, taken};
    };
    maker->make(Sample(gst_sample_ref(sample)), code, keep_too);
  };
  if (worth.probability >= 0) add(codes_.face, &Pictures::face);
  if (worth.is_explained) add(codes_.drawn, &Pictures::drawn);
}

BestPicture::Pictures BestPicture::give() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(pictures_, {});
}

}  // namespace dfd::monitor
