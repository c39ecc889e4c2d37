// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakesettings.h"

#include <chrono>

#include "gstdeepfakeenums.h"
#include "gstdeepfaketypes.h"

static std::string string_of(const GValue* value) {
  const gchar* text = g_value_get_string(value);
  return text == nullptr ? "" : text;
}

bool gst_deepfake_settings_set(GstDeepfakeSettings& settings, guint id, const GValue* value) {
  dfd::SessionConfig& session = settings.session;
  const auto time_of = [&] {
    return std::chrono::nanoseconds(static_cast<gint64>(g_value_get_uint64(value)));
  };
  switch (id) {
    case GST_DEEPFAKE_PROP_MODEL_FILE:
      settings.engine.model_file = string_of(value);
      break;
    case GST_DEEPFAKE_PROP_FACE_MODEL_FILE:
      session.face_model_file = string_of(value);
      break;
    case GST_DEEPFAKE_PROP_DEVICE:
      settings.engine.device = string_of(value);
      break;
    case GST_DEEPFAKE_PROP_PRECISION:
      settings.engine.precision = static_cast<dfd::Precision>(g_value_get_enum(value));
      break;
    case GST_DEEPFAKE_PROP_THREADS:
      settings.engine.threads = static_cast<int>(g_value_get_uint(value));
      break;
    case GST_DEEPFAKE_PROP_INFERENCE_REGION:
      session.region = static_cast<dfd::Region>(g_value_get_enum(value));
      break;
    case GST_DEEPFAKE_PROP_DETECTION_INTERVAL:
      session.detection_interval = time_of();
      break;
    case GST_DEEPFAKE_PROP_MIN_FACE_SIZE:
      session.min_face_size = static_cast<int>(g_value_get_uint(value));
      break;
    case GST_DEEPFAKE_PROP_MAX_FACES:
      session.max_faces = static_cast<int>(g_value_get_uint(value));
      break;
    case GST_DEEPFAKE_PROP_SAMPLE_RATE:
      session.sample_rate = {gst_value_get_fraction_numerator(value),
                             gst_value_get_fraction_denominator(value)};
      break;
    case GST_DEEPFAKE_PROP_WINDOW_STRIDE:
      session.window_stride = static_cast<int>(g_value_get_uint(value));
      break;
    case GST_DEEPFAKE_PROP_MODE:
      settings.mode = g_value_get_enum(value);
      break;
    case GST_DEEPFAKE_PROP_MAX_GAP:
      session.max_gap = time_of();
      break;
    case GST_DEEPFAKE_PROP_THRESHOLD:
      session.decision.threshold = g_value_get_double(value);
      break;
    case GST_DEEPFAKE_PROP_HYSTERESIS:
      session.decision.hysteresis = g_value_get_double(value);
      break;
    case GST_DEEPFAKE_PROP_SMOOTHING_HALF_LIFE:
      session.decision.half_life = time_of();
      break;
    case GST_DEEPFAKE_PROP_MIN_DURATION:
      session.decision.min_duration = time_of();
      break;
    case GST_DEEPFAKE_PROP_MESSAGES:
      settings.messages = g_value_get_enum(value);
      break;
    case GST_DEEPFAKE_PROP_OVERLAY:
      settings.overlay = g_value_get_flags(value);
      break;
    case GST_DEEPFAKE_PROP_META:
      settings.meta = g_value_get_flags(value);
      break;
    case GST_DEEPFAKE_PROP_STREAM_ID:
      settings.stream_id = string_of(value);
      break;
    case GST_DEEPFAKE_PROP_EXPLAIN:
      session.explain.on = g_value_get_boolean(value) != FALSE;
      break;
    case GST_DEEPFAKE_PROP_EXPLAIN_RATE:
      session.explain.rate = g_value_get_double(value);
      break;
    case GST_DEEPFAKE_PROP_EXPLAIN_METHOD:
      session.explain.method = static_cast<dfd::ExplainMethod>(g_value_get_enum(value));
      break;
    default:
      return false;
  }
  return true;
}

