// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakeseiinsert
 * @title: deepfakeseiinsert
 * @short_description: Puts the results of deepfakedetect into an H.264 or H.265 stream
 *
 * deepfakeseiinsert stands behind an encoder and writes the #GstDeepfakeMeta of each buffer into
 * the stream itself, as an SEI message. The verdicts then travel with the video through MP4,
 * MPEG-TS, RTP and whatever else carries H.264 or H.265, and deepfakeseiextract, or anybody else,
 * reads them there. The pictures stay as they are, bit for bit.
 *
 * ## Method
 *
 * The message is `user_data_unregistered` under a UUID of its own and holds compact JSON of less
 * than a kilobyte; docs/in-stream.md describes it field by field. It stands before the first slice
 * of the access unit, after all other headers, in H.265 as a prefix SEI unit. Encoders and
 * converters keep the meta with its frame, so deepfakedetect may be anywhere before the encoder;
 * boxes follow a picture that was scaled in between, and are left out when it was cropped or
 * turned.
 *
 * ## Limits
 *
 * H.264 and H.265 only, in whole access units. Who encodes the stream anew drops the message, and
 * who wants to can remove or change it: it is information, not evidence. An access unit that cannot
 * be parsed passes as it is, with a warning in the log; so does in H.264 one whose NAL unit lengths
 * are too short for the message, which in H.265 is an error. The message counts towards the
 * stream's bitrate, with one face about 250 bytes a frame: #GstDeepfakeSeiInsert:interval makes it
 * rarer.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! videoconvert ! deepfakedetect
 * model-file=model.safetensors ! videoconvert ! video/x-raw,format=I420 ! x264enc !
 * deepfakeseiinsert ! h264parse ! mp4mux ! filesink location=marked.mp4
 * ]| writes a copy of a video that carries its verdicts. With x265enc and h265parse in their places
 * it is one in H.265.
 *
 * Since: 0.1
 */

#include "gstdeepfakeseiinsert.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gstdeepfakeguard.h"
#include "gstdeepfakepayload.h"
#include "gstdeepfakesei.h"
#include "gstdeepfakeverdicts.h"

GST_DEBUG_CATEGORY_STATIC(gst_deepfake_sei_insert_debug);
#define GST_CAT_DEFAULT gst_deepfake_sei_insert_debug

namespace {

struct Settings {
  GstClockTime interval = 0;
};

// Of the stream under way. Touched by the streaming thread alone.
struct State {
  std::unique_ptr<GstDeepfakeAccessUnits> units;  // Null: no caps yet.
  // A message without room is an error; in H.264 it is left out, as it always was.
  bool room_is_needed = false;
  GstClockTime last_time = GST_CLOCK_TIME_NONE;  // Of the newest message.
  std::optional<GstDeepfakeVerdicts> told;       // With it.
  bool warned = false;
};

enum : guint { PROP_0, PROP_INTERVAL };  // NOLINT: ids

}  // namespace

struct _GstDeepfakeSeiInsert {
  GstBaseTransform parent;

  Settings* settings;  // Guarded by the object lock.
  State* state;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_DEEPFAKE_ACCESS_UNIT_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(GST_DEEPFAKE_ACCESS_UNIT_CAPS));

