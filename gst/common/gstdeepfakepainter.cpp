// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakepainter.h"

namespace {

const char* const kFeature = GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION;

// The same caps, all with the feature or all without it. (transfer full)
GstCaps* with_feature(GstCaps* caps, bool wanted) {
  GstCaps* result = gst_caps_new_empty();
  for (guint i = 0; i < gst_caps_get_size(caps); ++i) {
    GstCapsFeatures* features = gst_caps_features_copy(gst_caps_get_features(caps, i));
    if (gst_caps_features_is_any(features) == FALSE) {
      if (wanted && gst_caps_features_contains(features, kFeature) == FALSE) {
        gst_caps_features_add(features, kFeature);
      } else if (!wanted) {
        gst_caps_features_remove(features, kFeature);
      }
    }
    gst_caps_append_structure_full(result, gst_structure_copy(gst_caps_get_structure(caps, i)),
                                   features);
  }
  return result;
}

bool has_feature(GstCaps* caps) {
  return gst_caps_features_contains(gst_caps_get_features(caps, 0), kFeature) != FALSE;
}

}  // namespace

GstCaps* GstDeepfakePainter::transform_caps(GstPadDirection direction, GstCaps* caps,
                                            GstCaps* filter, bool draws) const {
  GstCaps* result = nullptr;
  if (!draws || refused_ == wishes_) {
    result = gst_caps_ref(caps);
  } else if (direction == GST_PAD_SINK) {
    // What comes with the feature keeps it: somebody before us attaches too.
    result = gst_caps_merge(with_feature(caps, true), gst_caps_ref(caps));
  } else {
    result = gst_caps_merge(gst_caps_ref(caps), with_feature(caps, false));
  }
  if (filter == nullptr) return result;
  GstCaps* filtered = gst_caps_intersect_full(filter, result, GST_CAPS_INTERSECT_FIRST);
  gst_caps_unref(result);
  return filtered;
}

void GstDeepfakePainter::refuse_crop_meta(GstQuery* query) {
  guint index = 0;
  while (gst_query_find_allocation_meta(query, GST_VIDEO_CROP_META_API_TYPE, &index) != FALSE) {
    gst_query_remove_nth_allocation_meta(query, index);
  }
}

void GstDeepfakePainter::renegotiate(GstBaseTransform* base) {
  ++wishes_;
  gst_base_transform_reconfigure_src(base);
}

void GstDeepfakePainter::ask_downstream(GstBaseTransform* base, bool draws) {
  const unsigned wishes = wishes_;
  if (!draws || (way_ != Way::kUnknown && asked_ == wishes)) return;
  asked_ = wishes;
  way_ = Way::kBlend;
  GstPad* pad = GST_BASE_TRANSFORM_SRC_PAD(base);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) return;
  if (has_feature(caps)) {
    GstQuery* query = gst_query_new_allocation(caps, FALSE);
    if (gst_pad_peer_query(pad, query) != FALSE &&
        gst_query_find_allocation_meta(query, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE,
                                       nullptr) != FALSE) {
      way_ = Way::kAttach;
    } else {
      // Caps were taken by somebody who takes anything. Plain ones tell the truth.
      refused_ = wishes;
      gst_base_transform_reconfigure_src(base);
    }
    gst_query_unref(query);
  }
  gst_caps_unref(caps);
}

GstFlowReturn GstDeepfakePainter::paint(GstBaseTransform* base, GstBuffer* buffer,
                                        GstBuffer* results, const GstVideoInfo& info, guint flags) {
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(results);
  if (meta == nullptr || flags == 0) return GST_FLOW_OK;
  GstVideoOverlayComposition* drawn = drawing_.compose(
      *meta, results, flags, GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info));
  const guint count = gst_video_overlay_composition_n_rectangles(drawn);
  if (count == 0) return GST_FLOW_OK;
  if (way_ == Way::kAttach) {
    GstVideoOverlayCompositionMeta* upstream =
        gst_buffer_get_video_overlay_composition_meta(buffer);
    if (upstream == nullptr) {
      gst_buffer_add_video_overlay_composition_meta(buffer, drawn);
      return GST_FLOW_OK;
    }
    // What others attached stays below.
    GstVideoOverlayComposition* both = gst_video_overlay_composition_copy(upstream->overlay);
    for (guint i = 0; i < count; ++i) {
      gst_video_overlay_composition_add_rectangle(
          both, gst_video_overlay_composition_get_rectangle(drawn, i));
    }
    gst_buffer_remove_meta(buffer, GST_META_CAST(upstream));
    gst_buffer_add_video_overlay_composition_meta(buffer, both);
    gst_video_overlay_composition_unref(both);
    return GST_FLOW_OK;
  }
  GstVideoFrame frame;
  if (gst_video_frame_map(&frame, &info, buffer, GST_MAP_READWRITE) == FALSE) {
    GST_ELEMENT_ERROR(base, RESOURCE, WRITE, ("A video frame cannot be drawn on."),
                      ("%" GST_PTR_FORMAT " cannot be mapped for writing", buffer));
    return GST_FLOW_ERROR;
  }
  gst_video_overlay_composition_blend(drawn, &frame);
  gst_video_frame_unmap(&frame);
  return GST_FLOW_OK;
}