bool gst_deepfake_settings_get(const GstDeepfakeSettings& settings, guint id, GValue* value) {
  const dfd::SessionConfig& session = settings.session;
  const auto set_string = [&](const std::string& text) {
    g_value_set_string(value, text.empty() ? nullptr : text.c_str());
  };
  const auto set_time = [&](std::chrono::nanoseconds time) {
    g_value_set_uint64(value, static_cast<guint64>(time.count()));
  };
  switch (id) {
    case GST_DEEPFAKE_PROP_MODEL_FILE:
      set_string(settings.engine.model_file);
      break;
    case GST_DEEPFAKE_PROP_FACE_MODEL_FILE:
      set_string(session.face_model_file);
      break;
    case GST_DEEPFAKE_PROP_DEVICE:
      set_string(settings.engine.device);
      break;
    case GST_DEEPFAKE_PROP_PRECISION:
      g_value_set_enum(value, static_cast<int>(settings.engine.precision));
      break;
    case GST_DEEPFAKE_PROP_THREADS:
      g_value_set_uint(value, static_cast<guint>(settings.engine.threads));
      break;
    case GST_DEEPFAKE_PROP_INFERENCE_REGION:
      g_value_set_enum(value, static_cast<int>(session.region));
      break;
    case GST_DEEPFAKE_PROP_DETECTION_INTERVAL:
      set_time(session.detection_interval);
      break;
    case GST_DEEPFAKE_PROP_MIN_FACE_SIZE:
      g_value_set_uint(value, static_cast<guint>(session.min_face_size));
      break;
    case GST_DEEPFAKE_PROP_MAX_FACES:
      g_value_set_uint(value, static_cast<guint>(session.max_faces));
      break;
    case GST_DEEPFAKE_PROP_SAMPLE_RATE:
      gst_value_set_fraction(value, session.sample_rate.numerator, session.sample_rate.denominator);
      break;
    case GST_DEEPFAKE_PROP_WINDOW_STRIDE:
      g_value_set_uint(value, static_cast<guint>(session.window_stride));
      break;
    case GST_DEEPFAKE_PROP_MODE:
      g_value_set_enum(value, settings.mode);
      break;
    case GST_DEEPFAKE_PROP_MAX_GAP:
      set_time(session.max_gap);
      break;
    case GST_DEEPFAKE_PROP_THRESHOLD:
      g_value_set_double(value, session.decision.threshold);
      break;
    case GST_DEEPFAKE_PROP_HYSTERESIS:
      g_value_set_double(value, session.decision.hysteresis);
      break;
    case GST_DEEPFAKE_PROP_SMOOTHING_HALF_LIFE:
      set_time(session.decision.half_life);
      break;
    case GST_DEEPFAKE_PROP_MIN_DURATION:
      set_time(session.decision.min_duration);
      break;
    case GST_DEEPFAKE_PROP_MESSAGES:
      g_value_set_enum(value, settings.messages);
      break;
    case GST_DEEPFAKE_PROP_OVERLAY:
      g_value_set_flags(value, settings.overlay);
      break;
    case GST_DEEPFAKE_PROP_META:
      g_value_set_flags(value, settings.meta);
      break;
    case GST_DEEPFAKE_PROP_STREAM_ID:
      set_string(settings.stream_id);
      break;
    case GST_DEEPFAKE_PROP_EXPLAIN:
      g_value_set_boolean(value, static_cast<gboolean>(session.explain.on));
      break;
    case GST_DEEPFAKE_PROP_EXPLAIN_RATE:
      g_value_set_double(value, session.explain.rate);
      break;
    case GST_DEEPFAKE_PROP_EXPLAIN_METHOD:
      g_value_set_enum(value, static_cast<int>(session.explain.method));
      break;
    default:
      return false;
  }
  return true;
}

