// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakedetect
 * @title: deepfakedetect
 * @short_description: Says with a probability whether the faces of a video are manipulated
 *
 * deepfakedetect finds and follows the faces of a video, takes samples of each at the model's rate,
 * and gives every face a calibrated probability that it is manipulated. The video passes through
 * unchanged, unless #GstDeepfakeDetect:overlay asks for boxes. Results travel as #GstDeepfakeMeta
 * and region-of-interest metas on the buffers, and as element messages named `deepfakedetect` on
 * the bus.
 *
 * ## Method
 *
 * Each sample of a face goes once through the model's network, a head judges the last window of
 * samples (with the model that is shipped eight, at four a second), and a calibration makes a
 * probability of it. Scores are smoothed over time and become a verdict by
 * hysteresis: authentic, suspicious, manipulated, or undecided with a reason. The work is done
 * beside the streams, in batches over all elements of the process that use the same model; a live
 * frame never waits for it.
 *
 * ## Limits
 *
 * The verdict is as good as the model in #GstDeepfakeDetect:model-file; docs/model-card.md says
 * what is known of the one that is shipped. Without #GstDeepfakeDetect:face-model-file faces
 * are found by OpenCV's frontal-face cascade, which misses profiles and tilted heads; a face that
 * is not found is not judged. With #GstDeepfakeDetect:inference-region roi-list another element
 * finds them. "authentic" means that nothing was found, not that a video is proven
 * real.
 *
 * ## Messages
 *
 * An element message with the structure `deepfakedetect` is posted when a verdict changes, or for
 * every score (#GstDeepfakeDetect:messages). #GstDeepfakeReport takes it apart; its fields stand in
 * docs/element-reference.md.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 -m filesrc location=clip.mp4 ! decodebin ! videoconvert ! deepfakedetect
 * model-file=model.safetensors ! fakesink
 * ]| prints a message whenever a verdict changes.
 *
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! decodebin ! videoconvert ! deepfakedetect
 * model-file=model.safetensors overlay=boxes+labels ! videoconvert ! autovideosink
 * ]| shows the verdicts on the picture.
 *
 * Since: 0.1
 */

#include "gstdeepfakedetect.h"

#include <gst/video/video.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "detector/engine.h"
#include "gstdeepfakecuda.h"
#include "gstdeepfakeenums.h"
#include "gstdeepfakeerror.h"
#include "gstdeepfakeframe.h"
#include "gstdeepfakemeta.h"
#include "gstdeepfakepainter.h"
#include "gstdeepfakestate.h"

GST_DEBUG_CATEGORY(gst_deepfake_detect_debug);
#define GST_CAT_DEFAULT gst_deepfake_detect_debug

namespace {

using State = GstDeepfakeState;

// Of the settings, what a frame needs: no strings, so that no frame costs an allocation.
struct FrameSettings {
  dfd::Region region;
  int mode;
  int messages;
  guint overlay;
  guint meta;
  GstDeepfakeFrameSettings changeable;
};

}  // namespace

struct _GstDeepfakeDetect {
  GstBaseTransform parent;

  // Guards all below. A leaf: nothing is called while it is held.
  std::mutex* mutex;
  GstDeepfakeSettings* settings;
  std::shared_ptr<State>* state;  // Null inside: not started.
  GstObject* cuda;                // Of the device wanted, from READY on; null without CUDA.
  int cuda_device;
  bool swap_wanted;  // model-file was set while there was a state.
  bool swapping;     // A thread sees to it.

  GstDeepfakePainter* painter;  // Not guarded: it says itself who may call what.
};

#ifdef HAVE_GST_CUDA
#define DEEPFAKE_CUDA_CAPS ";" GST_VIDEO_CAPS_MAKE_WITH_FEATURES("memory:CUDAMemory", "{ NV12 }")
#else
#define DEEPFAKE_CUDA_CAPS ""
#endif

#define DEEPFAKE_CAPS                                                                           \
  GST_VIDEO_CAPS_MAKE(GST_DEEPFAKE_FORMATS)                                                     \
  DEEPFAKE_CUDA_CAPS                                                                            \
  ";" GST_VIDEO_CAPS_MAKE_WITH_FEATURES("memory:SystemMemory, meta:GstVideoOverlayComposition", \
                                        GST_DEEPFAKE_FORMATS)

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(DEEPFAKE_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DEEPFAKE_CAPS));

