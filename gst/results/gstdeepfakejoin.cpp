// SPDX-License-Identifier: LGPL-2.1-or-later

/**
 * SECTION:element-deepfakejoin
 * @title: deepfakejoin
 * @short_description: Brings the results of an analysis branch to an untouched programme
 *
 * Behind a tee, one branch decodes, scales and judges; the other one, the programme, goes on as it
 * came, encoded or raw. deepfakejoin gives the programme's buffers the #GstDeepfakeMeta of the
 * analysed ones, for deepfakeseiinsert, deepfakejsonenc and the like behind it.
 *
 * ## Method
 *
 * A buffer on `sink` gets the newest result whose running time is at most its own and at most
 * #GstDeepfakeJoin:max-age older, else none. It is a shallow copy that shares its memory. It waits
 * in the element's own queue, so the tee needs none on that branch, until
 *
 * * a buffer, GAP or EOS on `results` says that its result has come, or that there is none;
 * * the queue spans #GstDeepfakeJoin:latency;
 * * in a live pipeline, downstream expects it; in another one, nothing came on `results` for the
 *   latency in real time.
 *
 * So an analysis that stalls, fails or was never linked does not stop the programme. Results that
 * come too late for their own frame are counted, and serve later ones. Events are the programme's,
 * in order with its buffers; those of `results` end here. Seeks go to the programme, and from a
 * common source reach both. Boxes follow the programme's size where its shape is the analysed one.
 *
 * ## Limits
 *
 * A crop or a turn before deepfakedetect cannot be noticed: the boxes would then be in the wrong
 * place. Both branches need the same running times, as behind a tee; buffers without a timestamp
 * get no result. Regions of interest and analytics metas stay behind. A file's analysis may be
 * further behind than the latency: raise #GstDeepfakeJoin:latency above what its branch holds back.
 * A tee waits for a branch whose queue is full; a live analysis needs one that leaks.
 *
 * ## Example launch line
 *
 * |[
 * gst-launch-1.0 filesrc location=clip.mp4 ! qtdemux ! h264parse ! tee name=t
 * t. ! deepfakejoin name=join latency=5000000000 ! deepfakeseiinsert ! h264parse ! mp4mux !
 * filesink location=marked.mp4
 * t. ! queue ! avdec_h264 ! videoscale ! video/x-raw,width=640,height=360 ! videoconvert !
 * deepfakedetect model-file=model.safetensors ! join.results
 * ]| writes the verdicts into a copy of a video that is not encoded anew.
 *
 * Since: 0.1
 */

#include "gstdeepfakejoin.h"

#include <gst/video/video.h>

#include <algorithm>
#include <memory>

#include "gstdeepfakeguard.h"
#include "gstdeepfakejoinpads.h"
#include "gstdeepfakejoinqueue.h"

GST_DEBUG_CATEGORY_STATIC(gst_deepfake_join_debug);
#define GST_CAT_DEFAULT gst_deepfake_join_debug

namespace {

enum : guint { PROP_0, PROP_LATENCY, PROP_MAX_AGE, PROP_STATS };  // NOLINT: ids

}  // namespace

struct _GstDeepfakeJoin {
  GstElement parent;

