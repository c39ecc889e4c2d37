// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakedrawing.h"

#include <cairo.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gstdeepfakewords.h"

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

std::string label_of(const GstDeepfakeFace& face) {
  const std::string who = face.track_id == 0 ? "" : "#" + std::to_string(face.track_id) + " ";
  // Of what is no alarm it would only puzzle.
  const auto indicator = face.verdict >= GST_DEEPFAKE_VERDICT_SUSPICIOUS
                             ? gst_deepfake_indicator_of(face)
                             : std::nullopt;
  return who + gst_deepfake_statement(face.verdict, face.probability,
                                      gst_deepfake_reason_text(face.reason),
                                      indicator ? gst_deepfake_indicator_text(*indicator) : "");
}

std::string banner_of(const GstDeepfakeMeta& meta, bool located) {
  std::string text =
      gst_deepfake_statement(meta.verdict, meta.probability, gst_deepfake_reason_text(meta.reason));
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

gsize cells_of(const GstDeepfakeFace& face) {
  gsize count = 0;
  gst_deepfake_face_get_heatmap(&face, &count);
  return count;
}

// Dark purple over red to yellow, as the inferno colour map goes; the face shows through where
// there is little.
void draw_heatmap(cairo_t* cairo, const GstDeepfakeFace& face, const Box& crop) {
  constexpr double kMostOpaque = 0.6;
  const auto columns = static_cast<int>(face.heatmap_columns);
  const auto rows = static_cast<int>(face.heatmap_rows);
  std::vector<guint32> pixels(static_cast<std::size_t>(columns) * face.heatmap_rows);
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
                                          CAIRO_FORMAT_ARGB32, columns, rows, 4 * columns);
  cairo_save(cairo);
  cairo_rectangle(cairo, crop.x, crop.y, crop.width, crop.height);
  cairo_clip(cairo);
  cairo_translate(cairo, crop.x, crop.y);
  cairo_scale(cairo, crop.width / columns, crop.height / rows);
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
            FALSE &&
        std::isfinite(box.x + box.y + box.width + box.height)) {
      faces.push_back({&meta.faces[i], box});
    }
  }
  return faces;
}

Box grown(const Box& box, double by) {
  return {box.x - by, box.y - by, box.width + 2 * by, box.height + 2 * by};
}

// One drawing in the making.
class Sketch {
 public:
  Sketch(GstVideoOverlayComposition* composition, const GstDeepfakeMeta& meta, GstBuffer* buffer,
         int width, int height)
      : composition_(composition),
        meta_(meta),
        sizes_(height),
        frame_{0, 0, double(width), double(height)},
        faces_(locate_faces(meta, buffer)) {
    for (const LocatedFace& face : faces_) {
      if (face.face->track_id != 0) taken_.push_back(grown(face.box, sizes_.line));
    }
  }

  bool all_located() const { return faces_.size() == meta_.n_faces; }

  void add_heatmaps() {
    for (const LocatedFace& located : faces_) {
      const GstDeepfakeFace& face = *located.face;
      const Box& box = located.box;
      if (cells_of(face) == 0) continue;
      const Box crop{box.x + face.heatmap_x * box.width, box.y + face.heatmap_y * box.height,
                     face.heatmap_width * box.width, face.heatmap_height * box.height};
      add(crop, [&](cairo_t* cairo) { draw_heatmap(cairo, face, crop); });
    }
  }

  void add_boxes() {
    for (const LocatedFace& located : faces_) {
      const GstDeepfakeVerdict verdict = located.face->verdict;
      const double line =
          verdict == GST_DEEPFAKE_VERDICT_MANIPULATED ? 1.5 * sizes_.line : sizes_.line;
      const double thickness = line + 2 * halo_of(line);
      // The whole picture's line has to lie inside of it.
      const Box box = located.face->track_id == 0 ? grown(located.box, -thickness) : located.box;
      // A pixel on both sides for smooth edges. The inside is left out: a face may fill the
      // picture.
      const double side = thickness + 2;
      const Box around = grown(box, thickness + 1);
      const double beneath = around.y + side;
      const double between = around.height - 2 * side;
      for (const Box& strip : {Box{around.x, around.y, around.width, side},
                               Box{around.x, around.bottom() - side, around.width, side},
                               Box{around.x, beneath, side, between},
                               Box{around.right() - side, beneath, side, between}}) {
        add(strip, [&](cairo_t* cairo) { draw_box(cairo, box, line, verdict); });
      }
    }
  }