G_DEFINE_TYPE(GstDeepfakeDetect, gst_deepfake_detect, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(
    deepfakedetect, "deepfakedetect", GST_RANK_NONE, GST_TYPE_DEEPFAKE_DETECT,
    GST_DEBUG_CATEGORY_INIT(gst_deepfake_detect_debug, "deepfakedetect", 0, "deepfakedetect"))

static GstDeepfakeSettings settings_of(GstDeepfakeDetect* self) {
  const std::lock_guard<std::mutex> lock(*self->mutex);
  return *self->settings;
}

static std::shared_ptr<State> state_of(GstDeepfakeDetect* self) {
  const std::lock_guard<std::mutex> lock(*self->mutex);
  return *self->state;
}

static FrameSettings frame_settings_of(GstDeepfakeDetect* self) {
  const std::lock_guard<std::mutex> lock(*self->mutex);
  const GstDeepfakeSettings& all = *self->settings;
  dfd::ExplainConfig explain = all.session.explain;
  explain.on = explain.on || (all.overlay & GST_DEEPFAKE_OVERLAY_HEATMAP) != 0;
  return {all.session.region, all.mode, all.messages,
          all.overlay,        all.meta, {all.session.decision.threshold, explain, all.orientation}};
}

// --- Properties

static bool is_named(const GParamSpec* pspec, const char* name) {
  return g_strcmp0(pspec->name, name) == 0;
}

// One model is loaded at a time, and of several names set meanwhile the last.
static void gst_deepfake_detect_swap_models(GstElement* element, gpointer /*data*/) {
  auto* self = GST_DEEPFAKE_DETECT(element);
  while (true) {
    std::shared_ptr<State> state;
    GstDeepfakeSettings settings;
    {
      const std::lock_guard<std::mutex> lock(*self->mutex);
      state = *self->state;
      if (!state || !std::exchange(self->swap_wanted, false)) {
        self->swapping = false;
        return;
      }
      settings = *self->settings;
    }
    gst_deepfake_state_swap_model(element, *state, settings);
  }
}

static void gst_deepfake_detect_set_property(GObject* object, guint id, const GValue* value,
                                             GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_DETECT(object);
  bool swap = false;
  {
    const std::lock_guard<std::mutex> lock(*self->mutex);
    if (!gst_deepfake_settings_set(*self->settings, id, value)) {
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
    if (is_named(pspec, "model-file") && *self->state) {
      self->swap_wanted = true;
      swap = !std::exchange(self->swapping, true);
    }
  }
  if (is_named(pspec, "overlay")) self->painter->renegotiate(GST_BASE_TRANSFORM(self));
  if (swap) {
    gst_element_call_async(GST_ELEMENT(self), gst_deepfake_detect_swap_models, nullptr, nullptr);
  }
}

static void gst_deepfake_detect_get_property(GObject* object, guint id, GValue* value,
                                             GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_DETECT(object);
  if (is_named(pspec, "stats")) {
    const std::shared_ptr<State> state = state_of(self);
    const dfd::Rate rate = settings_of(self).session.sample_rate;
    g_value_take_boxed(value, state ? gst_deepfake_stats_new(state->session->stats(),
                                                             state->session->engine().get(), rate)
                                    : gst_deepfake_stats_new({}, nullptr, rate));
  } else if (is_named(pspec, "active-device")) {
    const std::shared_ptr<State> state = state_of(self);
    g_value_set_string(value, state ? state->session->engine()->device().c_str() : nullptr);
  } else if (!gst_deepfake_settings_get(settings_of(self), id, value)) {
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

// --- Results

// Waits for what is under way, posts the last scores, and forgets the tracks.
static gboolean gst_deepfake_detect_finish(GstDeepfakeDetect* self, bool reset) {
  const std::shared_ptr<State> state = state_of(self);
  if (!state || !state->seen_frame) return TRUE;
  const int messages = frame_settings_of(self).messages;
  return gst_deepfake_state_finish(GST_ELEMENT(self), *state, messages, reset);
}

// --- Frames

// The result goes onto the buffer, or, where that is not wanted, is drawn from elsewhere: a result
// that another element left there is not ours to take away.
static GstFlowReturn gst_deepfake_detect_show(GstDeepfakeDetect* self, const State& state,
                                              const FrameSettings& settings,
                                              const dfd::StreamReport& report, GstBuffer* buffer) {
  const bool attach = (settings.meta & GST_DEEPFAKE_META_RESULT) != 0;
  if (!attach && settings.overlay == 0) return GST_FLOW_OK;
  GstBuffer* results = attach ? buffer : gst_buffer_new();
  gst_deepfake_add_result_meta(results, report, state.context);
  const GstFlowReturn flow =
      self->painter->paint(GST_BASE_TRANSFORM(self), buffer, results, state.info, settings.overlay);
  if (!attach) gst_buffer_unref(results);
  return flow;
}

static GstFlowReturn gst_deepfake_detect_transform_ip(GstBaseTransform* base, GstBuffer* buffer) {
  auto* self = GST_DEEPFAKE_DETECT(base);
  const std::shared_ptr<State> state = state_of(self);
  if (!state || !state->negotiated) return GST_FLOW_NOT_NEGOTIATED;
  const FrameSettings settings = frame_settings_of(self);
  self->painter->ask_downstream(base, settings.overlay != 0);
  // Played backwards, a window would run backwards too.
  if (base->segment.rate < 0) return GST_FLOW_OK;
  gst_deepfake_state_resolve_mode(GST_BASE_TRANSFORM_SINK_PAD(base), *state, settings.mode);

  const GstFlowReturn flow = gst_deepfake_guarded(GST_ELEMENT(self), GST_FLOW_ERROR, [&] {
    gst_deepfake_state_apply(*state, settings.changeable);
    return gst_deepfake_state_analyse(GST_ELEMENT(self), *state, settings.region, base->segment,
                                      buffer);
  });
  if (flow != GST_FLOW_OK) return flow;
  gst_deepfake_state_post_events(GST_ELEMENT(self), *state, settings.messages);

  const dfd::StreamReport report = state->session->report();
  gst_deepfake_state_mark(*state, settings.meta, report, buffer);
  return gst_deepfake_detect_show(self, *state, settings, report, buffer);
}

static void gst_deepfake_detect_before_transform(GstBaseTransform* base, GstBuffer* buffer) {
  const GstClockTime stream_time =
      gst_segment_to_stream_time(&base->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  if (GST_CLOCK_TIME_IS_VALID(stream_time)) gst_object_sync_values(GST_OBJECT(base), stream_time);
}

// --- Negotiation and events

static GstCaps* gst_deepfake_detect_transform_caps(GstBaseTransform* base,
                                                   GstPadDirection direction, GstCaps* caps,
                                                   GstCaps* filter) {
  auto* self = GST_DEEPFAKE_DETECT(base);
  const bool draws = frame_settings_of(self).overlay != 0;
  return self->painter->transform_caps(direction, caps, filter, draws);
}

static gboolean gst_deepfake_detect_set_caps(GstBaseTransform* base, GstCaps* in, GstCaps* out) {
  (void)out;  // The same, maybe with the feature of overlays.
  auto* self = GST_DEEPFAKE_DETECT(base);
  GstVideoInfo info;
  if (gst_video_info_from_caps(&info, in) == FALSE) return FALSE;
  const std::shared_ptr<State> state = state_of(self);
  if (!state) return FALSE;
  if (gst_deepfake_state_is_other_size(*state, info) &&
      gst_deepfake_detect_finish(self, true) == FALSE) {
    return FALSE;
  }
  self->painter->caps_set();
  gst_deepfake_state_set_info(GST_ELEMENT(self), *state, info);
  return TRUE;
}

static gboolean gst_deepfake_detect_propose_allocation(GstBaseTransform* base, GstQuery* decided,
                                                       GstQuery* query) {
  if (GST_BASE_TRANSFORM_CLASS(gst_deepfake_detect_parent_class)
          ->propose_allocation(base, decided, query) == FALSE) {
    return FALSE;
  }
  // Strides and offsets are read from the meta, so upstream may use its own.
  if (gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr) == FALSE) {
    gst_query_add_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr);
  }
  GstDeepfakePainter::refuse_crop_meta(query);
  return TRUE;
}

static gboolean gst_deepfake_detect_src_event(GstBaseTransform* base, GstEvent* event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
    GST_DEEPFAKE_DETECT(base)->painter->renegotiate(base);
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_QOS) {
    const std::shared_ptr<State> state = state_of(GST_DEEPFAKE_DETECT(base));
    if (state) gst_deepfake_state_note_lateness(*state, event);
  }
  return GST_BASE_TRANSFORM_CLASS(gst_deepfake_detect_parent_class)->src_event(base, event);
}

// Fields in buffers of their own are half a picture each. Caps that are refused give no reason but
// "not negotiated", so it is told here.
static bool gst_deepfake_detect_refuses(GstElement* element, GstQuery* query) {
  GstCaps* caps = nullptr;
  gst_query_parse_accept_caps(query, &caps);
  if (gst_caps_is_fixed(caps) == FALSE) return false;
  const char* mode = gst_structure_get_string(gst_caps_get_structure(caps, 0), "interlace-mode");
  if (g_strcmp0(mode, "alternate") != 0 && g_strcmp0(mode, "fields") != 0) return false;
  GST_ELEMENT_WARNING(element, STREAM, FORMAT,
                      ("Video with interlace-mode=%s, a field a buffer, cannot be judged: put "
                       "deinterlace before this element.",
                       mode),
                      (nullptr));
  gst_query_set_accept_caps_result(query, FALSE);
  return true;
}

static gboolean gst_deepfake_detect_query(GstBaseTransform* base, GstPadDirection direction,
                                          GstQuery* query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS && direction == GST_PAD_SINK &&
      gst_deepfake_detect_refuses(GST_ELEMENT(base), query)) {
    return TRUE;
  }
  const std::shared_ptr<State> state = state_of(GST_DEEPFAKE_DETECT(base));
  if (GST_QUERY_TYPE(query) == GST_QUERY_CONTEXT &&
      gst_deepfake_cuda_answer(GST_ELEMENT(base), query, GST_DEEPFAKE_DETECT(base)->cuda)) {
    return TRUE;
  }
  const gboolean answered =
      GST_BASE_TRANSFORM_CLASS(gst_deepfake_detect_parent_class)->query(base, direction, query);
  const bool adds = GST_QUERY_TYPE(query) == GST_QUERY_LATENCY && direction == GST_PAD_SRC &&
                    answered != FALSE && state && state->complete;
  if (adds) gst_deepfake_state_add_latency(*state, query);
  return answered;
}

static gboolean gst_deepfake_detect_sink_event(GstBaseTransform* base, GstEvent* event) {
  auto* self = GST_DEEPFAKE_DETECT(base);
  const std::shared_ptr<State> state = state_of(self);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
      if (state) state->session->cancel(true);
      break;
    case GST_EVENT_FLUSH_STOP:
      if (state) gst_deepfake_state_flushed(*state);
      break;
    case GST_EVENT_SEGMENT: {
      const GstSegment* segment = nullptr;
      gst_event_parse_segment(event, &segment);
      // The same segment again, as some demuxers send it, changes nothing. Position is no part of
      // it: the base class moves it with every buffer.
      GstSegment copy;
      gst_segment_copy_into(segment, &copy);
      copy.position = base->segment.position;
      if (gst_segment_is_equal(&copy, &base->segment) == FALSE) {
        gst_deepfake_detect_finish(self, true);
      }
      break;
    }
    case GST_EVENT_GAP:
      if (state) {
        gst_deepfake_state_gap(GST_ELEMENT(self), *state, base->segment, event,
                               frame_settings_of(self).messages);
      }
      break;
    case GST_EVENT_STREAM_START:
      gst_deepfake_detect_finish(self, true);
      if (state) gst_deepfake_state_forget_tags(*state);
      break;
    case GST_EVENT_TAG:
      if (state) gst_deepfake_state_note_tags(*state, event);
      break;
    case GST_EVENT_EOS:
      if (gst_deepfake_detect_finish(self, false) == FALSE)
        GST_WARNING_OBJECT(self, "error at EOS");
      break;
    default:
      break;
  }
  return GST_BASE_TRANSFORM_CLASS(gst_deepfake_detect_parent_class)->sink_event(base, event);
}

