// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakemarks.h"

#include <gst/video/video.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#ifdef HAVE_ANALYTICS
#include <gst/analytics/analytics.h>
#endif

namespace {

const GQuark kFace = g_quark_from_static_string("face");

// --- Of upstream

bool is_face(const GstVideoRegionOfInterestMeta* region) {
  return region->roi_type == kFace && region->w > 0 && region->h > 0;
}

dfd::RectF box_of(const GstVideoRegionOfInterestMeta* region) {
  return {static_cast<float>(region->x), static_cast<float>(region->y),
          static_cast<float>(region->w), static_cast<float>(region->h)};
}

std::vector<GstVideoRegionOfInterestMeta*> face_regions(GstBuffer* buffer) {
  std::vector<GstVideoRegionOfInterestMeta*> regions;
  gpointer state = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(
             buffer, &state, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE)) {
    auto* region = reinterpret_cast<GstVideoRegionOfInterestMeta*>(meta);
    if (is_face(region)) regions.push_back(region);
  }
  return regions;
}

float confidence_of(GstVideoRegionOfInterestMeta* region) {
  gdouble confidence = 1;
  GstStructure* detection = gst_video_region_of_interest_meta_get_param(region, "detection");
  if (detection != nullptr) gst_structure_get_double(detection, "confidence", &confidence);
  if (!std::isfinite(confidence)) return 0;
  return static_cast<float>(std::clamp(confidence, 0.0, 1.0));
}

// --- Of reports

struct PixelBox {
  guint x, y, width, height;
};

// The part of a face's box that lies in the frame.
PixelBox pixel_box(const dfd::RectF& box, const dfd::StreamReport& report) {
  const auto inside = [](float value, int limit) {
    return static_cast<guint>(std::clamp(value, 0.F, static_cast<float>(limit)));
  };
  const guint left = inside(box.x, report.frame_width);
  const guint top = inside(box.y, report.frame_height);
  return {left, top, inside(box.x + box.width, report.frame_width) - left,
          inside(box.y + box.height, report.frame_height) - top};
}

// The faces of a report that nobody has taken yet; the whole picture is not among them.
class Unmarked {
 public:
  explicit Unmarked(const dfd::StreamReport& report) {
    for (const dfd::FaceReport& face : report.faces) {
      if (face.track != 0) faces_.push_back(&face);
    }
  }

  // The one that a mark means, or null.
  const dfd::FaceReport* take(const dfd::RectF& box) {
    constexpr float kSameFace = 0.5F;  // The tracker's box is smoothed, upstream's is not.
    const auto best = std::max_element(faces_.begin(), faces_.end(), [&](auto* a, auto* b) {
      return dfd::iou(a->box, box) < dfd::iou(b->box, box);
    });
    if (best == faces_.end() || dfd::iou((*best)->box, box) < kSameFace) return nullptr;
    const dfd::FaceReport* face = *best;
    faces_.erase(best);
    return face;
  }
  const std::vector<const dfd::FaceReport*>& rest() const { return faces_; }

 private:
  std::vector<const dfd::FaceReport*> faces_;
};

// As DL Streamer's elements write a classification, and what it has no place for. Numbers that are
// not there are left out.
void add_verdict_params(GstVideoRegionOfInterestMeta* region, const dfd::FaceReport& face) {
  GstStructure* classification =
      gst_structure_new("manipulation", "label", G_TYPE_STRING, dfd::to_string(face.verdict),
                        "label_id", G_TYPE_INT, static_cast<gint>(face.verdict), nullptr);
  GstStructure* ours = gst_structure_new(
      "deepfake", "track-id", G_TYPE_UINT64, face.track, "verdict", G_TYPE_STRING,
      dfd::to_string(face.verdict), "reason", G_TYPE_STRING, dfd::to_string(face.reason), nullptr);
  if (face.probability) {
    gst_structure_set(classification, "confidence", G_TYPE_DOUBLE, *face.probability, nullptr);
    gst_structure_set(ours, "probability", G_TYPE_DOUBLE, *face.probability, nullptr);
  }
  if (face.evidence) {
    gst_structure_set(ours, "evidence", G_TYPE_STRING, dfd::to_string(*face.evidence), nullptr);
    for (const dfd::Evidence kind : dfd::kEvidence) {
      const auto& indicator = face.indicators[static_cast<std::size_t>(kind)];
      const std::string field = std::string(dfd::to_string(kind)) + "-probability";
      if (indicator) gst_structure_set(ours, field.c_str(), G_TYPE_DOUBLE, *indicator, nullptr);
    }
  }
  gst_video_region_of_interest_meta_add_param(region, classification);
  gst_video_region_of_interest_meta_add_param(region, ours);
}

