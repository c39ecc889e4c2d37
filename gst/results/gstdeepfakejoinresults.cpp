// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakejoinresults.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace {

// More than a minute of 60 frames a second, a few megabytes: the programme is that far behind only
// when nobody takes it.
constexpr std::size_t kMostResults = 4096;

double aspect_of(const GstDeepfakeShape& shape) {
  return static_cast<double>(shape.width) * shape.par_n /
         (static_cast<double>(shape.height) * shape.par_d);
}

// As gst/deepfake has it for scaling: where the shape of the display changed, borders were added or
// cut off.
bool is_scaled(const GstDeepfakeShape& from, const GstDeepfakeShape& to) {
  if (from.width == 0 || from.height == 0 || to.width == 0 || to.height == 0) return false;
  // Sizes are whole pixels: a difference of one is rounding, on whichever side has fewer.
  const double pixel = 1.0 / std::min({from.width, from.height, to.width, to.height});
  return std::abs(aspect_of(from) / aspect_of(to) - 1) <= pixel;
}

}  // namespace

GstDeepfakeShape gst_deepfake_shape_of(const GstCaps* caps) {
  GstDeepfakeShape shape;
  if (gst_caps_is_empty(caps) != FALSE || gst_caps_is_any(caps) != FALSE) return shape;
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  gint width = 0;
  gint height = 0;
  gst_structure_get_int(structure, "width", &width);
  gst_structure_get_int(structure, "height", &height);
  shape.width = static_cast<guint>(std::max(width, 0));
  shape.height = static_cast<guint>(std::max(height, 0));
  gint par_n = 0;
  gint par_d = 0;
  if (gst_structure_get_fraction(structure, "pixel-aspect-ratio", &par_n, &par_d) != FALSE &&
      par_n > 0 && par_d > 0) {
    shape.par_n = par_n;
    shape.par_d = par_d;
  }
  return shape;
}

GstDeepfakeJoinResult::GstDeepfakeJoinResult(const GstDeepfakeMeta* meta, GstBuffer* buffer,
                                             const GstDeepfakeShape& caps)
    : holder_(gst_buffer_new()), shape_(caps) {
  // Unknown after a crop, so that the boxes stay unknown.
  if (gst_deepfake_meta_get_picture_size(meta, buffer, &shape_.width, &shape_.height) == FALSE) {
    shape_.width = 0;
    shape_.height = 0;
  }
  gst_deepfake_meta_copy(meta, holder_, shape_.width, shape_.height);
}

GstDeepfakeJoinResult::~GstDeepfakeJoinResult() { gst_buffer_unref(holder_); }

void GstDeepfakeJoinResult::attach(GstBuffer* buffer, const GstDeepfakeShape& picture) const {
  const bool known = is_scaled(shape_, picture);
  gst_deepfake_meta_copy(gst_buffer_get_deepfake_meta(holder_), buffer, known ? picture.width : 0,
                         known ? picture.height : 0);
}

void GstDeepfakeJoinResults::add(GstClockTime time, GstDeepfakeJoinResultPtr result) {
  reach(time);
  const auto place =
      std::upper_bound(entries_.begin(), entries_.end(), time,
                       [](GstClockTime value, const Entry& entry) { return value < entry.time; });
  entries_.insert(place, Entry{time, std::move(result)});
  if (entries_.size() > kMostResults) entries_.pop_front();
}

void GstDeepfakeJoinResults::reach(GstClockTime time) {
  if (GST_CLOCK_TIME_IS_VALID(reached_) && time < reached_) {
    if (reached_ - time <= kGstDeepfakeLongestReordering) return;
    entries_.clear();
  }
  reached_ = time;
}

bool GstDeepfakeJoinResults::has_reached(GstClockTime time) const {
  return ended_ || (GST_CLOCK_TIME_IS_VALID(reached_) && reached_ >= time);
}

GstDeepfakeJoinResultPtr GstDeepfakeJoinResults::match(GstClockTime time,
                                                       GstClockTime max_age) const {
  const auto next =
      std::upper_bound(entries_.begin(), entries_.end(), time,
                       [](GstClockTime value, const Entry& entry) { return value < entry.time; });
  if (next == entries_.begin()) return nullptr;
  const Entry& newest = *std::prev(next);
  return time - newest.time <= max_age ? newest.result : nullptr;
}

void GstDeepfakeJoinResults::forget_before(GstClockTime time) {
  while (!entries_.empty() && entries_.front().time < time) entries_.pop_front();
}

void GstDeepfakeJoinResults::clear() {
  entries_.clear();
  reached_ = GST_CLOCK_TIME_NONE;
}