  GstPad* sink;
  GstPad* results;
  GstPad* src;
  GstDeepfakeJoinQueue* queue;
  GstDeepfakeJoinInput* programme;
  GstDeepfakeJoinInput* analysis;
  GstDeepfakeJoinOutput* output;
};

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate results_template =
    GST_STATIC_PAD_TEMPLATE("results", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

G_DEFINE_TYPE(GstDeepfakeJoin, gst_deepfake_join, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE_WITH_CODE(deepfakejoin, "deepfakejoin", GST_RANK_NONE,
                                      GST_TYPE_DEEPFAKE_JOIN,
                                      GST_DEBUG_CATEGORY_INIT(gst_deepfake_join_debug,
                                                              "deepfakejoin", 0, "deepfakejoin"))

// --- The programme comes

static GstFlowReturn gst_deepfake_join_chain(GstPad* pad, GstObject* parent, GstBuffer* buffer) {
  auto* self = GST_DEEPFAKE_JOIN(parent);
  const GstClockTime time = self->programme->time_of(buffer);
  if (!GST_CLOCK_TIME_IS_VALID(time)) {
    self->programme->warn_of_missing_time(GST_ELEMENT(self), pad, buffer);
  }
  return gst_deepfake_guarded(GST_ELEMENT(self), GST_FLOW_ERROR, gst_deepfake_post_exception,
                              [&] { return self->queue->push(buffer, time); });
}

// Takes the event.
static gboolean queue_event(GstDeepfakeJoin* self, GstEvent* event) {
  GstClockTime end = GST_CLOCK_TIME_NONE;
  const GstEventType type = GST_EVENT_TYPE(event);
  if (type == GST_EVENT_STREAM_START) {
    self->programme->start_stream();
    self->queue->forget_timing();
  } else if (type == GST_EVENT_SEGMENT) {
    self->programme->set_segment(event);
  } else if (type == GST_EVENT_GAP) {
    end = self->programme->last_of(event);
  }
  GstFlowReturn flow = GST_FLOW_OK;
  const bool queued = gst_deepfake_guarded(GST_ELEMENT(self), false, gst_deepfake_post_exception,
                                           [&] { return self->queue->push(event, end, flow); });
  // After its end no buffer follows whose refusal would tell upstream.
  if (queued && type == GST_EVENT_EOS && (flow == GST_FLOW_NOT_LINKED || flow < GST_FLOW_EOS)) {
    GST_ELEMENT_FLOW_ERROR(self, flow);
  }
  return static_cast<gboolean>(queued);
}

static void gst_deepfake_join_loop(gpointer data);

static gboolean start_task(GstDeepfakeJoin* self) {
  return gst_pad_start_task(self->src, gst_deepfake_join_loop, self, nullptr);
}

static gboolean gst_deepfake_join_sink_event(GstPad* /*pad*/, GstObject* parent, GstEvent* event) {
  auto* self = GST_DEEPFAKE_JOIN(parent);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
      // Downstream first: the task may be blocked there.
      gst_pad_push_event(self->src, event);
      self->queue->begin_flush();
      gst_pad_pause_task(self->src);
      return TRUE;
    case GST_EVENT_FLUSH_STOP: {
      gboolean reset_time = TRUE;
      gst_event_parse_flush_stop(event, &reset_time);
      gst_pad_push_event(self->src, event);
      self->programme->forget_segment();
      if (self->queue->end_flush(reset_time != FALSE, self->src)) start_task(self);
      return TRUE;
    }
    default:
      return GST_EVENT_IS_SERIALIZED(event) ? queue_event(self, event)
                                            : gst_pad_push_event(self->src, event);
  }
}

static gboolean gst_deepfake_join_sink_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  auto* self = GST_DEEPFAKE_JOIN(parent);
  // Downstream answers for what comes next, so what came before goes there first.
  if (GST_QUERY_IS_SERIALIZED(query) && !self->queue->drain()) return FALSE;
  const gboolean answered = gst_pad_query_default(pad, parent, query);
  if (answered != FALSE && GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION) {
    // A pool of downstream's may have fewer buffers than wait here.
    while (gst_query_get_n_allocation_pools(query) > 0) {
      gst_query_remove_nth_allocation_pool(query, 0);
    }
  }
  return answered;
}

// --- Results come

static GstFlowReturn gst_deepfake_join_results_chain(GstPad* pad, GstObject* parent,
                                                     GstBuffer* buffer) {
  auto* self = GST_DEEPFAKE_JOIN(parent);
  GstDeepfakeJoinInput& input = *self->analysis;
  const GstClockTime time = input.time_of(buffer);
  const GstDeepfakeMeta* meta = gst_buffer_get_deepfake_meta(buffer);
  const GstFlowReturn flow =
      gst_deepfake_guarded(GST_ELEMENT(self), GST_FLOW_ERROR, gst_deepfake_post_exception, [&] {
        if (!GST_CLOCK_TIME_IS_VALID(time)) {
          if (meta != nullptr) input.warn_of_missing_time(GST_ELEMENT(self), pad, buffer);
        } else if (meta == nullptr) {
          self->queue->reach(time);
        } else {
          self->queue->add_result(
              time, std::make_shared<GstDeepfakeJoinResult>(meta, buffer, input.shape()));
        }
        return GST_FLOW_OK;
      });
  gst_buffer_unref(buffer);
  return flow;
}