// --- Life

static gboolean gst_deepfake_detect_start(GstBaseTransform* base) {
  auto* self = GST_DEEPFAKE_DETECT(base);
  const GstDeepfakeSettings settings = settings_of(self);
  self->painter->renegotiate(base);
  return gst_deepfake_guarded(GST_ELEMENT(self), FALSE, [&] {
    std::shared_ptr<State> state = gst_deepfake_state_new(GST_ELEMENT(self), settings);
    if (self->cuda != nullptr &&
        state->session->engine()->device() == "cuda:" + std::to_string(self->cuda_device)) {
      gst_deepfake_state_set_cuda(*state, self->cuda, self->cuda_device);
    }
    {
      const std::lock_guard<std::mutex> lock(*self->mutex);
      *self->state = std::move(state);
      // Another name may have been set while this one was loaded.
      self->swap_wanted = self->settings->engine.model_file != settings.engine.model_file;
      if (!self->swap_wanted || std::exchange(self->swapping, true)) return TRUE;
    }
    gst_element_call_async(GST_ELEMENT(self), gst_deepfake_detect_swap_models, nullptr, nullptr);
    return TRUE;
  });
}

static gboolean gst_deepfake_detect_stop(GstBaseTransform* base) {
  auto* self = GST_DEEPFAKE_DETECT(base);
  std::shared_ptr<State> state;  // Dies outside the lock: an engine waits for its thread.
  const std::lock_guard<std::mutex> lock(*self->mutex);
  state.swap(*self->state);
  return TRUE;
}

