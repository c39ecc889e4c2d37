// SPDX-License-Identifier: LGPL-2.1-or-later

#include "face_picture.h"

#include <gst/deepfake/gstdeepfakemeta.h>
#include <gst/video/video.h>

#include <algorithm>
#include <cmath>

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

// The face with half its size more around it, as far as the picture goes.
Rectangle surroundings(const Rectangle& face, const GstVideoInfo& info) {
  constexpr double kAround = 0.25;
  const double left = std::max(0.0, face.x - kAround * face.width);
  const double top = std::max(0.0, face.y - kAround * face.height);
  const double right = std::min(double(info.width), face.x + (1 + kAround) * face.width);
  const double bottom = std::min(double(info.height), face.y + (1 + kAround) * face.height);
  const double x = even(left);
  const double y = even(top);
  return {x, y, double(even(right - x)), double(even(bottom - y))};
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
  Rectangle place;
  const bool known = meta != nullptr && gst_video_info_from_caps(&from, caps) != FALSE &&
                     gst_deepfake_meta_locate_face(meta, buffer, index, &place.x, &place.y,
                                                   &place.width, &place.height) != FALSE;
  if (!known) return nullptr;
  const Rectangle part = surroundings(place, from);
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
    add_result(cut, *meta, meta->faces[index], place, part, size);
    GstCaps* cut_caps = gst_video_info_to_caps(&to);
    sample = {gst_sample_new(cut, cut_caps, nullptr, nullptr),
              [](GstSample* last) { gst_sample_unref(last); }};
    gst_caps_unref(cut_caps);
  }
  gst_buffer_unref(cut);
  return sample;
}

}  // namespace dfd::monitor