void gst_deepfake_settings_install(GObjectClass* klass) {
  const GstDeepfakeSettings defaults;
  const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  const auto ready = static_cast<GParamFlags>(flags | GST_PARAM_MUTABLE_READY);
  const auto playing = static_cast<GParamFlags>(flags | GST_PARAM_MUTABLE_PLAYING);
  const auto read_only = static_cast<GParamFlags>(G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  const auto nanoseconds = [](std::chrono::nanoseconds time) {
    return static_cast<guint64>(time.count());
  };
  const dfd::SessionConfig& session = defaults.session;

  /**
   * GstDeepfakeDetect:model-file:
   *
   * Safetensors file that deepfake-trainer made. Required. Set while playing, the new model is
   * loaded beside the old one and takes its place between two samples; when it cannot be loaded,
   * the old one stays. A `model-updated` message tells which.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_MODEL_FILE,
      g_param_spec_string("model-file", "Model file",
                          "Safetensors model made by deepfake-trainer; required", nullptr,
                          playing));
  /**
   * GstDeepfakeDetect:face-model-file:
   *
   * MTCNN's weights, as `deepfake-trainer import mtcnn` writes them; null takes OpenCV's
   * frontal-face cascade. Should be what the model was trained with; a mismatch is a warning.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_FACE_MODEL_FILE,
      g_param_spec_string("face-model-file", "Face model file",
                          "Safetensors file with MTCNN's weights; null: OpenCV's cascade", nullptr,
                          ready));
  /**
   * GstDeepfakeDetect:device:
   *
   * "auto" takes CUDA where it works, else the CPU. A named device is never replaced by another.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_DEVICE,
      g_param_spec_string("device", "Device", "Where the networks run: auto, cpu, cuda or cuda:N",
                          defaults.engine.device.c_str(), ready));
  /**
   * GstDeepfakeDetect:active-device:
   *
   * The device in use; null before the element is started.
   *
   * Since: 0.1
   */
  g_object_class_install_property(klass, GST_DEEPFAKE_PROP_ACTIVE_DEVICE,
                                  g_param_spec_string("active-device", "Active device",
                                                      "The device in use", nullptr, read_only));
  /**
   * GstDeepfakeDetect:precision:
   *
   * What the networks compute in. One that the device lacks in hardware is an error.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_PRECISION,
      g_param_spec_enum("precision", "Precision", "What the networks compute in",
                        GST_TYPE_DEEPFAKE_PRECISION, static_cast<int>(defaults.engine.precision),
                        ready));
  /**
   * GstDeepfakeDetect:threads:
   *
   * CPU threads of the engine. Elements with the same model, device and precision share one, and
   * the first decides.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_THREADS,
      g_param_spec_uint("threads", "Threads", "CPU threads of the networks; 0: all it may use", 0,
                        1024, static_cast<guint>(defaults.engine.threads), ready));
  /**
   * GstDeepfakeDetect:inference-region:
   *
   * What is judged. Should be what the model was trained on; a mismatch is a warning. With
   * roi-list faces come from upstream, as region-of-interest metas of type `face` (or GstAnalytics
   * objects of that type, from GStreamer 1.24 on); not every frame needs to have them.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_INFERENCE_REGION,
      g_param_spec_enum("inference-region", "Inference region", "What is judged",
                        GST_TYPE_DEEPFAKE_REGION, static_cast<int>(session.region), ready));
  /**
   * GstDeepfakeDetect:detection-interval:
   *
   * Time between two face detections. In between, tracks move on as they
   * did.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_DETECTION_INTERVAL,
      g_param_spec_uint64("detection-interval", "Detection interval",
                          "Time between two face detections (ns)", 0, 3600 * GST_SECOND,
                          nanoseconds(session.detection_interval), ready));
  /**
   * GstDeepfakeDetect:min-face-size:
   *
   * Shorter side of a face's box. Smaller faces are reported with reason "too-small", not scored.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_MIN_FACE_SIZE,
      g_param_spec_uint("min-face-size", "Minimum face size",
                        "Smaller faces are reported, not scored (pixels, shorter side)", 16, 4096,
                        static_cast<guint>(session.min_face_size), ready));
  /**
   * GstDeepfakeDetect:max-faces:
   *
   * Faces followed at once, the largest first.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_MAX_FACES,
      g_param_spec_uint("max-faces", "Maximum faces", "Faces followed at once, largest first", 1,
                        256, static_cast<guint>(session.max_faces), ready));
  /**
   * GstDeepfakeDetect:sample-rate:
   *
   * Samples a second of each face; 0/1 takes the model's.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_SAMPLE_RATE,
      gst_param_spec_fraction("sample-rate", "Sample rate", "Samples a second; 0/1: the model's", 0,
                              1, 1000, 1, session.sample_rate.numerator,
                              session.sample_rate.denominator, ready));
  /**
   * GstDeepfakeDetect:window-stride:
   *
   * Samples between two scores of a face.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_WINDOW_STRIDE,
      g_param_spec_uint("window-stride", "Window stride", "Samples between two scores of a face", 1,
                        256, static_cast<guint>(session.window_stride), ready));
  /**
   * GstDeepfakeDetect:mode:
   *
   * Whether frames wait for their own results.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_MODE,
      g_param_spec_enum("mode", "Mode", "Whether frames wait for their own results",
                        GST_TYPE_DEEPFAKE_MODE, defaults.mode, ready));
  /**
   * GstDeepfakeDetect:max-gap:
   *
   * A face unseen for longer starts a new window; 0 is three sample periods.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_MAX_GAP,
      g_param_spec_uint64("max-gap", "Maximum gap",
                          "A longer gap restarts a face's window (ns); 0: three sample periods", 0,
                          G_MAXINT64, nanoseconds(session.max_gap), ready));
  /**
   * GstDeepfakeDetect:threshold:
   *
   * Probability from which a face counts as manipulated; -1 takes the model's.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_THRESHOLD,
      g_param_spec_double("threshold", "Threshold",
                          "Probability from which a face counts as manipulated; -1: the model's",
                          -1, 1, session.decision.threshold,
                          static_cast<GParamFlags>(playing | GST_PARAM_CONTROLLABLE)));
  /**
   * GstDeepfakeDetect:hysteresis:
   *
   * How far the probability must fall below the threshold before "manipulated" is left.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_HYSTERESIS,
      g_param_spec_double("hysteresis", "Hysteresis",
                          "Distance below the threshold at which \"manipulated\" is left", 0, 1,
                          session.decision.hysteresis, ready));
  /**
   * GstDeepfakeDetect:smoothing-half-life:
   *
   * After this time a score has half its weight in the probability; 0 does not smooth.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_SMOOTHING_HALF_LIFE,
      g_param_spec_uint64("smoothing-half-life", "Smoothing half-life",
                          "Time after which a score has half its weight (ns); 0: no smoothing", 0,
                          3600 * GST_SECOND, nanoseconds(session.decision.half_life), ready));
  /**
   * GstDeepfakeDetect:min-duration:
   *
   * How long the probability must stay on one side before a verdict is given.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_MIN_DURATION,
      g_param_spec_uint64("min-duration", "Minimum duration",
                          "Time the probability must hold before a verdict is given (ns)", 0,
                          3600 * GST_SECOND, nanoseconds(session.decision.min_duration), ready));
  /**
   * GstDeepfakeDetect:messages:
   *
   * Which element messages are posted.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_MESSAGES,
      g_param_spec_enum("messages", "Messages", "Which element messages are posted",
                        GST_TYPE_DEEPFAKE_MESSAGES, defaults.messages, playing));
  /**
   * GstDeepfakeDetect:overlay:
   *
   * What is drawn on the picture: attached as #GstVideoOverlayComposition where downstream draws
   * such overlays, else blended into a copy of the frame. `heatmap` turns the explanations on.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_OVERLAY,
      g_param_spec_flags("overlay", "Overlay", "What is drawn on the picture",
                         GST_TYPE_DEEPFAKE_OVERLAY, defaults.overlay, playing));
  /**
   * GstDeepfakeDetect:meta:
   *
   * Which metas are attached to the buffers.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_META,
      g_param_spec_flags("meta", "Meta", "Which metas are attached to the buffers",
                         GST_TYPE_DEEPFAKE_META_FLAGS, defaults.meta, playing));
  /**
   * GstDeepfakeDetect:stream-id:
   *
   * Name of the stream in messages and metas; null takes the element's name.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_STREAM_ID,
      g_param_spec_string("stream-id", "Stream id",
                          "Name of the stream in messages and metas; null: the element's name",
                          nullptr, ready));
  /**
   * GstDeepfakeDetect:explain:
   *
   * Works out which parts of a face speak for "manipulated", and puts a small map into the result
   * meta. Costs a second pass and a gradient through half the network for each map:
   * docs/performance.md. The overlay's `heatmap` turns it on too.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_EXPLAIN,
      g_param_spec_boolean("explain", "Explain",
                           "Put a heatmap of the most suspicious face into the result meta",
                           static_cast<gboolean>(session.explain.on), playing));
  /**
   * GstDeepfakeDetect:explain-rate:
   *
   * At most so many maps a second of the stream's time; a window must be full for one.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_EXPLAIN_RATE,
      g_param_spec_double("explain-rate", "Explain rate", "At most so many heatmaps a second",
                          0.001, 1000, session.explain.rate, playing));
  /**
   * GstDeepfakeDetect:explain-method:
   *
   * How a map is made of the gradient.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_EXPLAIN_METHOD,
      g_param_spec_enum("explain-method", "Explain method", "How a heatmap is made",
                        GST_TYPE_DEEPFAKE_EXPLAIN_METHOD, static_cast<int>(session.explain.method),
                        playing));
  /**
   * GstDeepfakeDetect:stats:
   *
   * Counters since the element was started: docs/element-reference.md.
   *
   * Since: 0.1
   */
  g_object_class_install_property(
      klass, GST_DEEPFAKE_PROP_STATS,
      g_param_spec_boxed("stats", "Statistics", "Counters since the element was started",
                         GST_TYPE_STRUCTURE, read_only));
}
