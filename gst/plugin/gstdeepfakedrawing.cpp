// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakedrawing.h"

#include <cairo.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace {

struct Box {
  double x, y, width, height;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.right(), b.right()) - std::max(a.x, b.x);
  const double height = std::min(a.bottom(), b.bottom()) - std::max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

struct Color {
  double red, green, blue;
};

// Okabe and Ito's colours (2008), told apart by all kinds of colour blindness and by lightness. All
// are light enough for black letters.
Color color_of(GstDeepfakeVerdict verdict) {
  switch (verdict) {
    case GST_DEEPFAKE_VERDICT_AUTHENTIC:
      return {0.34, 0.71, 0.91};  // Sky blue.
    case GST_DEEPFAKE_VERDICT_SUSPICIOUS:
      return {0.94, 0.89, 0.26};  // Yellow.
    case GST_DEEPFAKE_VERDICT_MANIPULATED:
      return {0.84, 0.37, 0.00};  // Vermillion.
    case GST_DEEPFAKE_VERDICT_UNDECIDED:
      break;
  }
  return {0.80, 0.80, 0.80};
}

// Sizes follow the frame's height, so that an overlay looks the same at any resolution.
struct Sizes {
  explicit Sizes(int height)
      : font(std::max(12.0, height / 30.0)),  // 12 pixels are the least that can be read.
        line(std::max(2.0, height / 270.0)) {}
  double font, line;
};

// --- Words

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// "MANIPULATED 94 %", "UNDECIDED, no face"
std::string statement(GstDeepfakeVerdict verdict, double probability, const char* reason) {
  std::string text = upper(gst_deepfake_verdict_get_name(verdict));
  if (probability >= 0) text += " " + std::to_string(std::lround(probability * 100)) + " %";
  if (std::string(reason) != "none") {
    std::string words = reason;
    std::replace(words.begin(), words.end(), '-', ' ');
    text += ", " + words;
  }
  return text;
}

std::string label_of(const GstDeepfakeFace& face) {
  const std::string who = face.track_id == 0 ? "" : "#" + std::to_string(face.track_id) + " ";
  return who + statement(face.verdict, face.probability, face.reason);
}

std::string banner_of(const GstDeepfakeMeta& meta, bool located) {
  std::string text = statement(meta.verdict, meta.probability, meta.reason);
  const bool picture = meta.n_faces == 1 && meta.faces[0].track_id == 0;
  if (meta.n_faces > 0 && !picture) {
    text += meta.n_faces == 1 ? " - 1 face" : " - " + std::to_string(meta.n_faces) + " faces";
  }
  return located ? text : text + ", place unknown: the picture was cut or turned";
}

// --- Pixels

using Draw = std::function<void(cairo_t*)>;

// What draw paints in area, in coordinates of the frame; cut at the frame's edge.
void add_rectangle(GstVideoOverlayComposition* composition, const Box& area, const Box& frame,
                   const Draw& draw) {
  const double left = std::floor(std::max(area.x, frame.x));
  const double top = std::floor(std::max(area.y, frame.y));
  const double right = std::ceil(std::min(area.right(), frame.right()));
  const double bottom = std::ceil(std::min(area.bottom(), frame.bottom()));
  if (!(right > left) || !(bottom > top)) return;
  const auto width = static_cast<guint>(right - left);
  const auto height = static_cast<guint>(bottom - top);
  const gsize stride = gsize{4} * width;
  GstBuffer* pixels = gst_buffer_new_allocate(nullptr, stride * height, nullptr);
  GstMapInfo map;
  if (pixels == nullptr) return;
  gst_buffer_memset(pixels, 0, 0, stride * height);
  if (gst_buffer_map(pixels, &map, GST_MAP_READWRITE) != FALSE) {
    cairo_surface_t* surface =
        cairo_image_surface_create_for_data(map.data, CAIRO_FORMAT_ARGB32, static_cast<int>(width),
                                            static_cast<int>(height), static_cast<int>(stride));
    cairo_t* cairo = cairo_create(surface);
    cairo_translate(cairo, -left, -top);
    draw(cairo);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    gst_buffer_unmap(pixels, &map);
    gst_buffer_add_video_meta(pixels, GST_VIDEO_FRAME_FLAG_NONE,
                              GST_VIDEO_OVERLAY_COMPOSITION_FORMAT_RGB, width, height);
    // cairo's colours are premultiplied with alpha.
    GstVideoOverlayRectangle* rectangle = gst_video_overlay_rectangle_new_raw(
        pixels, static_cast<gint>(left), static_cast<gint>(top), width, height,
        GST_VIDEO_OVERLAY_FORMAT_FLAG_PREMULTIPLIED_ALPHA);
    gst_video_overlay_composition_add_rectangle(composition, rectangle);
    gst_video_overlay_rectangle_unref(rectangle);
  }
  gst_buffer_unref(pixels);
}

// A line of text on a plate.
struct Plate {
  std::string text;
  double font, pad, width, height;
};

void select_font(cairo_t* cairo, double size) {
  cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
  cairo_set_font_size(cairo, size);
}