static void gst_deepfake_detect_drop_cuda(GstDeepfakeDetect* self) {
  if (self->cuda != nullptr) gst_object_unref(self->cuda);
  self->cuda = nullptr;
}

static GstStateChangeReturn gst_deepfake_detect_change_state(GstElement* element,
                                                             GstStateChange transition) {
  auto* self = GST_DEEPFAKE_DETECT(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY) {
    // Decoders ask for a context on their way to READY.
    self->cuda = gst_deepfake_cuda_context_new(settings_of(self).engine.device, self->cuda_device);
  }
  // Wakes a frame that waits for its analysis, so that the streaming thread can be stopped.
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    if (const std::shared_ptr<State> state = state_of(self)) {
      state->session->cancel(true);
    }
  }
  const GstStateChangeReturn changed =
      GST_ELEMENT_CLASS(gst_deepfake_detect_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL) gst_deepfake_detect_drop_cuda(self);
  return changed;
}

static void gst_deepfake_detect_init(GstDeepfakeDetect* self) {
  self->mutex = new std::mutex;
  self->settings = new GstDeepfakeSettings;
  self->state = new std::shared_ptr<State>;
  self->painter = new GstDeepfakePainter;
  auto* base = GST_BASE_TRANSFORM(self);
  gst_base_transform_set_in_place(base, TRUE);
  gst_base_transform_set_passthrough(base, FALSE);
  gst_base_transform_set_gap_aware(base, TRUE);
}

