// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakeoverlay
 * @title: deepfakeoverlay
 * @short_description: Draws the verdicts that deepfakedetect left on the buffers
 *
 * deepfakeoverlay has no model: it draws what a #GstDeepfakeMeta says, wherever in the pipeline, or
 * in which process, the analysis was done. Buffers without one pass as they are.
 *
 * ## Method
 *
 * Where downstream draws overlays itself (video sinks do), the drawing is attached as
 * #GstVideoOverlayComposition and no pixel is touched; else it is blended into the frame. Sizes
 * follow the frame's height. Boxes lie around faces and labels beside them; the banner moves to the
 * bottom when it would hide a face at the top. The four colours stay apart for colour-blind eyes,
 * and words say what they say.
 *
 * ## Limits
 *
 * Boxes are drawn where the face was when its frame was analysed; in deepfakedetect's immediate
 * mode they lag behind a fast face. After elements that cut or turn the picture without saying how,
 * faces have no known place and the banner tells the verdict alone.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! videoconvert ! deepfakedetect
 * model-file=model.safetensors ! videoscale ! video/x-raw,height=360 ! deepfakeoverlay !
 * videoconvert ! autovideosink
 * ]| analyses the full picture and draws on the small one.
 *
 * Since: 0.1
 */

#include "gstdeepfakeoverlay.h"

#include <gst/video/video.h>

#include <atomic>

#include "gstdeepfakepainter.h"

GST_DEBUG_CATEGORY_STATIC(gst_deepfake_overlay_debug);
#define GST_CAT_DEFAULT gst_deepfake_overlay_debug

namespace {

enum : guint { PROP_0, PROP_OVERLAY };

constexpr guint kDefaultOverlay =
    GST_DEEPFAKE_OVERLAY_BOXES | GST_DEEPFAKE_OVERLAY_LABELS | GST_DEEPFAKE_OVERLAY_BANNER;

}  // namespace

struct _GstDeepfakeOverlayElement {
  GstBaseTransform parent;

  std::atomic<guint>* overlay;  // Any thread; the rest is the streaming thread's.
  GstDeepfakePainter* painter;
  GstVideoInfo info;
};

#define DEEPFAKE_OVERLAY_CAPS                                                                \
  GST_VIDEO_CAPS_MAKE_WITH_FEATURES(GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY                    \
                                    "," GST_CAPS_FEATURE_META_GST_VIDEO_OVERLAY_COMPOSITION, \
                                    GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS)             \
  ";" GST_VIDEO_CAPS_MAKE(GST_VIDEO_OVERLAY_COMPOSITION_BLEND_FORMATS)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(DEEPFAKE_OVERLAY_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DEEPFAKE_OVERLAY_CAPS));

