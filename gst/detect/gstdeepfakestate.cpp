// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakestate.h"

#include <utility>

#include "detector/engine.h"
#include "gstdeepfakecuda.h"
#include "gstdeepfakeerror.h"
#include "gstdeepfakeframe.h"
#include "gstdeepfakemodel.h"
#include "gstdeepfakewords.h"

#define GST_CAT_DEFAULT gst_deepfake_detect_debug
GST_DEBUG_CATEGORY_EXTERN(gst_deepfake_detect_debug);

namespace {

constexpr GstClockTime kUnknownFrameDuration = 40 * GST_MSECOND;  // 25 frames a second.

void log_model(GstElement* element, const dfd::Engine& engine, int threads) {
  GST_INFO_OBJECT(element, "model %s on %s in %s, tracks held together by %s",
                  engine.model().id.c_str(), engine.device().c_str(),
                  dfd::to_string(engine.precision()),
                  engine.model().knows_people ? "boxes and embeddings" : "boxes alone");
  if (engine.threads() != threads) {
    GST_WARNING_OBJECT(element, "threads=%d has no effect: the model was loaded with %d", threads,
                       engine.threads());
  }
}

std::shared_ptr<dfd::Engine> load_engine(const std::string& model_file,
                                         const GstDeepfakeSettings& settings) {
  dfd::EngineConfig config = settings.engine;
  config.model_file = model_file;
  return dfd::Engine::load(config);
}

std::string model_file_of(const GstDeepfakeSettings& settings) {
  const std::string& given = settings.engine.model_file;
  return given.empty() ? gst_deepfake_default_model() : given;
}

bool wants_heatmaps(const GstDeepfakeSettings& settings) {
  return settings.session.explain.on || (settings.overlay & GST_DEEPFAKE_OVERLAY_HEATMAP) != 0;
}

}  // namespace

bool GstDeepfakeLatency::add(GstClockTime wait) {
  if (wait <= reported_) return false;
  reported_ = wait + wait / 20;  // Room of 5 %, or every slightly longer wait were news.
  return true;
}

std::shared_ptr<GstDeepfakeState> gst_deepfake_state_new(GstElement* element,
                                                         const GstDeepfakeSettings& settings) {
  auto state = std::make_shared<GstDeepfakeState>();
  const std::shared_ptr<dfd::Engine> engine = load_engine(model_file_of(settings), settings);
  state->session = dfd::Session::create(engine, settings.session);
  state->threshold = settings.session.decision.threshold;
  state->explain = settings.session.explain;
  gchar* name = gst_object_get_name(GST_OBJECT(element));
  state->context.stream_id =
      gst_deepfake_utf8(settings.stream_id.empty() ? name : settings.stream_id.c_str());
  g_free(name);
  gst_segment_init(&state->context.segment, GST_FORMAT_TIME);
  gst_deepfake_post_warnings(element, engine->model(), settings.session.region,
                             state->session->face_detector(), wants_heatmaps(settings));
  log_model(element, *engine, settings.engine.threads);
  return state;
}

void gst_deepfake_state_swap_model(GstElement* element, GstDeepfakeState& state,
                                   const GstDeepfakeSettings& settings) {
  std::string file;
  std::string error;
  try {
    file = model_file_of(settings);
    const std::shared_ptr<dfd::Engine> engine = load_engine(file, settings);
    state.session->swap_engine(engine);
    gst_deepfake_post_warnings(element, engine->model(), settings.session.region,
                               state.session->face_detector(), wants_heatmaps(settings));
    log_model(element, *engine, settings.engine.threads);
  } catch (const std::exception& failure) {
    error = failure.what();
    gst_deepfake_post_warning(element, failure);
  }
  gst_element_post_message(
      element, gst_deepfake_model_message_new(element, state.context.stream_id, file,
                                              state.session->engine()->model().id, error));
}

void gst_deepfake_state_resolve_mode(GstPad* sink_pad, GstDeepfakeState& state, int mode) {
  if (state.mode_known) return;
  gboolean live = FALSE;
  GstQuery* query = gst_query_new_latency();
  if (gst_pad_peer_query(sink_pad, query) != FALSE) {
    gst_query_parse_latency(query, &live, nullptr, nullptr);
  }
  gst_query_unref(query);
  state.live = live != FALSE;
  state.complete =
      mode == GST_DEEPFAKE_MODE_COMPLETE || (mode == GST_DEEPFAKE_MODE_AUTO && !state.live);
  state.mode_known = true;
  GST_INFO_OBJECT(sink_pad, "mode %s", state.complete ? "complete" : "immediate");
}

void gst_deepfake_state_post_events(GstElement* element, GstDeepfakeState& state, int messages) {
  state.context.model_id = state.session->engine()->model().id;
  for (const dfd::Event& event : state.session->take_events()) {
    if (messages == GST_DEEPFAKE_MESSAGES_NONE) continue;
    if (event.kind == dfd::EventKind::kScore && messages != GST_DEEPFAKE_MESSAGES_EVERY_WINDOW)
      continue;
    gst_element_post_message(element, gst_deepfake_message_new(element, event, state.context));
  }
}