void add_region(GstBuffer* buffer, const dfd::StreamReport& report, const dfd::FaceReport& face) {
  const PixelBox box = pixel_box(face.box, report);
  if (box.width == 0 || box.height == 0) return;  // It left the picture.
  GstVideoRegionOfInterestMeta* region = gst_buffer_add_video_region_of_interest_meta_id(
      buffer, kFace, box.x, box.y, box.width, box.height);
  region->id = static_cast<gint>(face.track);
  gst_video_region_of_interest_meta_add_param(
      region,
      gst_structure_new("detection", "confidence", G_TYPE_DOUBLE, double{face.detection_confidence},
                        "label", G_TYPE_STRING, "face", "label_id", G_TYPE_INT, 0, nullptr));
  gst_video_region_of_interest_meta_add_param(
      region, gst_structure_new("object_id", "id", G_TYPE_INT, region->id, nullptr));
  add_verdict_params(region, face);
}

}  // namespace

void GstDeepfakeMarks::add_regions(GstBuffer* buffer, const dfd::StreamReport& report) {
  Unmarked unmarked(report);
  for (GstVideoRegionOfInterestMeta* region : face_regions(buffer)) {
    const dfd::FaceReport* face = unmarked.take(box_of(region));
    if (face == nullptr) continue;
    add_verdict_params(region, *face);
  }
  for (const dfd::FaceReport* face : unmarked.rest()) add_region(buffer, report, *face);
}

// --- GstAnalytics

#ifdef HAVE_ANALYTICS
namespace {

struct MarkedObject {
  GstAnalyticsODMtd object;
  dfd::MarkedFace face;
};

std::vector<MarkedObject> face_objects(GstAnalyticsRelationMeta* relations) {
  std::vector<MarkedObject> objects;
  gpointer state = nullptr;
  GstAnalyticsMtd found;
  while (gst_analytics_relation_meta_iterate(relations, &state, gst_analytics_od_mtd_get_mtd_type(),
                                             &found) != FALSE) {
    auto* object = reinterpret_cast<GstAnalyticsODMtd*>(&found);
    gint x = 0;
    gint y = 0;
    gint width = 0;
    gint height = 0;
    gfloat confidence = 1;
    if (gst_analytics_od_mtd_get_obj_type(object) != kFace) continue;
    if (gst_analytics_od_mtd_get_location(object, &x, &y, &width, &height, &confidence) == FALSE)
      continue;
    if (width <= 0 || height <= 0 || !std::isfinite(confidence)) continue;
    const dfd::RectF box{static_cast<float>(x), static_cast<float>(y), static_cast<float>(width),
                         static_cast<float>(height)};
    objects.push_back({*object, {box, std::clamp(confidence, 0.F, 1.F)}});
  }
  return objects;
}

void relate(GstAnalyticsRelationMeta* relations, guint object, guint other) {
  gst_analytics_relation_meta_set_relation(relations, GST_ANALYTICS_REL_TYPE_RELATE_TO, object,
                                           other);
  gst_analytics_relation_meta_set_relation(relations, GST_ANALYTICS_REL_TYPE_RELATE_TO, other,
                                           object);
}

// The likelier class first, which is the one that overlays show. None without a probability.
bool add_class(GstAnalyticsRelationMeta* relations, const dfd::FaceReport& face,
               GstAnalyticsClsMtd& added) {
  static const GQuark kManipulated = g_quark_from_static_string("manipulated");
  static const GQuark kAuthentic = g_quark_from_static_string("authentic");
  if (!face.probability) return false;
  const auto manipulated = static_cast<gfloat>(*face.probability);
  gfloat levels[] = {manipulated, 1 - manipulated};
  GQuark classes[] = {kManipulated, kAuthentic};
  if (levels[1] > levels[0]) {
    std::swap(levels[0], levels[1]);
    std::swap(classes[0], classes[1]);
  }
  return gst_analytics_relation_meta_add_cls_mtd(relations, 2, levels, classes, &added) != FALSE;
}

bool is_tracked(GstAnalyticsRelationMeta* relations, guint object) {
  GstAnalyticsMtd tracking;
  return gst_analytics_relation_meta_get_direct_related(
             relations, object, GST_ANALYTICS_REL_TYPE_RELATE_TO,
             gst_analytics_tracking_mtd_get_mtd_type(), nullptr, &tracking) != FALSE;
}

void add_verdict(GstAnalyticsRelationMeta* relations, guint object, const dfd::FaceReport& face,
                 GstClockTime first_seen) {
  GstAnalyticsClsMtd classes;
  if (add_class(relations, face, classes)) relate(relations, object, classes.id);
  GstAnalyticsTrackingMtd tracking;
  if (!is_tracked(relations, object) &&
      gst_analytics_relation_meta_add_tracking_mtd(relations, face.track, first_seen, &tracking) !=
          FALSE) {
    relate(relations, object, tracking.id);
  }
}

}  // namespace