static gboolean gst_deepfake_join_results_event(GstPad* /*pad*/, GstObject* parent,
                                                GstEvent* event) {
  auto* self = GST_DEEPFAKE_JOIN(parent);
  GstDeepfakeJoinInput& input = *self->analysis;
  GstClockTime end = 0;
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_STREAM_START:
      input.start_stream();
      self->queue->set_results_ended(false);
      self->queue->forget_timing();
      break;
    case GST_EVENT_CAPS:
      input.set_caps(event);
      break;
    case GST_EVENT_SEGMENT:
      input.set_segment(event);
      self->queue->set_results_ended(false);
      break;
    case GST_EVENT_GAP:
      end = input.last_of(event);
      if (GST_CLOCK_TIME_IS_VALID(end)) self->queue->reach(end);
      break;
    case GST_EVENT_EOS:
      self->queue->set_results_ended(true);
      break;
    case GST_EVENT_FLUSH_STOP:
      input.forget_segment();
      self->queue->forget_results();
      break;
    default:
      break;
  }
  gst_event_unref(event);
  return TRUE;
}

static gboolean gst_deepfake_join_results_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_ALLOCATION:
      // Pixels are never looked at, so any layout will do; a refusal would bind a tee's other
      // branches.
      for (const GType api :
           {GST_VIDEO_META_API_TYPE, GST_VIDEO_OVERLAY_COMPOSITION_META_API_TYPE}) {
        gst_query_add_allocation_meta(query, api, nullptr);
      }
      return TRUE;
    case GST_QUERY_DRAIN:
      return TRUE;  // No buffer is kept.
    default:
      return gst_pad_query_default(pad, parent, query);
  }
}

// --- The programme leaves

static GstFlowReturn push_buffer(GstDeepfakeJoin* self, GstBuffer* buffer,
                                 const GstDeepfakeJoinResultPtr& result) {
  if (result) {
    buffer = gst_buffer_make_writable(buffer);
    result->attach(buffer, self->output->shape(self->src));
  }
  return gst_pad_push(self->src, buffer);
}

// Asks both branches and tells the queue. Results are taken as they come, so that their branch's
// most does not count.
static GstDeepfakeLatency ask_latency(GstDeepfakeJoin* self, GstDeepfakeJoinTiming& timing) {
  const GstDeepfakeLatency programme = gst_deepfake_ask_latency(self->sink);
  const GstDeepfakeLatency results = gst_deepfake_ask_latency(self->results);
  timing = {programme.live || results.live, programme.min, results.min};
  self->queue->set_timing(timing);
  return programme;
}

static void gst_deepfake_join_loop(gpointer data) {
  auto* self = GST_DEEPFAKE_JOIN(data);
  GstDeepfakeJoinQueue::Leaving leaving;
  switch (self->queue->take(leaving)) {
    case GstDeepfakeJoinQueue::Taken::kStopped:
      gst_pad_pause_task(self->src);
      return;
    case GstDeepfakeJoinQueue::Taken::kTimingWanted: {
      GstDeepfakeJoinTiming timing;
      ask_latency(self, timing);
      return;
    }
    case GstDeepfakeJoinQueue::Taken::kObject:
      break;
  }
  GstFlowReturn flow = GST_FLOW_OK;
  if (GST_IS_BUFFER(leaving.object)) {
    flow = push_buffer(self, GST_BUFFER_CAST(leaving.object), leaving.result);
  } else {
    gst_pad_push_event(self->src, GST_EVENT_CAST(leaving.object));
  }
  if (self->queue->done(flow)) GST_ELEMENT_FLOW_ERROR(self, flow);
}

