// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakeencoder.h"

#include <gst/video/video.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "gstdeepfakeguard.h"
#include "gstdeepfakeverdicts.h"

GST_DEBUG_CATEGORY_STATIC(gst_deepfake_encoder_debug);
#define GST_CAT_DEFAULT gst_deepfake_encoder_debug

namespace {

enum Property { kPropUpdates = 1 };
static_assert(kPropUpdates < kGstDeepfakeEncoderFirstProperty);

// Further back than any codec reorders, it is no reordering but another time.
constexpr GstClockTime kLongestReordering = GST_SECOND;

}  // namespace

// All but updates belongs to the streaming thread, or to the application while there is none.
struct GstDeepfakeEncoderPrivate {
  GstPad* sink = nullptr;
  GstPad* src = nullptr;
  int updates = GST_DEEPFAKE_UPDATES_EVERY_FRAME;  // Under the object's lock.
  GstSegment segment{};
  bool in_stream_time = false;  // What goes out now.
  guint width = 0;
  guint height = 0;
  bool negotiated = false;
  bool discont = true;          // The next buffer has nothing to do with the one before.
  bool header_written = false;  // Into the text that downstream has now.
  bool warned = false;          // Of a frame without a time, once a stream.
  GstClockTime newest = GST_CLOCK_TIME_NONE;  // Stream time of the frame shown last so far.
  std::optional<GstDeepfakeVerdicts> written;
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-raw(ANY); video/x-h264; video/x-h265; image/jpeg"));

G_DEFINE_ABSTRACT_TYPE_WITH_CODE(GstDeepfakeEncoder, gst_deepfake_encoder, GST_TYPE_ELEMENT,
                                 GST_DEBUG_CATEGORY_INIT(gst_deepfake_encoder_debug,
                                                         "deepfakeencoder", 0,
                                                         "deepfake result encoders"))

/**
 * GstDeepfakeUpdates:
 * @every-frame: each frame that carries results
 * @on-change: the first such frame, and those where the stream's verdict or reason, the set of
 *   tracks, or a face's verdict or reason is another than before
 *
 * Since: 0.1
 */
GType gst_deepfake_updates_get_type() {
  static const GEnumValue values[] = {
      {GST_DEEPFAKE_UPDATES_EVERY_FRAME, "Each frame that carries results", "every-frame"},
      {GST_DEEPFAKE_UPDATES_ON_CHANGE, "When a verdict, a reason or the set of tracks changes",
       "on-change"},
      {0, nullptr, nullptr}};
  static const GType type = g_enum_register_static("GstDeepfakeUpdates", values);
  return type;
}

// --- For the classes below

bool gst_deepfake_encoder_is_news(GstDeepfakeEncoder* self, const GstDeepfakeRecord& record) {
  if (record.meta == nullptr) return false;
  GST_OBJECT_LOCK(self);
  const int updates = self->priv->updates;
  GST_OBJECT_UNLOCK(self);
  if (updates == GST_DEEPFAKE_UPDATES_EVERY_FRAME) return true;
  if (record.reordered) return false;
  GstDeepfakeVerdicts verdicts = gst_deepfake_verdicts_of(*record.meta);
  if (self->priv->written && *self->priv->written == verdicts) return false;
  self->priv->written = std::move(verdicts);
  return true;
}

std::optional<GstDeepfakeBox> gst_deepfake_encoder_locate(const GstDeepfakeRecord& record,
                                                          guint index) {
  guint picture_width = 0;
  guint picture_height = 0;
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  if (gst_deepfake_meta_get_picture_size(record.meta, record.buffer, &picture_width,
                                         &picture_height) == FALSE ||
      gst_deepfake_meta_locate_face(record.meta, record.buffer, index, &x, &y, &width, &height) ==
          FALSE) {
    return std::nullopt;
  }
  // Results may have come in a file, so they may be anything.
  const double right = x + width;
  const double bottom = y + height;
  if (!std::isfinite(x) || !std::isfinite(y) || !std::isfinite(right) || !std::isfinite(bottom) ||
      width < 0 || height < 0) {
    return std::nullopt;
  }
  const auto part = [](double value, guint whole) { return std::clamp(value / whole, 0.0, 1.0); };
  return GstDeepfakeBox{part(x, picture_width), part(y, picture_height), part(right, picture_width),
                        part(bottom, picture_height)};
}

// --- Output

static GstFlowReturn push_buffer(GstDeepfakeEncoder* self, GstBuffer* buffer) {
  if (self->priv->discont) GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
  const GstFlowReturn flow = gst_pad_push(self->priv->src, buffer);
  if (flow == GST_FLOW_OK) self->priv->discont = false;
  return flow;
}

static GstFlowReturn push_output(GstDeepfakeEncoder* self, const GstDeepfakeOutput& output) {
  GstBuffer* buffer = gst_buffer_new_memdup(output.bytes.data(), output.bytes.size());
  GST_BUFFER_PTS(buffer) = output.pts;
  GST_BUFFER_DURATION(buffer) = output.duration;
  return push_buffer(self, buffer);
}

static GstBuffer* header_new(const char* header) {
  GstBuffer* buffer = gst_buffer_new_memdup(header, std::strlen(header));
  GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_HEADER);
  return buffer;
}