G_DEFINE_TYPE(GstDeepfakeSeiInsert, gst_deepfake_sei_insert, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(deepfakeseiinsert, "deepfakeseiinsert", GST_RANK_NONE,
                                      GST_TYPE_DEEPFAKE_SEI_INSERT,
                                      GST_DEBUG_CATEGORY_INIT(gst_deepfake_sei_insert_debug,
                                                              "deepfakeseiinsert", 0,
                                                              "deepfakeseiinsert"))

static void gst_deepfake_sei_insert_set_property(GObject* object, guint id, const GValue* value,
                                                 GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_SEI_INSERT(object);
  if (id != PROP_INTERVAL) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK(self);
  self->settings->interval = g_value_get_uint64(value);
  GST_OBJECT_UNLOCK(self);
}

static GstClockTime interval_of(GstDeepfakeSeiInsert* self) {
  GST_OBJECT_LOCK(self);
  const GstClockTime interval = self->settings->interval;
  GST_OBJECT_UNLOCK(self);
  return interval;
}

static void gst_deepfake_sei_insert_get_property(GObject* object, guint id, GValue* value,
                                                 GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_SEI_INSERT(object);
  if (id == PROP_INTERVAL) {
    g_value_set_uint64(value, interval_of(self));
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static bool is_due(const State& state, GstClockTime interval, GstBuffer* buffer,
                   const GstDeepfakeVerdicts& verdicts) {
  const GstClockTime time = GST_BUFFER_PTS(buffer);
  // Whoever tunes in starts at a keyframe.
  if (interval == 0 || !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) return true;
  // News does not wait.
  if (!state.told || !(verdicts == *state.told)) return true;
  if (!GST_CLOCK_TIME_IS_VALID(time) || !GST_CLOCK_TIME_IS_VALID(state.last_time)) return true;
  // Frames come in the order of decoding, so time goes back and forth a little.
  const GstClockTimeDiff passed = GST_CLOCK_DIFF(state.last_time, time);
  return static_cast<GstClockTime>(passed < 0 ? -passed : passed) >= interval;
}

// Once is enough to be told; what follows is likely to be the same.
static void warn_once(GstDeepfakeSeiInsert* self, State& state, GstBuffer* buffer) {
  GST_CAT_LEVEL_LOG(GST_CAT_DEFAULT, state.warned ? GST_LEVEL_DEBUG : GST_LEVEL_WARNING, self,
                    "no picture found in %" GST_PTR_FORMAT
                    ": it passes without its verdicts; is the stream what its caps say?",
                    buffer);
  state.warned = true;
}

static void post_no_room(GstDeepfakeSeiInsert* self, guint length_size, gsize text_size) {
  GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                    ("The verdicts do not fit into a NAL unit of this stream: its lengths have %u "
                     "byte(s) only. Put h265parse ! video/x-h265,stream-format=byte-stream before "
                     "%s, or let the encoder write longer lengths.",
                     length_size, GST_OBJECT_NAME(self)),
                    ("a text of %" G_GSIZE_FORMAT
                     " bytes; the size of lengths is lengthSizeMinusOne in codec_data",
                     text_size));
}

static GstFlowReturn gst_deepfake_sei_insert_transform_ip(GstBaseTransform* base,
                                                          GstBuffer* buffer) {
  auto* self = GST_DEEPFAKE_SEI_INSERT(base);
  State& state = *self->state;
  if (!state.units) return GST_FLOW_NOT_NEGOTIATED;
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  if (meta == nullptr) return GST_FLOW_OK;
  return gst_deepfake_guarded(GST_ELEMENT(self), GST_FLOW_ERROR, gst_deepfake_post_exception, [&] {
    GstDeepfakeVerdicts verdicts = gst_deepfake_verdicts_of(*meta);
    if (!is_due(state, interval_of(self), buffer, verdicts)) return GST_FLOW_OK;
    const std::string text = gst_deepfake_payload_write(meta, buffer);
    const auto insertion = state.units->insert(buffer, kGstDeepfakePayloadUuid, text);
    if (insertion == GstDeepfakeInsertion::kNoRoom && state.room_is_needed) {
      post_no_room(self, state.units->length_size(), text.size());
      return GST_FLOW_ERROR;
    }
    if (insertion == GstDeepfakeInsertion::kDone) {
      state.last_time = GST_BUFFER_PTS(buffer);
      state.told = std::move(verdicts);
    } else {
      warn_once(self, state, buffer);
    }
    return GST_FLOW_OK;
  });
}

static gboolean gst_deepfake_sei_insert_set_caps(GstBaseTransform* base, GstCaps* in,
                                                 GstCaps* out) {
  (void)out;  // Equal to in.
  State& state = *GST_DEEPFAKE_SEI_INSERT(base)->state;
  state.units = std::make_unique<GstDeepfakeAccessUnits>(in);
  state.room_is_needed =
      gst_structure_has_name(gst_caps_get_structure(in, 0), "video/x-h265") != FALSE;
  return TRUE;
}

// What was written before a seek says nothing of what the next reader has.
static void forget_last(State& state) {
  state.last_time = GST_CLOCK_TIME_NONE;
  state.told.reset();
}

static gboolean gst_deepfake_sei_insert_sink_event(GstBaseTransform* base, GstEvent* event) {
  const GstEventType type = GST_EVENT_TYPE(event);
  if (type == GST_EVENT_FLUSH_STOP || type == GST_EVENT_SEGMENT || type == GST_EVENT_STREAM_START) {
    forget_last(*GST_DEEPFAKE_SEI_INSERT(base)->state);
  }
  return GST_BASE_TRANSFORM_CLASS(gst_deepfake_sei_insert_parent_class)->sink_event(base, event);
}

static gboolean gst_deepfake_sei_insert_stop(GstBaseTransform* base) {
  *GST_DEEPFAKE_SEI_INSERT(base)->state = {};
  return TRUE;
}

static void gst_deepfake_sei_insert_init(GstDeepfakeSeiInsert* self) {
  self->settings = new Settings;
  self->state = new State;
  auto* base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_gap_aware(base, TRUE);  // The flag stays.
}

static void gst_deepfake_sei_insert_finalize(GObject* object) {
  auto* self = GST_DEEPFAKE_SEI_INSERT(object);
  delete self->state;
  delete self->settings;
  G_OBJECT_CLASS(gst_deepfake_sei_insert_parent_class)->finalize(object);
}

static void gst_deepfake_sei_insert_class_init(GstDeepfakeSeiInsertClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_deepfake_sei_insert_set_property;
  object_class->get_property = gst_deepfake_sei_insert_get_property;
  object_class->finalize = gst_deepfake_sei_insert_finalize;
  /**
   * GstDeepfakeSeiInsert:interval:
   *
   * Shortest time between two messages. Keyframes, changes of a verdict or its reason, and faces
   * that come or go have theirs in any case. 0 gives every access unit with results one.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, PROP_INTERVAL,
      g_param_spec_uint64(
          "interval", "Interval",
          "Time between two messages (ns); keyframes and changes have theirs in any case", 0,
          G_MAXINT64, Settings{}.interval,
          static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                   GST_PARAM_MUTABLE_PLAYING)));

  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Deepfake SEI inserter", "Codec/Metadata/Video",
      "Puts the results of deepfakedetect into an H.264 or H.265 stream",
      "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);

  auto* base_class = GST_BASE_TRANSFORM_CLASS(klass);
  base_class->passthrough_on_same_caps = FALSE;
  base_class->stop = gst_deepfake_sei_insert_stop;
  base_class->set_caps = gst_deepfake_sei_insert_set_caps;
  base_class->sink_event = gst_deepfake_sei_insert_sink_event;
  base_class->transform_ip = gst_deepfake_sei_insert_transform_ip;
}