G_DEFINE_TYPE(GstDeepfakeOverlayElement, gst_deepfake_overlay_element, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(
    deepfakeoverlay, "deepfakeoverlay", GST_RANK_NONE, GST_TYPE_DEEPFAKE_OVERLAY_ELEMENT,
    GST_DEBUG_CATEGORY_INIT(gst_deepfake_overlay_debug, "deepfakeoverlay", 0, "deepfakeoverlay"))

static void gst_deepfake_overlay_element_set_property(GObject* object, guint id,
                                                      const GValue* value, GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_OVERLAY_ELEMENT(object);
  if (id != PROP_OVERLAY) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  *self->overlay = g_value_get_flags(value);
  self->painter->renegotiate(GST_BASE_TRANSFORM(self));
}

static void gst_deepfake_overlay_element_get_property(GObject* object, guint id, GValue* value,
                                                      GParamSpec* pspec) {
  if (id == PROP_OVERLAY) {
    g_value_set_flags(value, *GST_DEEPFAKE_OVERLAY_ELEMENT(object)->overlay);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static GstCaps* gst_deepfake_overlay_element_transform_caps(GstBaseTransform* base,
                                                            GstPadDirection direction,
                                                            GstCaps* caps, GstCaps* filter) {
  auto* self = GST_DEEPFAKE_OVERLAY_ELEMENT(base);
  return self->painter->transform_caps(direction, caps, filter, *self->overlay != 0);
}

static gboolean gst_deepfake_overlay_element_set_caps(GstBaseTransform* base, GstCaps* in,
                                                      GstCaps* /*out*/) {
  auto* self = GST_DEEPFAKE_OVERLAY_ELEMENT(base);
  self->painter->caps_set();
  return gst_video_info_from_caps(&self->info, in);
}

static gboolean gst_deepfake_overlay_element_start(GstBaseTransform* base) {
  GST_DEEPFAKE_OVERLAY_ELEMENT(base)->painter->renegotiate(base);
  return TRUE;
}

static gboolean gst_deepfake_overlay_element_propose_allocation(GstBaseTransform* base,
                                                                GstQuery* decided,
                                                                GstQuery* query) {
  const gboolean proposed = GST_BASE_TRANSFORM_CLASS(gst_deepfake_overlay_element_parent_class)
                                ->propose_allocation(base, decided, query);
  GstDeepfakePainter::refuse_crop_meta(query);
  return proposed;
}

static gboolean gst_deepfake_overlay_element_src_event(GstBaseTransform* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
    GST_DEEPFAKE_OVERLAY_ELEMENT(base)->painter->renegotiate(base);
  }
  return GST_BASE_TRANSFORM_CLASS(gst_deepfake_overlay_element_parent_class)
      ->src_event(base, event);
}

static GstFlowReturn gst_deepfake_overlay_element_transform_ip(GstBaseTransform* base,
                                                               GstBuffer* buffer) {
  auto* self = GST_DEEPFAKE_OVERLAY_ELEMENT(base);
  const guint overlay = *self->overlay;
  self->painter->ask_downstream(base, overlay != 0);
  return self->painter->paint(base, buffer, buffer, self->info, overlay);
}

static void gst_deepfake_overlay_element_init(GstDeepfakeOverlayElement* self) {
  self->overlay = new std::atomic<guint>(kDefaultOverlay);
  self->painter = new GstDeepfakePainter;
  auto* base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_passthrough(base, FALSE);
  gst_base_transform_set_gap_aware(base, TRUE);
}

static void gst_deepfake_overlay_element_finalize(GObject* object) {
  auto* self = GST_DEEPFAKE_OVERLAY_ELEMENT(object);
  delete self->painter;
  delete self->overlay;
  G_OBJECT_CLASS(gst_deepfake_overlay_element_parent_class)->finalize(object);
}

static void gst_deepfake_overlay_element_class_init(GstDeepfakeOverlayElementClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_deepfake_overlay_element_set_property;
  object_class->get_property = gst_deepfake_overlay_element_get_property;
  object_class->finalize = gst_deepfake_overlay_element_finalize;
  /**
   * GstDeepfakeOverlayElement:overlay:
   *
   * What is drawn. Heatmaps need an analysis that made them: deepfakedetect's property explain.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, PROP_OVERLAY,
      g_param_spec_flags("overlay", "Overlay", "What is drawn on the picture",
                         GST_TYPE_DEEPFAKE_OVERLAY, kDefaultOverlay,
                         static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                  GST_PARAM_MUTABLE_PLAYING)));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Deepfake overlay", "Analyzer/Visualization/Video",
      "Draws the verdicts that deepfakedetect left on the buffers",
      "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);

  auto* base_class = GST_BASE_TRANSFORM_CLASS(klass);
  base_class->passthrough_on_same_caps = FALSE;
  base_class->transform_caps = gst_deepfake_overlay_element_transform_caps;
  base_class->set_caps = gst_deepfake_overlay_element_set_caps;
  base_class->start = gst_deepfake_overlay_element_start;
  base_class->propose_allocation = gst_deepfake_overlay_element_propose_allocation;
  base_class->src_event = gst_deepfake_overlay_element_src_event;
  base_class->transform_ip = gst_deepfake_overlay_element_transform_ip;

  gst_type_mark_as_plugin_api(GST_TYPE_DEEPFAKE_OVERLAY, static_cast<GstPluginAPIFlags>(0));
}