// Once a text. pts: GST_CLOCK_TIME_NONE where it has no frames.
static GstFlowReturn push_header(GstDeepfakeEncoder* self, GstClockTime pts) {
  const char* header = GST_DEEPFAKE_ENCODER_GET_CLASS(self)->header;
  if (header == nullptr || self->priv->header_written) return GST_FLOW_OK;
  GstBuffer* buffer = header_new(header);
  GST_BUFFER_PTS(buffer) = pts;
  const GstFlowReturn flow = push_buffer(self, buffer);
  self->priv->header_written = flow == GST_FLOW_OK;
  return flow;
}

// Tells downstream that time passes though nothing comes: muxers and sinks wait for each pad.
static GstFlowReturn push_gap(GstDeepfakeEncoder* self, const GstDeepfakeRecord& record) {
  GstPad* src = self->priv->src;
  if (gst_pad_push_event(src, gst_event_new_gap(record.pts, record.duration)) != FALSE) {
    return GST_FLOW_OK;
  }
  if (GST_PAD_IS_FLUSHING(src)) return GST_FLOW_FLUSHING;
  if (GST_PAD_IS_EOS(src)) return GST_FLOW_EOS;
  return gst_pad_is_linked(src) != FALSE ? GST_FLOW_OK : GST_FLOW_NOT_LINKED;
}

// What is open goes out while its segment is still the one in force.
static void finish(GstDeepfakeEncoder* self, bool last) {
  GstDeepfakeEncoderClass* klass = GST_DEEPFAKE_ENCODER_GET_CLASS(self);
  const GstDeepfakeEncoderPrivate& priv = *self->priv;
  if (!priv.negotiated || priv.segment.format != GST_FORMAT_TIME) return;
  // A text without its header is none, even when there was nothing to say.
  if (last) push_header(self, GST_CLOCK_TIME_NONE);
  if (klass->finish == nullptr) return;
  GstDeepfakeOutput output;
  gst_deepfake_guarded(GST_ELEMENT(self), 0, gst_deepfake_post_exception, [&] {
    klass->finish(self, output);
    return 0;
  });
  if (!output.bytes.empty()) push_output(self, output);
}

static void reset(GstDeepfakeEncoder* self, bool all) {
  GstDeepfakeEncoderClass* klass = GST_DEEPFAKE_ENCODER_GET_CLASS(self);
  self->priv->written.reset();
  self->priv->newest = GST_CLOCK_TIME_NONE;
  self->priv->warned = false;
  self->priv->discont = true;
  if (all) self->priv->header_written = false;  // filesink empties its file at a flush.
  if (klass->reset != nullptr) klass->reset(self, all);
}

// --- Frames

static void warn_of_missing_time(GstDeepfakeEncoder* self) {
  if (std::exchange(self->priv->warned, true)) return;
  GST_ELEMENT_WARNING(self, STREAM, FORMAT,
                      ("Frames without a timestamp have results that cannot be placed in time, and "
                       "are not written; put a parser or a videorate before this element."),
                      (nullptr));
}