static void gst_deepfake_detect_finalize(GObject* object) {
  auto* self = GST_DEEPFAKE_DETECT(object);
  gst_deepfake_detect_drop_cuda(self);
  delete self->painter;
  delete self->state;
  delete self->settings;
  delete self->mutex;
  G_OBJECT_CLASS(gst_deepfake_detect_parent_class)->finalize(object);
}

static void gst_deepfake_detect_class_init(GstDeepfakeDetectClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_deepfake_detect_set_property;
  object_class->get_property = gst_deepfake_detect_get_property;
  object_class->finalize = gst_deepfake_detect_finalize;
  gst_deepfake_settings_install(object_class);

  auto* element_class = GST_ELEMENT_CLASS(klass);
  element_class->change_state = gst_deepfake_detect_change_state;
  gst_element_class_set_static_metadata(
      element_class, "Deepfake detector", "Analyzer/Video",
      "Says with a probability whether the faces of a video are manipulated",
      "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);

  auto* base_class = GST_BASE_TRANSFORM_CLASS(klass);
  base_class->passthrough_on_same_caps = FALSE;
  base_class->start = gst_deepfake_detect_start;
  base_class->stop = gst_deepfake_detect_stop;
  base_class->transform_caps = gst_deepfake_detect_transform_caps;
  base_class->set_caps = gst_deepfake_detect_set_caps;
  base_class->sink_event = gst_deepfake_detect_sink_event;
  base_class->src_event = gst_deepfake_detect_src_event;
  base_class->query = gst_deepfake_detect_query;
  base_class->propose_allocation = gst_deepfake_detect_propose_allocation;
  base_class->before_transform = gst_deepfake_detect_before_transform;
  base_class->transform_ip = gst_deepfake_detect_transform_ip;

  gst_deepfake_enums_mark();
}