gboolean gst_deepfake_state_finish(GstElement* element, GstDeepfakeState& state, int messages,
                                   bool reset) {
  const gboolean finished = gst_deepfake_guarded(element, FALSE, [&] {
    state.session->finish();
    return TRUE;
  });
  gst_deepfake_state_post_events(element, state, messages);
  if (reset) gst_deepfake_state_reset(state);
  return finished;
}

void gst_deepfake_state_reset(GstDeepfakeState& state) {
  state.session->reset();
  state.seen_frame = false;
}

void gst_deepfake_state_gap(GstElement* element, GstDeepfakeState& state, const GstSegment& segment,
                            GstEvent* event, int messages) {
  GstClockTime end = 0;
  GstClockTime duration = 0;
  gst_event_parse_gap(event, &end, &duration);
  if (GST_CLOCK_TIME_IS_VALID(duration)) end += duration;
  const GstClockTime running_time = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, end);
  if (!state.seen_frame || segment.rate < 0 || !GST_CLOCK_TIME_IS_VALID(running_time)) return;
  gst_deepfake_guarded(element, false, [&] {
    state.session->gap(dfd::Timestamp(static_cast<gint64>(running_time)));
    if (state.complete) state.session->wait();
    return true;
  });
  gst_deepfake_state_post_events(element, state, messages);
}

void gst_deepfake_state_apply(GstDeepfakeState& state, const GstDeepfakeFrameSettings& settings) {
  if (settings.threshold != state.threshold) {
    state.threshold = settings.threshold;
    state.session->set_threshold(settings.threshold);
  }
  state.orientation = settings.orientation == GST_VIDEO_ORIENTATION_AUTO
                          ? state.tagged
                          : gst_deepfake_orientation_of(settings.orientation);
  const dfd::ExplainConfig& explain = settings.explain;
  if (explain.on != state.explain.on || explain.rate != state.explain.rate ||
      explain.method != state.explain.method) {
    state.explain = explain;
    state.session->set_explain(explain);
    const dfd::ModelInfo& model = state.session->engine()->model();
    if (explain.on && !model.explains) {
      GST_WARNING("the networks of model %s cannot be explained: no heatmaps come",
                  model.id.c_str());
    }
  }
}

void gst_deepfake_state_note_tags(GstDeepfakeState& state, GstEvent* event) {
  state.tagged = gst_deepfake_tagged_orientation(event).value_or(state.tagged);
}

void gst_deepfake_state_forget_tags(GstDeepfakeState& state) {
  state.tagged = dfd::Orientation::kIdentity;
}

void gst_deepfake_state_note_lateness(GstDeepfakeState& state, GstEvent* event) {
  GstQOSType type = GST_QOS_TYPE_OVERFLOW;
  GstClockTimeDiff lateness = 0;
  GstClockTime running_time = 0;
  gst_event_parse_qos(event, &type, nullptr, &lateness, &running_time);
  // A sink that throttles wants fewer frames; none of them is late.
  if (type == GST_QOS_TYPE_THROTTLE || !GST_CLOCK_TIME_IS_VALID(running_time)) return;
  // As video decoders reckon: what comes up to twice the lateness later will be late too.
  state.late_before =
      lateness > 0 ? running_time + 2 * static_cast<GstClockTime>(lateness) : GstClockTime{0};
}

void gst_deepfake_state_add_latency(const GstDeepfakeState& state, GstQuery* query) {
  gboolean live = FALSE;
  GstClockTime least = 0;
  GstClockTime most = 0;
  gst_query_parse_latency(query, &live, &least, &most);
  const GstClockTime own = state.latency.reported();
  gst_query_set_latency(query, live, least + own,
                        GST_CLOCK_TIME_IS_VALID(most) ? most + own : GST_CLOCK_TIME_NONE);
}

// Running time of a buffer; none outside the segment. Sets the context's duration.
static std::optional<dfd::Timestamp> time_of(GstElement* element, GstDeepfakeState& state,
                                             const GstSegment& segment, GstBuffer* buffer) {
  GstClockTime frame_duration = kUnknownFrameDuration;
  if (GST_VIDEO_INFO_FPS_N(&state.info) > 0) {
    frame_duration = gst_util_uint64_scale_int(GST_SECOND, GST_VIDEO_INFO_FPS_D(&state.info),
                                               GST_VIDEO_INFO_FPS_N(&state.info));
  }
  state.context.duration =
      GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : frame_duration;
  if (!GST_BUFFER_PTS_IS_VALID(buffer)) {
    if (!std::exchange(state.missing_timestamps_told, true)) {
      GST_WARNING_OBJECT(element, "buffers without timestamps are counted at the caps' frame rate");
    }
    const std::optional<dfd::Timestamp> last = state.session->last_time();
    if (!last) return dfd::Timestamp(0);
    return *last + dfd::Timestamp(static_cast<gint64>(frame_duration));
  }
  const GstClockTime running_time =
      gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
  // Further than the library counts, nobody has got.
  if (running_time > static_cast<GstClockTime>(G_MAXINT64)) return std::nullopt;
  return dfd::Timestamp(static_cast<gint64>(running_time));
}