// Where the frame lies in the segment; FALSE: outside, or nobody knows.
static bool place(GstDeepfakeEncoder* self, GstBuffer* buffer, GstDeepfakeRecord& record) {
  GstDeepfakeEncoderPrivate& priv = *self->priv;
  record.buffer = buffer;
  record.meta = gst_buffer_get_deepfake_meta(buffer);
  record.pts = GST_BUFFER_PTS(buffer);
  record.duration = GST_BUFFER_DURATION(buffer);
  record.width = priv.width;
  record.height = priv.height;
  if (!GST_CLOCK_TIME_IS_VALID(record.pts)) {
    if (record.meta != nullptr) warn_of_missing_time(self);
    return false;
  }
  const guint64 end =
      GST_CLOCK_TIME_IS_VALID(record.duration) ? record.pts + record.duration : GST_CLOCK_TIME_NONE;
  guint64 start = 0;
  if (gst_segment_clip(&priv.segment, GST_FORMAT_TIME, record.pts, end, &start, nullptr) == FALSE) {
    return false;
  }
  record.stream_time = gst_segment_to_stream_time(&priv.segment, GST_FORMAT_TIME, start);
  if (!GST_CLOCK_TIME_IS_VALID(record.stream_time)) return false;
  if (priv.in_stream_time) record.pts = record.stream_time;
  record.reordered = GST_CLOCK_TIME_IS_VALID(priv.newest) && record.stream_time < priv.newest &&
                     priv.newest - record.stream_time <= kLongestReordering;
  if (!record.reordered) priv.newest = record.stream_time;
  if (record.meta != nullptr && (record.width == 0 || record.height == 0) &&
      gst_deepfake_meta_get_picture_size(record.meta, buffer, &record.width, &record.height) ==
          FALSE) {
    record.width = 0;
    record.height = 0;
  }
  return true;
}

static GstFlowReturn gst_deepfake_encoder_chain(GstPad* /*pad*/, GstObject* parent,
                                                GstBuffer* buffer) {
  auto* self = reinterpret_cast<GstDeepfakeEncoder*>(parent);
  GstDeepfakeRecord record{};
  GstFlowReturn flow = GST_FLOW_OK;
  if (self->priv->segment.format != GST_FORMAT_TIME) {
    GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                      ("The video has no segment in time; set format=time at its source."),
                      ("segment in %s", gst_format_get_name(self->priv->segment.format)));
    flow = GST_FLOW_ERROR;
  } else if (place(self, buffer, record)) {
    GstDeepfakeOutput output{{}, record.pts, record.duration};
    flow = push_header(self, record.pts);
    if (flow == GST_FLOW_OK) {
      flow =
          gst_deepfake_guarded(GST_ELEMENT(self), GST_FLOW_ERROR, gst_deepfake_post_exception, [&] {
            GST_DEEPFAKE_ENCODER_GET_CLASS(self)->encode(self, record, output);
            return GST_FLOW_OK;
          });
    }
    if (flow == GST_FLOW_OK) {
      flow = output.bytes.empty() ? push_gap(self, record) : push_output(self, output);
    }
  }
  gst_buffer_unref(buffer);
  return flow;
}

// --- Events and queries

// Takes the event.
static gboolean set_caps(GstDeepfakeEncoder* self, GstEvent* event) {
  GstCaps* caps = nullptr;
  gst_event_parse_caps(event, &caps);
  const GstStructure* structure = gst_caps_get_structure(caps, 0);
  gint width = 0;
  gint height = 0;
  gst_structure_get_int(structure, "width", &width);
  gst_structure_get_int(structure, "height", &height);
  self->priv->width = static_cast<guint>(std::max(width, 0));
  self->priv->height = static_cast<guint>(std::max(height, 0));
  gst_event_unref(event);
  GstCaps* out = gst_caps_make_writable(gst_pad_get_pad_template_caps(self->priv->src));
  if (const char* header = GST_DEEPFAKE_ENCODER_GET_CLASS(self)->header) {
    GValue buffer = G_VALUE_INIT;
    g_value_init(&buffer, GST_TYPE_BUFFER);
    g_value_take_boxed(&buffer, header_new(header));
    GValue headers = G_VALUE_INIT;
    g_value_init(&headers, GST_TYPE_ARRAY);
    gst_value_array_append_and_take_value(&headers, &buffer);
    gst_structure_take_value(gst_caps_get_structure(out, 0), "streamheader", &headers);
  }
  self->priv->negotiated = gst_pad_push_event(self->priv->src, gst_event_new_caps(out)) != FALSE;
  gst_caps_unref(out);
  return TRUE;
}