// The font shrinks when the text would be wider than the frame.
Plate plate_of(const std::string& text, double font, double widest) {
  cairo_surface_t* surface = cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
  cairo_t* cairo = cairo_create(surface);
  cairo_text_extents_t extents;
  select_font(cairo, font);
  cairo_text_extents(cairo, text.c_str(), &extents);
  cairo_destroy(cairo);
  cairo_surface_destroy(surface);
  const double fit = std::min(1.0, widest / (extents.x_advance + font / 2));
  const double pad = font * fit / 4;
  return {text, font * fit, pad, extents.x_advance * fit + 2 * pad, font * fit + 2 * pad};
}

void draw_plate(cairo_t* cairo, const Plate& plate, const Box& place, GstDeepfakeVerdict verdict) {
  constexpr double kOpacity = 0.9;  // The picture shows through, the letters can be read.
  const Color color = color_of(verdict);
  cairo_set_source_rgba(cairo, color.red, color.green, color.blue, kOpacity);
  cairo_rectangle(cairo, place.x, place.y, place.width, place.height);
  cairo_fill(cairo);
  cairo_set_source_rgb(cairo, 0, 0, 0);
  select_font(cairo, plate.font);
  // 0.8 of the size lies above the base line.
  cairo_move_to(cairo, place.x + plate.pad, place.y + plate.pad + plate.font * 0.8);
  cairo_show_text(cairo, plate.text.c_str());
}

double halo_of(double line) { return std::max(1.0, line / 3); }

// Around the face, not on it. Kinds of lines tell verdicts apart where colours cannot.
void draw_box(cairo_t* cairo, const Box& box, double line, GstDeepfakeVerdict verdict) {
  const double halo = halo_of(line);
  const double out = halo + line / 2;
  cairo_rectangle(cairo, box.x - out, box.y - out, box.width + 2 * out, box.height + 2 * out);
  // A dark edge on both sides shows the line on a picture of its own colour.
  cairo_set_source_rgba(cairo, 0, 0, 0, 0.6);
  cairo_set_line_width(cairo, line + 2 * halo);
  cairo_stroke_preserve(cairo);
  const Color color = color_of(verdict);
  cairo_set_source_rgb(cairo, color.red, color.green, color.blue);
  cairo_set_line_width(cairo, line);
  if (verdict == GST_DEEPFAKE_VERDICT_UNDECIDED) {
    const std::array<double, 2> dashes{4 * line, 3 * line};
    cairo_set_dash(cairo, dashes.data(), static_cast<int>(dashes.size()), 0);
  }
  cairo_stroke(cairo);
}

// Dark purple over red to yellow, as the inferno colour map goes; the face shows through where
// there is little.
void draw_heatmap(cairo_t* cairo, const GstDeepfakeFace& face, const Box& crop) {
  constexpr int kSize = GST_DEEPFAKE_HEATMAP_SIZE;
  constexpr double kMostOpaque = 0.6;
  std::array<guint32, kSize * kSize> pixels{};
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const double value = std::clamp(double{face.heatmap[i]}, 0.0, 1.0);
    const double alpha = kMostOpaque * value;
    const auto channel = [&](double color) {
      return static_cast<guint32>(std::lround(255 * alpha * std::clamp(color, 0.0, 1.0)));
    };
    pixels[i] = static_cast<guint32>(std::lround(255 * alpha)) << 24 |
                channel(0.35 + 1.1 * value) << 16 | channel(1.8 * (value - 0.45)) << 8 |
                channel(0.45 - 0.45 * value);
  }
  cairo_surface_t* map =
      cairo_image_surface_create_for_data(reinterpret_cast<unsigned char*>(pixels.data()),
                                          CAIRO_FORMAT_ARGB32, kSize, kSize, 4 * kSize);
  cairo_save(cairo);
  cairo_rectangle(cairo, crop.x, crop.y, crop.width, crop.height);
  cairo_clip(cairo);
  cairo_translate(cairo, crop.x, crop.y);
  cairo_scale(cairo, crop.width / kSize, crop.height / kSize);
  cairo_set_source_surface(cairo, map, 0, 0);
  cairo_pattern_set_extend(cairo_get_source(cairo), CAIRO_EXTEND_PAD);
  cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_BILINEAR);
  cairo_paint(cairo);
  cairo_restore(cairo);
  cairo_surface_destroy(map);
}

// --- Places

