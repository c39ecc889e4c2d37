// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeoverlay.h"

#include <cairo.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

namespace {

struct Color {
  double red, green, blue;
};

// Told apart by lightness too, for colour-blind eyes.
Color color_of(dfd::Verdict verdict) {
  switch (verdict) {
    case dfd::Verdict::kAuthentic:
      return {0.20, 0.75, 0.35};
    case dfd::Verdict::kSuspicious:
      return {1.00, 0.75, 0.10};
    case dfd::Verdict::kManipulated:
      return {0.90, 0.10, 0.15};
    case dfd::Verdict::kUndecided:
      break;
  }
  return {0.80, 0.80, 0.80};
}

std::string percent(double probability) {
  return std::to_string(std::lround(probability * 100)) + " %";
}

std::string label_of(const dfd::FaceReport& face) {
  std::string text = face.track == 0 ? "picture" : "#" + std::to_string(face.track);
  text += std::string(" ") + dfd::to_string(face.verdict);
  if (face.probability) text += " " + percent(*face.probability);
  if (face.reason != dfd::Reason::kNone)
    text += std::string(" (") + dfd::to_string(face.reason) + ")";
  return text;
}

void draw_label(cairo_t* cairo, const dfd::FaceReport& face, double size, int width, int height) {
  const std::string text = label_of(face);
  cairo_text_extents_t extents;
  cairo_text_extents(cairo, text.c_str(), &extents);
  const double pad = size / 4;
  const double label_width = extents.x_advance + 2 * pad;
  const double label_height = size + 2 * pad;
  const double x = std::clamp(double{face.box.x}, 0.0, std::max(0.0, width - label_width));
  const double y =
      std::clamp(double{face.box.y} - label_height, 0.0, std::max(0.0, height - label_height));
  const Color color = color_of(face.verdict);
  cairo_set_source_rgba(cairo, color.red, color.green, color.blue, 0.85);
  cairo_rectangle(cairo, x, y, label_width, label_height);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 0, 0, 0);
  cairo_move_to(cairo, x + pad, y + pad + size * 0.8);  // 0.8 of the size lies above the base line.
  cairo_show_text(cairo, text.c_str());
}

void draw(cairo_t* cairo, const dfd::StreamReport& report, guint flags, int width, int height) {
  // Readable on a full-screen monitor, whatever the frame's size.
  const double size = std::max(10.0, height / 36.0);
  cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
  cairo_set_font_size(cairo, size);
  cairo_set_line_width(cairo, std::max(2.0, height / 240.0));
  for (const dfd::FaceReport& face : report.faces) {
    if ((flags & GST_DEEPFAKE_OVERLAY_BOXES) != 0) {
      const Color color = color_of(face.verdict);
      cairo_set_source_rgb(cairo, color.red, color.green, color.blue);
      cairo_rectangle(cairo, face.box.x, face.box.y, face.box.width, face.box.height);
      cairo_stroke(cairo);
    }
    if ((flags & GST_DEEPFAKE_OVERLAY_LABELS) != 0) draw_label(cairo, face, size, width, height);
  }
}

}  // namespace

GstVideoOverlayComposition* gst_deepfake_overlay_new(const dfd::StreamReport& report, guint flags,
                                                     int width, int height) {
  if (flags == 0 || report.faces.empty()) return nullptr;
  // Reports may be of the frame size before a change of caps.
  if (report.frame_width != width || report.frame_height != height) return nullptr;
  const gsize stride = gsize{4} * static_cast<gsize>(width);
  GstBuffer* pixels =
      gst_buffer_new_allocate(nullptr, stride * static_cast<gsize>(height), nullptr);
  if (pixels == nullptr) return nullptr;
  gst_buffer_memset(pixels, 0, 0, stride * static_cast<gsize>(height));
  GstMapInfo map;
  if (gst_buffer_map(pixels, &map, GST_MAP_READWRITE) == FALSE) {
    gst_buffer_unref(pixels);
    return nullptr;
  }
  cairo_surface_t* surface = cairo_image_surface_create_for_data(
      map.data, CAIRO_FORMAT_ARGB32, width, height, static_cast<int>(stride));
  cairo_t* cairo = cairo_create(surface);
  draw(cairo, report, flags, width, height);
  cairo_destroy(cairo);
  cairo_surface_destroy(surface);
  gst_buffer_unmap(pixels, &map);
  gst_buffer_add_video_meta(pixels, GST_VIDEO_FRAME_FLAG_NONE,
                            GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, static_cast<guint>(width),
                            static_cast<guint>(height));
  // cairo's colours are premultiplied with alpha.
  GstVideoOverlayRectangle* rectangle = gst_video_overlay_rectangle_new_raw(
      pixels, 0, 0, static_cast<guint>(width), static_cast<guint>(height),
      GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
  GstVideoOverlayComposition* composition = gst_video_overlay_composition_new(rectangle);
  gst_video_overlay_rectangle_unref(rectangle);
  gst_buffer_unref(pixels);
  return composition;
}

void gst_deepfake_overlay_blend(GstBuffer* buffer, const GstVideoInfo& info,
                                const dfd::StreamReport& report, guint flags) {
  GstVideoOverlayComposition* composition = gst_deepfake_overlay_new(
      report, flags, GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info));
  if (composition == nullptr) return;
  GstVideoFrame frame;
  if (gst_video_frame_map(&frame, &info, buffer, GST_MAP_READWRITE) != FALSE) {
    gst_video_overlay_composition_blend(composition, &frame);
    gst_video_frame_unmap(&frame);
  }
  gst_video_overlay_composition_unref(composition);
}