// Until the frame of this running time is analysed, unless it is late already.
static void wait_for(GstElement* element, GstDeepfakeState& state, dfd::Timestamp time) {
  if (static_cast<GstClockTime>(time.count()) < state.late_before) return;
  const GstClockTime before = gst_util_get_timestamp();
  state.session->wait();
  if (state.latency.add(gst_util_get_timestamp() - before) && state.live) {
    gst_element_post_message(element, gst_message_new_latency(GST_OBJECT(element)));
  }
}

static GstFlowReturn push_frame(GstElement* element, GstDeepfakeState& state,
                                const dfd::Ticket& ticket, GstBuffer* buffer,
                                std::vector<dfd::MarkedFace> faces) {
  const int device = gst_deepfake_cuda_is_ready(buffer, state.cuda) ? state.cuda_device : kHostOnly;
  std::optional<dfd::Frame> frame =
      gst_deepfake_map_frame(buffer, state.info, ticket.time(), device);
  if (!frame) {
    GST_ELEMENT_ERROR(element, RESOURCE, READ, ("A video frame cannot be read."),
                      ("%" GST_PTR_FORMAT " cannot be mapped", buffer));
    return GST_FLOW_ERROR;
  }
  frame->view.orientation = state.orientation;
  frame->faces = std::move(faces);
  state.session->push(ticket, *std::move(frame));
  return GST_FLOW_OK;
}

GstFlowReturn gst_deepfake_state_analyse(GstElement* element, GstDeepfakeState& state,
                                         dfd::Region region, const GstSegment& segment,
                                         GstBuffer* buffer) {
  const std::optional<dfd::Timestamp> time = time_of(element, state, segment, buffer);
  if (!time) return GST_FLOW_OK;
  dfd::FrameHints hints;
  if (GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_GAP)) {
    hints.gap = true;
    if (state.seen_frame) state.session->offer(*time, hints);
    return GST_FLOW_OK;
  }
  state.seen_frame = true;
  gst_segment_copy_into(&segment, &state.context.segment);
  std::vector<dfd::MarkedFace> faces;
  if (region == dfd::Region::kRoiList) faces = gst_deepfake_marked_faces(buffer);
  hints.marked = !faces.empty();
  hints.discont = GST_BUFFER_IS_DISCONT(buffer) != FALSE;
  if (const std::optional<dfd::Ticket> ticket = state.session->offer(*time, hints)) {
    const GstFlowReturn flow = push_frame(element, state, *ticket, buffer, std::move(faces));
    if (flow != GST_FLOW_OK) return flow;
  }
  if (state.complete) wait_for(element, state, *time);
  return GST_FLOW_OK;
}

void gst_deepfake_state_mark(GstDeepfakeState& state, guint flags, const dfd::StreamReport& report,
                             GstBuffer* buffer) {
  if ((flags & GST_DEEPFAKE_META_ROI) != 0) GstDeepfakeMarks::add_regions(buffer, report);
#ifdef HAVE_ANALYTICS
  if ((flags & GST_DEEPFAKE_META_ANALYTICS) != 0) state.marks.add_analytics(buffer, report);
#else
  (void)state;
#endif
}

bool gst_deepfake_state_is_other_size(const GstDeepfakeState& state, const GstVideoInfo& info) {
  return state.negotiated && (GST_VIDEO_INFO_WIDTH(&info) != GST_VIDEO_INFO_WIDTH(&state.info) ||
                              GST_VIDEO_INFO_HEIGHT(&info) != GST_VIDEO_INFO_HEIGHT(&state.info));
}

void gst_deepfake_state_set_info(GstElement* element, GstDeepfakeState& state,
                                 const GstVideoInfo& info) {
  state.info = info;
  state.negotiated = true;
  const std::string unknown = gst_deepfake_unknown_colors(info);
  if (unknown.empty() || std::exchange(state.unknown_colors_told, true)) return;
  GST_ELEMENT_WARNING(element, STREAM, FORMAT,
                      ("The video's colours are coded in a way that is not known (%s); they are "
                       "read as those of standard range, and verdicts may suffer. Put videoconvert "
                       "with a caps filter for colorimetry=bt709 before this element.",
                       unknown.c_str()),
                      (nullptr));
}

void gst_deepfake_state_set_cuda(GstDeepfakeState& state, GstObject* cuda, int device) {
  gst_object_replace(&state.cuda, cuda);
  state.cuda_device = device;
}

void gst_deepfake_state_flushed(GstDeepfakeState& state) {
  gst_deepfake_state_reset(state);
  state.session->cancel(false);
  state.late_before = 0;
}