// Beside the face, where it hides no face and no label; where there is no such place, where it
// hides least.
Box place_label(const Plate& plate, const Box& face, double gap, const std::vector<Box>& taken,
                const Box& frame) {
  const double x = std::clamp(face.x - gap, 0.0, std::max(0.0, frame.width - plate.width));
  const double y = std::clamp(face.y - gap, 0.0, std::max(0.0, frame.height - plate.height));
  const std::array<Box, 4> candidates{{
      {x, face.y - gap - plate.height, plate.width, plate.height},
      {x, face.bottom() + gap, plate.width, plate.height},
      {face.right() + gap, y, plate.width, plate.height},
      {face.x - gap - plate.width, y, plate.width, plate.height},
  }};
  const auto cost = [&](const Box& candidate) {
    // Outside the frame it cannot be read, which is worse than hiding something.
    double sum = 10 * (plate.width * plate.height - overlap(candidate, frame));
    for (const Box& box : taken) sum += overlap(candidate, box);
    return sum;
  };
  Box best = candidates[0];
  for (const Box& candidate : candidates) {
    if (cost(candidate) < cost(best) - 1) best = candidate;  // A pixel, beyond rounding.
  }
  best.x = std::clamp(best.x, 0.0, std::max(0.0, frame.width - plate.width));
  best.y = std::clamp(best.y, 0.0, std::max(0.0, frame.height - plate.height));
  return best;
}

struct LocatedFace {
  const GstDeepfakeFace* face;
  Box box;
};

std::vector<LocatedFace> locate_faces(const GstDeepfakeMeta& meta, GstBuffer* buffer) {
  std::vector<LocatedFace> faces;
  for (guint i = 0; i < meta.n_faces; ++i) {
    Box box{};
    if (gst_deepfake_meta_locate_face(&meta, buffer, i, &box.x, &box.y, &box.width, &box.height) !=
        FALSE) {
      faces.push_back({&meta.faces[i], box});
    }
  }
  return faces;
}

Box grown(const Box& box, double by) {
  return {box.x - by, box.y - by, box.width + 2 * by, box.height + 2 * by};
}

}  // namespace

void GstDeepfakeDrawing::add(GstVideoOverlayComposition* composition, const GstDeepfakeMeta& meta,
                             GstBuffer* buffer, guint flags, int width, int height) {
  const Sizes sizes(height);
  const Box frame{0, 0, double(width), double(height)};
  const std::vector<LocatedFace> faces = locate_faces(meta, buffer);
  const bool located = faces.size() == meta.n_faces;

  std::vector<Box> taken;
  for (const LocatedFace& located_face : faces) {
    const GstDeepfakeFace& face = *located_face.face;
    const Box& box = located_face.box;
    if (face.track_id != 0) taken.push_back(grown(box, sizes.line));
    if ((flags & GST_DEEPFAKE_OVERLAY_HEATMAP) != 0 && face.has_heatmap != FALSE) {
      const Box crop{box.x + face.heatmap_x * box.width, box.y + face.heatmap_y * box.height,
                     face.heatmap_width * box.width, face.heatmap_height * box.height};
      add_rectangle(composition, crop, frame, [&](cairo_t* c) { draw_heatmap(c, face, crop); });
    }
    if ((flags & GST_DEEPFAKE_OVERLAY_BOXES) != 0) {
      const bool alarm = face.verdict == GST_DEEPFAKE_VERDICT_MANIPULATED;
      const double line = alarm ? 1.5 * sizes.line : sizes.line;
      // The whole picture's line has to lie inside of it.
      const double thickness = line + 2 * halo_of(line);
      const Box around = face.track_id == 0 ? grown(box, -thickness) : box;
      add_rectangle(composition, grown(around, thickness + 1), frame,
                    [&](cairo_t* c) { draw_box(c, around, line, face.verdict); });
    }
  }

  // Where faces cannot be shown, the banner says so instead of nothing.
  const guint of_faces = GST_DEEPFAKE_OVERLAY_BOXES | GST_DEEPFAKE_OVERLAY_LABELS;
  if ((flags & GST_DEEPFAKE_OVERLAY_BANNER) != 0 || (!located && (flags & of_faces) != 0)) {
    const Plate plate = plate_of(banner_of(meta, located), sizes.font * 1.2, frame.width);
    const Box top{0, 0, frame.width, plate.height};
    const Box bottom{0, frame.height - plate.height, frame.width, plate.height};
    const auto hides = [&](const Box& place) {
      double sum = 0;
      for (const Box& box : taken) sum += overlap(place, box);
      return sum;
    };
    const bool stays = hides(banner_at_bottom_ ? bottom : top) == 0;
    if (!stays) banner_at_bottom_ = hides(bottom) < hides(top);
    const Box place = banner_at_bottom_ ? bottom : top;
    add_rectangle(composition, place, frame,
                  [&](cairo_t* c) { draw_plate(c, plate, place, meta.verdict); });
    taken.push_back(place);
  }

  if ((flags & GST_DEEPFAKE_OVERLAY_LABELS) == 0) return;
  for (const LocatedFace& located_face : faces) {
    const GstDeepfakeFace& face = *located_face.face;
    const Plate plate = plate_of(label_of(face), sizes.font, frame.width);
    // Of the whole picture: in its corner.
    const Box around = face.track_id == 0 ? Box{0, 0, 0, 0} : located_face.box;
    const Box place = place_label(plate, around, 2 * sizes.line, taken, frame);
    add_rectangle(composition, place, frame,
                  [&](cairo_t* c) { draw_plate(c, plate, place, face.verdict); });
    taken.push_back(place);
  }
}