static gboolean gst_deepfake_join_src_query(GstPad* pad, GstObject* parent, GstQuery* query) {
  if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return gst_pad_query_default(pad, parent, query);
  auto* self = GST_DEEPFAKE_JOIN(parent);
  GstDeepfakeJoinTiming timing;
  const GstDeepfakeLatency upstream = ask_latency(self, timing);
  if (!upstream.known) return FALSE;
  const GstClockTime latency = self->queue->settings().latency;
  const GstClockTime reach = self->queue->reach_of(timing);
  gst_query_set_latency(
      query, static_cast<gboolean>(timing.live),
      std::max(upstream.min + latency, timing.results_min),
      GST_CLOCK_TIME_IS_VALID(upstream.max) ? upstream.max + reach : GST_CLOCK_TIME_NONE);
  return TRUE;
}

static gboolean gst_deepfake_join_src_event(GstPad* pad, GstObject* parent, GstEvent* event) {
  auto* self = GST_DEEPFAKE_JOIN(parent);
  if (GST_EVENT_TYPE(event) == GST_EVENT_LATENCY) {
    gst_pad_push_event(self->results, gst_event_ref(event));
  } else if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
    self->queue->retry();
  }
  return gst_pad_event_default(pad, parent, event);
}

// Of the source pad: the programme alone. A seek that came to a common source by both branches
// would be done twice.
static GstIterator* gst_deepfake_join_iterate_programme(GstPad* /*pad*/, GstObject* parent) {
  GValue value = G_VALUE_INIT;
  g_value_init(&value, GST_TYPE_PAD);
  g_value_set_object(&value, GST_DEEPFAKE_JOIN(parent)->sink);
  GstIterator* iterator = gst_iterator_new_single(GST_TYPE_PAD, &value);
  g_value_unset(&value);
  return iterator;
}

static GstIterator* gst_deepfake_join_iterate_nothing(GstPad* /*pad*/, GstObject* /*parent*/) {
  return nullptr;
}

// --- Life

static gboolean gst_deepfake_join_activate_src(GstPad* pad, GstObject* parent, GstPadMode mode,
                                               gboolean active) {
  auto* self = GST_DEEPFAKE_JOIN(parent);
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  self->queue->set_active(active != FALSE);
  return active != FALSE ? start_task(self) : gst_pad_stop_task(pad);
}

static GstStateChangeReturn gst_deepfake_join_change_state(GstElement* element,
                                                           GstStateChange transition) {
  auto* self = GST_DEEPFAKE_JOIN(element);
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) self->queue->set_playing(false);
  const GstStateChangeReturn changed =
      GST_ELEMENT_CLASS(gst_deepfake_join_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) self->queue->set_playing(true);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    self->queue->clear();
    *self->programme = {};
    *self->analysis = {};
  }
  return changed;
}