// Takes the event. The video's other branches have its name, so this stream takes one of its own.
static gboolean start_stream(GstDeepfakeEncoder* self, GstEvent* event) {
  finish(self, false);
  reset(self, false);
  const gchar* id = nullptr;
  GstStreamFlags flags = GST_STREAM_FLAG_NONE;
  guint group = 0;
  gst_event_parse_stream_start(event, &id);
  gst_event_parse_stream_flags(event, &flags);
  const std::string name =
      std::string(id) + "/" + GST_DEEPFAKE_ENCODER_GET_CLASS(self)->stream_suffix;
  GstEvent* start = gst_event_new_stream_start(name.c_str());
  gst_event_set_stream_flags(start, static_cast<GstStreamFlags>(flags | GST_STREAM_FLAG_SPARSE));
  if (gst_event_parse_group_id(event, &group) != FALSE) gst_event_set_group_id(start, group);
  gst_event_set_seqnum(start, gst_event_get_seqnum(event));
  gst_event_unref(event);
  return gst_pad_push_event(self->priv->src, start);
}

static void set_segment(GstDeepfakeEncoder* self, GstEvent* event) {
  const GstSegment* segment = nullptr;
  gst_event_parse_segment(event, &segment);
  // The same segment again, as some demuxers send it, changes nothing.
  if (gst_segment_is_equal(segment, &self->priv->segment) != FALSE) return;
  finish(self, false);
  reset(self, false);
  gst_segment_copy_into(segment, &self->priv->segment);
}

// Takes the event. Played at another speed, stream time and positions do not run alike, and stay
// apart.
static gboolean forward_segment(GstDeepfakeEncoder* self, GstEvent* event) {
  GstSegment segment;
  gst_event_copy_segment(event, &segment);
  const bool shifts = GST_DEEPFAKE_ENCODER_GET_CLASS(self)->in_stream_time &&
                      segment.format == GST_FORMAT_TIME && segment.rate > 0 &&
                      segment.applied_rate == 1 && GST_CLOCK_TIME_IS_VALID(segment.time);
  self->priv->in_stream_time = shifts;
  if (!shifts) return gst_pad_push_event(self->priv->src, event);
  if (GST_CLOCK_TIME_IS_VALID(segment.stop)) segment.stop += segment.time - segment.start;
  segment.position = segment.start = segment.time;
  GstEvent* shifted = gst_event_new_segment(&segment);
  gst_event_set_seqnum(shifted, gst_event_get_seqnum(event));
  gst_event_unref(event);
  return gst_pad_push_event(self->priv->src, shifted);
}

// Takes the event. Of a gap that begins before the segment, what lies in it.
static gboolean forward_gap(GstDeepfakeEncoder* self, GstEvent* event) {
  const GstSegment& segment = self->priv->segment;
  if (!self->priv->in_stream_time) return gst_pad_push_event(self->priv->src, event);
  GstClockTime start = 0;
  GstClockTime duration = 0;
  GstGapFlags flags{};
  gst_event_parse_gap(event, &start, &duration);
  gst_event_parse_gap_flags(event, &flags);
  if (start < segment.start && GST_CLOCK_TIME_IS_VALID(duration)) {
    duration -= std::min<GstClockTime>(duration, segment.start - start);
  }
  const GstClockTime offset = std::max<GstClockTime>(start, segment.start) - segment.start;
  GstEvent* shifted = gst_event_new_gap(segment.time + offset, duration);
  gst_event_set_gap_flags(shifted, flags);
  gst_event_set_seqnum(shifted, gst_event_get_seqnum(event));
  gst_event_unref(event);
  return gst_pad_push_event(self->priv->src, shifted);
}

static gboolean gst_deepfake_encoder_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  auto* self = reinterpret_cast<GstDeepfakeEncoder*>(parent);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      return start_stream(self, event);
    case GST_EVENT_CAPS:
      return set_caps(self, event);
    case GST_EVENT_SEGMENT:
      set_segment(self, event);
      return forward_segment(self, event);
    case GST_EVENT_GAP:
      return forward_gap(self, event);
    case GST_EVENT_FLUSH_STOP:
      gst_segment_init(&self->priv->segment, GST_FORMAT_UNDEFINED);
      reset(self, true);
      break;
    case GST_EVENT_EOS:
      finish(self, true);
      break;
    default:
      break;
  }
  return gst_pad_event_default(pad, parent, event);
}

static gboolean gst_deepfake_encoder_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION) {
    return gst_pad_query_default(pad, parent, query);
  }
  // Pixels are never looked at, so any layout will do; a refusal would bind a tee's other branches.
  // Not so a crop meta: the boxes are those of the picture without it.
  for (const GType api : {GST_VIDEO_META_API_TYPE, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE}) {
    gst_query_add_allocation_meta(query, api, nullptr);
  }
  return TRUE;
}

// --- Life

