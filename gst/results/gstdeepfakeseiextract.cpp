// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakeseiextract
 * @title: deepfakeseiextract
 * @short_description: Reads the results of deepfakedetect out of a video stream
 *
 * deepfakeseiextract finds the messages that deepfakeseiinsert has put into a stream and attaches
 * them to the buffers as #GstDeepfakeMeta, as if deepfakedetect stood there: everything that
 * understands the meta works the same on a stream that was analysed somewhere else.
 *
 * ## Method
 *
 * In H.264 and H.265 the messages are read from the stream itself, so the element works straight
 * behind a demuxer; decoders keep the meta with its frame. In raw video behind a decoder it reads
 * the #GstVideoSEIUserDataUnregisteredMeta that h264parse and h265parse attach. Of several messages
 * on one picture the last counts. A buffer that has a #GstDeepfakeMeta already
 * keeps it: it comes from this very process and says more. Messages of others are left alone.
 *
 * A message is believed only when each of its fields is as docs/in-stream.md says. One that is
 * damaged gives no meta, is counted in #GstDeepfakeSeiExtract:damaged, and the first one is logged
 * as a warning.
 *
 * ## Limits
 *
 * Anybody can write such messages: verdicts are worth what the way they came is worth. Boxes are
 * those of the picture as it was encoded, so in raw video the element has to stand before anything
 * that crops or turns it. h265parse attaches its meta from GStreamer 1.24 on: before, the element
 * stands before the decoder of H.265. Heatmaps do not travel, and of many faces only the most
 * alarming do.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 filesrc location=marked.mp4 ! qtdemux ! h264parse ! deepfakeseiextract !
 * avdec_h264 ! videoconvert ! fakesink
 * ]| gives every frame the verdicts that it came with.
 *
 * Since: 0.1
 */

#include "gstdeepfakeseiextract.h"

#include <gst/video/video-sei.h>
#include <gst/video/video.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "gstdeepfakeguard.h"
#include "gstdeepfakepayload.h"
#include "gstdeepfakesei.h"

GST_DEBUG_CATEGORY_STATIC(gst_deepfake_sei_extract_debug);
#define GST_CAT_DEFAULT gst_deepfake_sei_extract_debug

namespace {

// Of the stream under way. Touched by the streaming thread alone.
struct State {
  std::unique_ptr<GstDeepfakeAccessUnits> units;  // Null: the messages come as metas.
  guint width = 0;                                // 0: the caps do not say.
  guint height = 0;
};

enum : guint { PROP_0, PROP_DAMAGED };  // NOLINT: ids

// The text of the last meta of our UUID.
std::optional<std::string> text_in_metas(GstBuffer* buffer) {
  std::optional<std::string> text;
  gpointer position = nullptr;
  while (GstMeta* meta = gst_buffer_iterate_meta_filtered(
             buffer, &position, GST_VIDEO_SEI_USER_DATA_UNREGISTERED_META_API_TYPE)) {
    const auto* sei = reinterpret_cast<const GstVideoSEIUserDataUnregisteredMeta*>(meta);
    const bool ours = std::equal(kGstDeepfakePayloadUuid.begin(), kGstDeepfakePayloadUuid.end(),
                                 std::begin(sei->uuid));
    if (ours) text.emplace(reinterpret_cast<const char*>(sei->data), sei->size);
  }
  return text;
}

}  // namespace

struct _GstDeepfakeSeiExtract {
  GstBaseTransform parent;

  State* state;
  guint64 damaged;  // Guarded by the object lock.
};

#define DEEPFAKE_CARRIER_CAPS GST_DEEPFAKE_ACCESS_UNIT_CAPS "; video/x-raw(ANY)"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(DEEPFAKE_CARRIER_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DEEPFAKE_CARRIER_CAPS));