void GstDeepfakeMarks::add_analytics(GstBuffer* buffer, const dfd::StreamReport& report) {
  std::map<dfd::TrackId, GstClockTime> first_seen;
  for (const dfd::FaceReport& face : report.faces) {
    const auto known = first_seen_.find(face.track);
    first_seen[face.track] = known != first_seen_.end() ? known->second : GST_BUFFER_PTS(buffer);
  }
  first_seen_.swap(first_seen);
  if (report.faces.empty()) return;

  // Never a second one: before 1.28 copying buffers with two of them fails.
  GstAnalyticsRelationMeta* relations = gst_buffer_get_analytics_relation_meta(buffer);
  if (relations == nullptr) relations = gst_buffer_add_analytics_relation_meta(buffer);
  Unmarked unmarked(report);
  for (const MarkedObject& marked : face_objects(relations)) {
    const dfd::FaceReport* face = unmarked.take(marked.face.box);
    if (face == nullptr) continue;
    add_verdict(relations, marked.object.id, *face, first_seen_[face->track]);
  }
  for (const dfd::FaceReport* face : unmarked.rest()) {
    const PixelBox box = pixel_box(face->box, report);
    GstAnalyticsODMtd object;
    if (box.width > 0 && box.height > 0 &&
        gst_analytics_relation_meta_add_od_mtd(
            relations, kFace, static_cast<gint>(box.x), static_cast<gint>(box.y),
            static_cast<gint>(box.width), static_cast<gint>(box.height), face->detection_confidence,
            &object) != FALSE) {
      add_verdict(relations, object.id, *face, first_seen_[face->track]);
    }
  }
  GstAnalyticsClsMtd picture;
  if (report.faces.front().track == 0) add_class(relations, report.faces.front(), picture);
}
#endif

std::vector<dfd::MarkedFace> gst_deepfake_marked_faces(GstBuffer* buffer) {
  std::vector<dfd::MarkedFace> faces;
  for (GstVideoRegionOfInterestMeta* region : face_regions(buffer)) {
    faces.push_back({box_of(region), confidence_of(region)});
  }
#ifdef HAVE_ANALYTICS
  // An element that writes both says the same twice.
  GstAnalyticsRelationMeta* relations = gst_buffer_get_analytics_relation_meta(buffer);
  if (!faces.empty() || relations == nullptr) return faces;
  for (const MarkedObject& marked : face_objects(relations)) faces.push_back(marked.face);
#endif
  return faces;
}