static GstStateChangeReturn gst_deepfake_encoder_change_state(GstElement* element,
                                                              GstStateChange transition) {
  auto* self = reinterpret_cast<GstDeepfakeEncoder*>(element);
  GstDeepfakeEncoderClass* klass = GST_DEEPFAKE_ENCODER_GET_CLASS(self);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED && klass->start != nullptr &&
      gst_deepfake_guarded(element, FALSE, gst_deepfake_post_exception,
                           [&] { return klass->start(self); }) == FALSE) {
    return GST_STATE_CHANGE_FAILURE;
  }
  const GstStateChangeReturn changed =
      GST_ELEMENT_CLASS(gst_deepfake_encoder_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    gst_segment_init(&self->priv->segment, GST_FORMAT_UNDEFINED);
    self->priv->negotiated = false;
    reset(self, true);
  }
  return changed;
}

static void gst_deepfake_encoder_set_property(GObject* object, guint id, const GValue* value,
                                              GParamSpec* pspec) {
  auto* self = reinterpret_cast<GstDeepfakeEncoder*>(object);
  if (id != kPropUpdates) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK(self);
  self->priv->updates = g_value_get_enum(value);
  GST_OBJECT_UNLOCK(self);
}

static void gst_deepfake_encoder_get_property(GObject* object, guint id, GValue* value,
                                              GParamSpec* pspec) {
  auto* self = reinterpret_cast<GstDeepfakeEncoder*>(object);
  if (id != kPropUpdates) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    return;
  }
  GST_OBJECT_LOCK(self);
  g_value_set_enum(value, self->priv->updates);
  GST_OBJECT_UNLOCK(self);
}

void gst_deepfake_encoder_class_install_updates(GstDeepfakeEncoderClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  // These two GObject does not inherit.
  if (object_class->set_property == nullptr) {
    object_class->set_property = gst_deepfake_encoder_set_property;
    object_class->get_property = gst_deepfake_encoder_get_property;
  }
  g_object_class_install_property(
      object_class, kPropUpdates,
      g_param_spec_enum("updates", "Updates", "Which frames with results are written",
                        GST_TYPE_DEEPFAKE_UPDATES, GST_DEEPFAKE_UPDATES_EVERY_FRAME,
                        static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                 GST_PARAM_MUTABLE_PLAYING)));
}

static void gst_deepfake_encoder_init(GstDeepfakeEncoder* self) {
  self->priv = new GstDeepfakeEncoderPrivate;
  gst_segment_init(&self->priv->segment, GST_FORMAT_UNDEFINED);
}

// Only now is the object of its own class, which has the source pad's template.
static void gst_deepfake_encoder_constructed(GObject* object) {
  G_OBJECT_CLASS(gst_deepfake_encoder_parent_class)->constructed(object);
  auto* self = reinterpret_cast<GstDeepfakeEncoder*>(object);
  GstElementClass* klass = GST_ELEMENT_GET_CLASS(self);
  GstDeepfakeEncoderPrivate& priv = *self->priv;
  priv.sink = gst_pad_new_from_template(gst_element_class_get_pad_template(klass, "sink"), "sink");
  gst_pad_set_chain_function(priv.sink, gst_deepfake_encoder_chain);
  gst_pad_set_event_function(priv.sink, gst_deepfake_encoder_event);
  gst_pad_set_query_function(priv.sink, gst_deepfake_encoder_query);
  gst_element_add_pad(GST_ELEMENT(self), priv.sink);
  priv.src = gst_pad_new_from_template(gst_element_class_get_pad_template(klass, "src"), "src");
  gst_element_add_pad(GST_ELEMENT(self), priv.src);
}

static void gst_deepfake_encoder_finalize(GObject* object) {
  delete reinterpret_cast<GstDeepfakeEncoder*>(object)->priv;
  G_OBJECT_CLASS(gst_deepfake_encoder_parent_class)->finalize(object);
}

static void gst_deepfake_encoder_class_init(GstDeepfakeEncoderClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_deepfake_encoder_set_property;
  object_class->get_property = gst_deepfake_encoder_get_property;
  object_class->constructed = gst_deepfake_encoder_constructed;
  object_class->finalize = gst_deepfake_encoder_finalize;
  auto* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = gst_deepfake_encoder_change_state;
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_type_mark_as_plugin_api(GST_TYPE_DEEPFAKE_ENCODER, static_cast<GstPluginAPIFlags>(0));
  gst_type_mark_as_plugin_api(GST_TYPE_DEEPFAKE_UPDATES, static_cast<GstPluginAPIFlags>(0));
}