G_DEFINE_TYPE(GstDeepfakeSeiExtract, gst_deepfake_sei_extract, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(deepfakeseiextract, "deepfakeseiextract", GST_RANK_NONE,
                                      GST_TYPE_DEEPFAKE_SEI_EXTRACT,
                                      GST_DEBUG_CATEGORY_INIT(gst_deepfake_sei_extract_debug,
                                                              "deepfakeseiextract", 0,
                                                              "deepfakeseiextract"))

static void gst_deepfake_sei_extract_get_property(GObject* object, guint id, GValue* value,
                                                  GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_SEI_EXTRACT(object);
  if (id != PROP_DAMAGED) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK(self);
  g_value_set_uint64(value, self->damaged);
  GST_OBJECT_UNLOCK(self);
}

static void count_damage(GstDeepfakeSeiExtract* self, GstBuffer* buffer,
                         const std::string& refusal) {
  GST_OBJECT_LOCK(self);
  const bool first = self->damaged++ == 0;
  GST_OBJECT_UNLOCK(self);
  GST_CAT_LEVEL_LOG(GST_CAT_DEFAULT, first ? GST_LEVEL_WARNING : GST_LEVEL_DEBUG, self,
                    "a message is not believed: %s (in %" GST_PTR_FORMAT ")", refusal.c_str(),
                    buffer);
}

static GstFlowReturn gst_deepfake_sei_extract_transform_ip(GstBaseTransform* base,
                                                           GstBuffer* buffer) {
  auto* self = GST_DEEPFAKE_SEI_EXTRACT(base);
  const State& state = *self->state;
  if (gst_buffer_get_deepfake_meta(buffer) != nullptr) return GST_FLOW_OK;
  return gst_deepfake_guarded(GST_ELEMENT(self), GST_FLOW_ERROR, gst_deepfake_post_exception, [&] {
    const std::optional<std::string> text =
        state.units ? state.units->find(buffer, kGstDeepfakePayloadUuid) : text_in_metas(buffer);
    if (!text) return GST_FLOW_OK;
    guint64 left_out = 0;
    std::string refusal;
    const GstDeepfakeMeta* meta =
        gst_deepfake_payload_read(*text, state.width, state.height, buffer, left_out, refusal);
    if (meta == nullptr) {
      count_damage(self, buffer, refusal);
    } else {
      GST_LOG_OBJECT(self, "%s, %u faces; for %" G_GUINT64_FORMAT " more there was no room",
                     gst_deepfake_verdict_get_name(meta->verdict), meta->n_faces, left_out);
    }
    return GST_FLOW_OK;
  });
}

static gboolean gst_deepfake_sei_extract_set_caps(GstBaseTransform* base, GstCaps* in,
                                                  GstCaps* out) {
  (void)out;  // Equal to in.
  State& state = *GST_DEEPFAKE_SEI_EXTRACT(base)->state;
  state = {};
  const GstStructure* structure = gst_caps_get_structure(in, 0);
  gint width = 0;
  gint height = 0;
  if (gst_structure_get(structure, "width", G_TYPE_INT, &width, "height", G_TYPE_INT, &height,
                        nullptr) != FALSE &&
      width > 0 && height > 0) {
    state.width = static_cast<guint>(width);
    state.height = static_cast<guint>(height);
  }
  if (gst_structure_has_name(structure, "video/x-raw") == FALSE) {
    state.units = std::make_unique<GstDeepfakeAccessUnits>(in);
  }
  return TRUE;
}

static gboolean gst_deepfake_sei_extract_start(GstBaseTransform* base) {
  auto* self = GST_DEEPFAKE_SEI_EXTRACT(base);
  GST_OBJECT_LOCK(self);
  self->damaged = 0;
  GST_OBJECT_UNLOCK(self);
  return TRUE;
}

static gboolean gst_deepfake_sei_extract_stop(GstBaseTransform* base) {
  *GST_DEEPFAKE_SEI_EXTRACT(base)->state = {};
  return TRUE;
}

static void gst_deepfake_sei_extract_init(GstDeepfakeSeiExtract* self) {
  self->state = new State;
  auto* base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_gap_aware(base, TRUE);  // The flag stays.
}

static void gst_deepfake_sei_extract_finalize(GObject* object) {
  delete GST_DEEPFAKE_SEI_EXTRACT(object)->state;
  G_OBJECT_CLASS(gst_deepfake_sei_extract_parent_class)->finalize(object);
}

static void gst_deepfake_sei_extract_class_init(GstDeepfakeSeiExtractClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->get_property = gst_deepfake_sei_extract_get_property;
  object_class->finalize = gst_deepfake_sei_extract_finalize;
  /**
   * GstDeepfakeSeiExtract:damaged:
   *
   * Messages that were not believed since the element was started.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, PROP_DAMAGED,
      g_param_spec_uint64("damaged", "Damaged", "Messages that were not believed since the start",
                          0, G_MAXUINT64, 0,
                          static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Deepfake SEI extractor", "Codec/Metadata/Video",
      "Reads the results of deepfakedetect out of a video stream", "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);

  auto* base_class = GST_BASE_TRANSFORM_CLASS(klass);
  base_class->passthrough_on_same_caps = FALSE;
  base_class->start = gst_deepfake_sei_extract_start;
  base_class->stop = gst_deepfake_sei_extract_stop;
  base_class->set_caps = gst_deepfake_sei_extract_set_caps;
  base_class->transform_ip = gst_deepfake_sei_extract_transform_ip;
}