static void gst_deepfake_join_set_property(GObject* object, guint id, const GValue* value,
                                           GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_JOIN(object);
  switch (id) {
    case PROP_LATENCY:
      self->queue->set_latency(g_value_get_uint64(value));
      gst_element_post_message(GST_ELEMENT(self), gst_message_new_latency(GST_OBJECT(self)));
      break;
    case PROP_MAX_AGE:
      self->queue->set_max_age(g_value_get_uint64(value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
      break;
  }
}

static void gst_deepfake_join_get_property(GObject* object, guint id, GValue* value,
                                           GParamSpec* pspec) {
  auto* self = GST_DEEPFAKE_JOIN(object);
  switch (id) {
    case PROP_LATENCY:
      g_value_set_uint64(value, self->queue->settings().latency);
      break;
    case PROP_MAX_AGE:
      g_value_set_uint64(value, self->queue->settings().max_age);
      break;
    case PROP_STATS: {
      const GstDeepfakeJoinStats stats = self->queue->stats();
      g_value_take_boxed(
          value, gst_structure_new("deepfakejoin-stats", "matched", G_TYPE_UINT64, stats.matched,
                                   "unmatched", G_TYPE_UINT64, stats.unmatched, "late",
                                   G_TYPE_UINT64, stats.late, nullptr));
      break;
    }
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
      break;
  }
}

static GstPad* add_pad(GstDeepfakeJoin* self, GstStaticPadTemplate* pad_template) {
  GstPad* pad = gst_pad_new_from_static_template(pad_template, pad_template->name_template);
  gst_element_add_pad(GST_ELEMENT(self), pad);
  return pad;
}

static void gst_deepfake_join_init(GstDeepfakeJoin* self) {
  self->queue = new GstDeepfakeJoinQueue(GST_ELEMENT(self));
  self->programme = new GstDeepfakeJoinInput;
  self->analysis = new GstDeepfakeJoinInput;
  self->output = new GstDeepfakeJoinOutput;

  self->sink = add_pad(self, &sink_template);
  gst_pad_set_chain_function(self->sink, gst_deepfake_join_chain);
  gst_pad_set_event_function(self->sink, gst_deepfake_join_sink_event);
  gst_pad_set_query_function(self->sink, gst_deepfake_join_sink_query);
  GST_PAD_SET_PROXY_CAPS(self->sink);
  GST_PAD_SET_PROXY_ALLOCATION(self->sink);

  self->results = add_pad(self, &results_template);
  gst_pad_set_chain_function(self->results, gst_deepfake_join_results_chain);
  gst_pad_set_event_function(self->results, gst_deepfake_join_results_event);
  gst_pad_set_query_function(self->results, gst_deepfake_join_results_query);
  gst_pad_set_iterate_internal_links_function(self->results, gst_deepfake_join_iterate_nothing);

  self->src = add_pad(self, &src_template);
  gst_pad_set_activatemode_function(self->src, gst_deepfake_join_activate_src);
  gst_pad_set_event_function(self->src, gst_deepfake_join_src_event);
  gst_pad_set_query_function(self->src, gst_deepfake_join_src_query);
  gst_pad_set_iterate_internal_links_function(self->src, gst_deepfake_join_iterate_programme);
  GST_PAD_SET_PROXY_CAPS(self->src);
}

static void gst_deepfake_join_finalize(GObject* object) {
  auto* self = GST_DEEPFAKE_JOIN(object);
  delete self->output;
  delete self->analysis;
  delete self->programme;
  delete self->queue;
  G_OBJECT_CLASS(gst_deepfake_join_parent_class)->finalize(object);
}

static void install_properties(GObjectClass* object_class) {
  constexpr auto kPlaying = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                     GST_PARAM_MUTABLE_PLAYING);
  constexpr auto kReadable = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * GstDeepfakeJoin:latency:
   *
   * How long the programme waits for its results: what the queue spans at most, and what live
   * pipelines add. A live analysis that says in its answer to the latency query that it needs more
   * gets more.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, PROP_LATENCY,
      g_param_spec_uint64("latency", "Latency", "Time that the programme waits for results (ns)", 0,
                          kGstDeepfakeLongestLatency, GstDeepfakeJoinSettings{}.latency, kPlaying));
  /**
   * GstDeepfakeJoin:max-age:
   *
   * How much older than a buffer its result may be.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, PROP_MAX_AGE,
      g_param_spec_uint64("max-age", "Maximum age",
                          "Time by which a result may be older than a buffer that gets it (ns)", 0,
                          G_MAXINT64, GstDeepfakeJoinSettings{}.max_age, kPlaying));
  /**
   * GstDeepfakeJoin:stats:
   *
   * Counters since the element was started: `matched` and `unmatched`, the programme's buffers that
   * left with a result and without; `late`, results that came when their time had left.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      object_class, PROP_STATS,
      g_param_spec_boxed("stats", "Statistics", "Counters since the element was started",
                         GST_TYPE_STRUCTURE, kReadable));
}

static void gst_deepfake_join_class_init(GstDeepfakeJoinClass* klass) {
  auto* object_class = G_OBJECT_CLASS(klass);
  object_class->set_property = gst_deepfake_join_set_property;
  object_class->get_property = gst_deepfake_join_get_property;
  object_class->finalize = gst_deepfake_join_finalize;
  install_properties(object_class);

  auto* element_class = GST_ELEMENT_CLASS(klass);
  gst_element_class_set_static_metadata(
      element_class, "Deepfake results joiner", "Filter/Metadata/Video",
      "Brings the results of an analysis branch to an untouched programme",
      "The deepfakedetect developers");
  gst_element_class_add_static_pad_template(element_class, &sink_template);
  gst_element_class_add_static_pad_template(element_class, &results_template);
  gst_element_class_add_static_pad_template(element_class, &src_template);
  element_class->change_state = gst_deepfake_join_change_state;
}
