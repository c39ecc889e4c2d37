// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face_picture.h"

#include <gst/deepfake/gstdeepfakemeta.h>
#include <gst/video/video.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <tuple>

namespace dfd::monitor {
namespace {

struct Rectangle {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

// Pixels of colours lie in pairs.
int even(double value) { return static_cast<int>(value / 2) * 2; }

struct Edges {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

Edges edges_of(const Rectangle& face) {
  return {face.x, face.y, face.x + face.width, face.y + face.height};
}

double area_of(const Edges& part) { return (part.right - part.left) * (part.bottom - part.top); }

// The face with so much of its size more on each side, as far as the picture goes.
Edges surroundings(const Rectangle& face, double around, const GstVideoInfo& info) {
  return {std::max(0.0, face.x - around * face.width), std::max(0.0, face.y - around * face.height),
          std::min(double(info.width), face.x + (1 + around) * face.width),
          std::min(double(info.height), face.y + (1 + around) * face.height)};
}

Rectangle whole_pixels(const Edges& part) {
  const double x = even(part.left);
  const double y = even(part.top);
  return {x, y, double(even(part.right - x)), double(even(part.bottom - y))};
}

// The largest part on one side of `other` that still has all of `least`.
std::optional<Edges> beside(const Edges& part, const Edges& least, const Edges& other) {
  const bool apart = other.right <= part.left || other.left >= part.right ||
                     other.bottom <= part.top || other.top >= part.bottom;
  if (apart) return part;
  std::array<Edges, 4> sides = {part, part, part, part};
  sides[0].left = other.right;
  sides[1].right = other.left;
  sides[2].top = other.bottom;
  sides[3].bottom = other.top;
  std::optional<Edges> largest;
  for (const Edges& side : sides) {
    const bool has_all = side.left <= least.left && side.right >= least.right &&
                         side.top <= least.top && side.bottom >= least.bottom;
    if (has_all && (!largest || area_of(side) > area_of(*largest))) largest = side;
  }
  return largest;
}

struct Size {
  int width = 0;
  int height = 0;
};

// Pixels of broadcasts are not square.
Size shown_size(const Rectangle& part, const GstVideoInfo& info, int most_size) {
  const double width = part.width * info.par_n / std::max(1, info.par_d);
  const double scale = std::min(1.0, most_size / std::max(width, part.height));
  return {std::max(2, even(width * scale)), std::max(2, even(part.height * scale))};
}

struct EndConverter {
  void operator()(GstVideoConverter* converter) const { gst_video_converter_free(converter); }
};

bool convert(GstVideoInfo& from, GstBuffer* picture, const Rectangle& part, GstVideoInfo& to,
             GstBuffer* cut) {
  GstStructure* options =
      gst_structure_new("options", GST_VIDEO_CONVERTER_OPT_SRC_X, G_TYPE_INT, int(part.x),
                        GST_VIDEO_CONVERTER_OPT_SRC_Y, G_TYPE_INT, int(part.y),
                        GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, int(part.width),
                        GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, int(part.height), nullptr);
  const std::unique_ptr<GstVideoConverter, EndConverter> converter(
      gst_video_converter_new(&from, &to, options));
  if (converter == nullptr) return false;
  GstVideoFrame source;
  if (gst_video_frame_map(&source, &from, picture, GST_MAP_READ) == FALSE) return false;
  GstVideoFrame target;
  const bool mapped = gst_video_frame_map(&target, &to, cut, GST_MAP_WRITE) != FALSE;
  if (mapped) {
    gst_video_converter_frame(converter.get(), &source, &target);
    gst_video_frame_unmap(&target);
  }
  gst_video_frame_unmap(&source);
  return mapped;
}

// The same of the face alone, in the pixels of what was cut.
void add_result(GstBuffer* cut, const GstDeepfakeMeta& meta, const GstDeepfakeFace& face,
                const Rectangle& place, const Rectangle& part, const Size& size) {
  GstDeepfakeFace own = face;
  const double x_scale = size.width / part.width;
  const double y_scale = size.height / part.height;
  own.x = static_cast<gfloat>((place.x - part.x) * x_scale);
  own.y = static_cast<gfloat>((place.y - part.y) * y_scale);
  own.width = static_cast<gfloat>(place.width * x_scale);
  own.height = static_cast<gfloat>(place.height * y_scale);
  GstDeepfakeMeta* made = gst_buffer_add_deepfake_meta(
      cut, meta.stream_id, meta.model_id, guint(size.width), guint(size.height), &own, 1);
  made->verdict = face.verdict;
  made->reason = face.reason;
  made->probability = face.probability;
  made->threshold = meta.threshold;
}

// Whether it is known where faces lie in the picture, whose format is `info` then.
bool is_placed(const GstDeepfakeMeta* meta, GstBuffer* buffer, GstCaps* caps, GstVideoInfo& info) {
  return meta != nullptr && gst_video_info_from_caps(&info, caps) != FALSE &&
         gst_deepfake_meta_get_picture_size(meta, buffer, nullptr, nullptr) != FALSE;
}

Rectangle place_of(const GstDeepfakeMeta& meta, GstBuffer* buffer, unsigned index) {
  Rectangle place;
  gst_deepfake_meta_locate_face(&meta, buffer, index, &place.x, &place.y, &place.width,
                                &place.height);
  return place;
}

// A part of the picture with the face that lies in it, at that place.
std::shared_ptr<GstSample> cut_part(GstVideoInfo& from, GstBuffer* buffer,
                                    const GstDeepfakeMeta& meta, const GstDeepfakeFace& face,
                                    const Rectangle& place, const Rectangle& part, int most_size) {
  if (part.width < 2 || part.height < 2) return nullptr;
  const Size size = shown_size(part, from, most_size);
  GstVideoInfo to;
  gst_video_info_set_format(&to, GST_VIDEO_FORMAT_I420, guint(size.width), guint(size.height));
  // A converter takes no other rate, and both fields are of one moment here.
  to.fps_n = from.fps_n;
  to.fps_d = from.fps_d;
  from.interlace_mode = GST_VIDEO_INTERLACE_MODE_PROGRESSIVE;
  GstBuffer* cut = gst_buffer_new_allocate(nullptr, to.size, nullptr);
  std::shared_ptr<GstSample> sample;
  if (convert(from, buffer, part, to, cut)) {
    add_result(cut, meta, face, place, part, size);
    GstCaps* cut_caps = gst_video_info_to_caps(&to);
    sample = {gst_sample_new(cut, cut_caps, nullptr, nullptr),
              [](GstSample* last) { gst_sample_unref(last); }};
    gst_caps_unref(cut_caps);
  }
  gst_buffer_unref(cut);
  return sample;
}

// As the stream's own verdict is found.
const GstDeepfakeFace* worst_of(const GstDeepfakeMeta& meta) {
  const auto rank = [](const GstDeepfakeFace& face) {
    return std::make_tuple(face.verdict, face.probability);
  };
  const GstDeepfakeFace* worst = nullptr;
  for (guint i = 0; i < meta.n_faces; ++i) {
    const GstDeepfakeFace& face = meta.faces[i];
    if (face.probability < 0) continue;
    if (worst == nullptr || rank(face) > rank(*worst)) worst = &face;
  }
  return worst;
}

}  // namespace

std::vector<SeenFace> faces_analysed_in(GstBuffer* buffer, GstClockTime running_time) {
  std::vector<SeenFace> faces;
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  if (meta == nullptr || !GST_CLOCK_TIME_IS_VALID(running_time)) return faces;
  if (meta->running_time != running_time) return faces;
  for (guint i = 0; i < meta->n_faces; ++i) {
    const GstDeepfakeFace& face = meta->faces[i];
    SeenFace seen;
    seen.index = i;
    seen.track_id = face.track_id;
    seen.samples = face.samples;
    if (face.probability >= 0) seen.probability = face.probability;
    seen.detection_confidence = face.detection_confidence;
    gsize cells = 0;
    gst_deepfake_face_get_heatmap(&face, &cells);
    seen.explained = cells > 0;
    faces.push_back(seen);
  }
  return faces;
}

std::shared_ptr<GstSample> cut_face(GstCaps* caps, GstBuffer* buffer, unsigned index,
                                    int most_size) {
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  GstVideoInfo from;
  if (!is_placed(meta, buffer, caps, from) || index >= meta->n_faces) return nullptr;
  const Rectangle place = place_of(*meta, buffer, index);
  constexpr double kAround = 0.25;
  return cut_part(from, buffer, *meta, meta->faces[index], place,
                  whole_pixels(surroundings(place, kAround, from)), most_size);
}

std::shared_ptr<GstSample> cut_worst_face(GstCaps* caps, GstBuffer* buffer) {
  // OpenCV's cascade finds faces with 0.6 of their size around them, not with 0.5; the least is
  // what square crops of 1.3 sides take in.
  constexpr double kAround = 1;
  constexpr double kLeast = 0.15;
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  GstVideoInfo from;
  if (!is_placed(meta, buffer, caps, from)) return nullptr;
  const GstDeepfakeFace* worst = worst_of(*meta);
  if (worst == nullptr) return nullptr;
  const auto index = static_cast<unsigned>(worst - meta->faces);
  const Rectangle place = place_of(*meta, buffer, index);
  const Edges least = surroundings(place, kLeast, from);
  std::optional<Edges> part = surroundings(place, kAround, from);
  for (guint i = 0; i < meta->n_faces && part; ++i) {
    if (i != index) part = beside(*part, least, edges_of(place_of(*meta, buffer, i)));
  }
  if (!part) return nullptr;
  return cut_part(from, buffer, *meta, *worst, place, whole_pixels(*part),
                  std::numeric_limits<int>::max());
}

}  // namespace dfd::monitor