  // at_bottom: where it was, and where it is now.
  void add_banner(bool& at_bottom) {
    const Plate plate = plate_of(banner_of(meta_, all_located()), sizes_.font * 1.2, frame_.width);
    const Box top{0, 0, frame_.width, plate.height};
    const Box bottom{0, frame_.height - plate.height, frame_.width, plate.height};
    const auto hides = [&](const Box& place) {
      double sum = 0;
      for (const Box& box : taken_) sum += overlap(place, box);
      return sum;
    };
    const bool stays = hides(at_bottom ? bottom : top) == 0;
    if (!stays) at_bottom = hides(bottom) < hides(top);
    add_plate(plate, at_bottom ? bottom : top, meta_.verdict);
  }

  void add_labels() {
    for (const LocatedFace& located : faces_) {
      const GstDeepfakeFace& face = *located.face;
      const Plate plate = plate_of(label_of(face), sizes_.font, frame_.width);
      // Of the whole picture: in its corner.
      const Box around = face.track_id == 0 ? Box{0, 0, 0, 0} : located.box;
      add_plate(plate, place_label(plate, around, 2 * sizes_.line, taken_, frame_), face.verdict);
    }
  }

 private:
  void add(const Box& area, const Draw& draw) { add_rectangle(composition_, area, frame_, draw); }

  void add_plate(const Plate& plate, const Box& place, GstDeepfakeVerdict verdict) {
    add(place, [&](cairo_t* cairo) { draw_plate(cairo, plate, place, verdict); });
    taken_.push_back(place);
  }

  GstVideoOverlayComposition* composition_;
  const GstDeepfakeMeta& meta_;
  Sizes sizes_;
  Box frame_;
  std::vector<LocatedFace> faces_;
  std::vector<Box> taken_;  // What labels and banner should not hide.
};

template <typename T>
void append(std::string& bytes, const T& value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append(std::string& key, const GstDeepfakeFace& face) {
  append(key, face.track_id);
  append(key, std::array<float, 4>{face.x, face.y, face.width, face.height});
  append(key, std::array<double, 4>{face.probability, face.score, face.seam_probability,
                                    face.generated_probability});
  append(key, face.evidence);
  append(key, face.verdict);
  append(key, face.reason);
  append(key, face.windows);
  append(key, face.samples);
  append(key, face.partial);
  append(key, std::array<float, 4>{face.heatmap_x, face.heatmap_y, face.heatmap_width,
                                   face.heatmap_height});
  append(key, std::array<guint, 2>{face.heatmap_columns, face.heatmap_rows});
  key.append(reinterpret_cast<const char*>(face.heatmap), cells_of(face) * sizeof(gfloat));
}

// All that a drawing depends on. Reasons are static strings, so their addresses tell them apart.
std::string key_of(const GstDeepfakeMeta& meta, GstBuffer* buffer, guint flags, int width,
                   int height) {
  guint picture[2] = {0, 0};
  gst_deepfake_meta_get_picture_size(&meta, buffer, &picture[0], &picture[1]);
  std::string key;
  append(key, flags);
  append(key, width);
  append(key, height);
  append(key, picture);
  append(key, meta.frame_width);
  append(key, meta.frame_height);
  append(key, meta.verdict);
  append(key, meta.reason);
  append(key, meta.probability);
  for (guint i = 0; i < meta.n_faces; ++i) append(key, meta.faces[i]);
  return key;
}

}  // namespace

GstDeepfakeDrawing::~GstDeepfakeDrawing() {
  if (composition_ != nullptr) gst_video_overlay_composition_unref(composition_);
}

GstVideoOverlayComposition* GstDeepfakeDrawing::compose(const GstDeepfakeMeta& meta,
                                                        GstBuffer* buffer, guint flags, int width,
                                                        int height) {
  std::string key = key_of(meta, buffer, flags, width, height);
  if (composition_ != nullptr && key == key_) return composition_;
  if (composition_ != nullptr) gst_video_overlay_composition_unref(composition_);
  composition_ = gst_video_overlay_composition_new(nullptr);
  key_ = std::move(key);

  Sketch sketch(composition_, meta, buffer, width, height);
  if ((flags & GST_DEEPFAKE_OVERLAY_HEATMAP) != 0) sketch.add_heatmaps();
  if ((flags & GST_DEEPFAKE_OVERLAY_BOXES) != 0) sketch.add_boxes();
  // Where faces cannot be shown, the banner says so instead of nothing.
  const guint of_faces = GST_DEEPFAKE_OVERLAY_BOXES | GST_DEEPFAKE_OVERLAY_LABELS;
  if ((flags & GST_DEEPFAKE_OVERLAY_BANNER) != 0 ||
      (!sketch.all_located() && (flags & of_faces) != 0)) {
    sketch.add_banner(banner_at_bottom_);
  }
  if ((flags & GST_DEEPFAKE_OVERLAY_LABELS) != 0) sketch.add_labels();
  return composition_;
}
