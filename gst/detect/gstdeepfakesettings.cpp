// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gstdeepfakesettings.h"

#include <chrono>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "gstdeepfakeenums.h"
#include "gstdeepfaketypes.h"

namespace {

using Settings = GstDeepfakeSettings;

constexpr int kReadOnly = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
constexpr int kReady = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
constexpr int kPlaying = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;

constexpr guint64 kHour = 3600 * GST_SECOND;

// What every property has.
struct Words {
  const char* name;
  const char* nick;
  const char* blurb;
  int flags;  // Of its GParamSpec: also when it may change.

  GParamFlags param_flags() const { return static_cast<GParamFlags>(flags); }
};

// A property, whole: what GObject is told of it, and where it lives.
struct Property {
  std::function<GParamSpec*(const Settings& defaults)> spec;
  std::function<void(Settings&, const GValue*)> set;  // Empty: it is measured, not set.
  std::function<void(const Settings&, GValue*)> get;
};

// --- One function a type. field: from settings, const or not, to a reference into them.

template <typename Field>
Property text(const Words& words, Field field) {
  const auto or_null = [](const std::string& value) {
    return value.empty() ? nullptr : value.c_str();
  };
  return {
      [=](const Settings& defaults) {
        return g_param_spec_string(words.name, words.nick, words.blurb, or_null(field(defaults)),
                                   words.param_flags());
      },
      [=](Settings& all, const GValue* value) {
        const gchar* given = g_value_get_string(value);
        field(all) = given == nullptr ? "" : given;
      },
      [=](const Settings& all, GValue* value) { g_value_set_string(value, or_null(field(all))); }};
}

// An int that is never negative.
template <typename Field>
Property count(const Words& words, guint least, guint most, Field field) {
  return {[=](const Settings& defaults) {
            return g_param_spec_uint(words.name, words.nick, words.blurb, least, most,
                                     static_cast<guint>(field(defaults)), words.param_flags());
          },
          [=](Settings& all, const GValue* value) {
            field(all) = static_cast<int>(g_value_get_uint(value));
          },
          [=](const Settings& all, GValue* value) {
            g_value_set_uint(value, static_cast<guint>(field(all)));
          }};
}

template <typename Field>
Property real(const Words& words, double least, double most, Field field) {
  return {[=](const Settings& defaults) {
            return g_param_spec_double(words.name, words.nick, words.blurb, least, most,
                                       field(defaults), words.param_flags());
          },
          [=](Settings& all, const GValue* value) { field(all) = g_value_get_double(value); },
          [=](const Settings& all, GValue* value) { g_value_set_double(value, field(all)); }};
}

// Nanoseconds from 0.
template <typename Field>
Property time(const Words& words, guint64 most, Field field) {
  const auto count_of = [](std::chrono::nanoseconds duration) {
    return static_cast<guint64>(duration.count());
  };
  return {
      [=](const Settings& defaults) {
        return g_param_spec_uint64(words.name, words.nick, words.blurb, 0, most,
                                   count_of(field(defaults)), words.param_flags());
      },
      [=](Settings& all, const GValue* value) {
        field(all) = std::chrono::nanoseconds(static_cast<gint64>(g_value_get_uint64(value)));
      },
      [=](const Settings& all, GValue* value) { g_value_set_uint64(value, count_of(field(all))); }};
}

// A rate, 0/1 to most/1.
template <typename Field>
Property fraction(const Words& words, int most, Field field) {
  return {[=](const Settings& defaults) {
            return gst_param_spec_fraction(words.name, words.nick, words.blurb, 0, 1, most, 1,
                                           field(defaults).numerator, field(defaults).denominator,
                                           words.param_flags());
          },
          [=](Settings& all, const GValue* value) {
            field(all) = {gst_value_get_fraction_numerator(value),
                          gst_value_get_fraction_denominator(value)};
          },
          [=](const Settings& all, GValue* value) {
            gst_value_set_fraction(value, field(all).numerator, field(all).denominator);
          }};
}

template <typename Field>
Property choice(const Words& words, GType (*type)(), Field field) {
  return {[=](const Settings& defaults) {
            return g_param_spec_enum(words.name, words.nick, words.blurb, type(),
                                     static_cast<int>(field(defaults)), words.param_flags());
          },
          [=](Settings& all, const GValue* value) {
            using Value = std::remove_reference_t<decltype(field(all))>;
            field(all) = static_cast<Value>(g_value_get_enum(value));
          },
          [=](const Settings& all, GValue* value) {
            g_value_set_enum(value, static_cast<int>(field(all)));
          }};
}

template <typename Field>
Property flags(const Words& words, GType (*type)(), Field field) {
  return {[=](const Settings& defaults) {
            return g_param_spec_flags(words.name, words.nick, words.blurb, type(), field(defaults),
                                      words.param_flags());
          },
          [=](Settings& all, const GValue* value) { field(all) = g_value_get_flags(value); },
          [=](const Settings& all, GValue* value) { g_value_set_flags(value, field(all)); }};
}

template <typename Field>
Property yes_or_no(const Words& words, Field field) {
  return {
      [=](const Settings& defaults) {
        return g_param_spec_boolean(words.name, words.nick, words.blurb,
                                    static_cast<gboolean>(field(defaults)), words.param_flags());
      },
      [=](Settings& all, const GValue* value) { field(all) = g_value_get_boolean(value) != FALSE; },
      [=](const Settings& all, GValue* value) {
        g_value_set_boolean(value, static_cast<gboolean>(field(all)));
      }};
}

// The element itself knows its value.
Property measured(const Words& words, GType type) {
  return {[=](const Settings& /*defaults*/) {
            return type == G_TYPE_STRING ? g_param_spec_string(words.name, words.nick, words.blurb,
                                                               nullptr, words.param_flags())
                                         : g_param_spec_boxed(words.name, words.nick, words.blurb,
                                                              type, words.param_flags());
          },
          {},
          {}};
}

// --- The properties: the id of each is its place, from 1.

std::vector<Property> make_table() {
  std::vector<Property> table;
  /**
   * GstDeepfakeDetect:model-file:
   *
   * Safetensors file that deepfake-trainer made. Null takes the one that `DEEPFAKEDETECT_MODEL`
   * names in the environment, else the one that comes with the plugin. Set while playing, the new
   * model is loaded beside the old one and takes its place between two samples; when it cannot be
   * loaded, the old one stays. A `model-updated` message tells which.
   *
   * Since: 0.1
   */
  table.push_back(text(
      {"model-file", "Model file",
       "Safetensors model made by deepfake-trainer; null: the plugin's own", kPlaying},
      [](auto& all) -> auto& { return all.engine.model_file; }));
  /**
   * GstDeepfakeDetect:face-model-file:
   *
   * YuNet (OpenCV's face_detection_yunet_2023mar.onnx, and no other file), or MTCNN's weights as
   * `deepfake-trainer import mtcnn` writes them, told by the content; null takes OpenCV's
   * frontal-face cascade. A model trained with the cascade wants the cascade, others one of these
   * two; a mismatch is a warning.
   *
   * Since: 0.1
   */
  table.push_back(text(
      {"face-model-file", "Face model file",
       "YuNet (ONNX) or MTCNN's weights (safetensors); null: OpenCV's cascade", kReady},
      [](auto& all) -> auto& { return all.session.face_model_file; }));
  /**
   * GstDeepfakeDetect:device:
   *
   * "auto" takes CUDA where it works, else the CPU. A named device is never replaced by another.
   *
   * Since: 0.1
   */
  table.push_back(text(
      {"device", "Device", "Where the networks run: auto, cpu, cuda or cuda:N", kReady},
      [](auto& all) -> auto& { return all.engine.device; }));
  /**
   * GstDeepfakeDetect:active-device:
   *
   * The device in use; null before the element is started.
   *
   * Since: 0.1
   */
  table.push_back(
      measured({"active-device", "Active device", "The device in use", kReadOnly}, G_TYPE_STRING));
  /**
   * GstDeepfakeDetect:precision:
   *
   * What the networks compute in. One that the device lacks in hardware is an error.
   *
   * Since: 0.1
   */
  table.push_back(choice(
      {"precision", "Precision", "What the networks compute in", kReady},
      gst_deepfake_precision_get_type, [](auto& all) -> auto& { return all.engine.precision; }));
  /**
   * GstDeepfakeDetect:threads:
   *
   * CPU threads of the engine. Elements with the same model, device and precision share one, and
   * the first decides.
   *
   * Since: 0.1
   */
  table.push_back(count(
      {"threads", "Threads", "CPU threads of the networks; 0: all it may use", kReady}, 0, 1024,
      [](auto& all) -> auto& { return all.engine.threads; }));
  /**
   * GstDeepfakeDetect:keep-alive:
   *
   * How long the model stays loaded once no element of the process uses it, so that the next one
   * starts in a tenth of the time. Of several elements' wishes the longest counts; the memory is
   * given back when it ends.
   *
   * Since: 0.1
   */
  table.push_back(time(
      {"keep-alive", "Keep alive", "How long the model stays loaded after its last user (ns)",
       kReady},
      24 * kHour, [](auto& all) -> auto& { return all.engine.keep_alive; }));
  /**
   * GstDeepfakeDetect:inference-region:
   *
   * What is judged. Should be what the model was trained on; a mismatch is a warning. With
   * roi-list faces come from upstream, as region-of-interest metas of type `face` (or GstAnalytics
   * objects of that type, from GStreamer 1.24 on); not every frame needs to have them.
   *
   * Since: 0.1
   */
  table.push_back(choice(
      {"inference-region", "Inference region", "What is judged", kReady},
      gst_deepfake_region_get_type, [](auto& all) -> auto& { return all.session.region; }));
  /**
   * GstDeepfakeDetect:detection-interval:
   *
   * Time between two face detections. In between, faces are predicted, and
   * looked for where they are expected in the frames that are sampled.
   *
   * Since: 0.1
   */
  table.push_back(time(
      {"detection-interval", "Detection interval", "Time between two face detections (ns)", kReady},
      kHour, [](auto& all) -> auto& { return all.session.detection_interval; }));
  /**
   * GstDeepfakeDetect:min-face-size:
   *
   * Shorter side of a face's box. Smaller faces are reported with reason "too-small", not scored.
   *
   * Since: 0.1
   */
  table.push_back(count(
      {"min-face-size", "Minimum face size",
       "Smaller faces are reported, not scored (pixels, shorter side)", kReady},
      16, 4096, [](auto& all) -> auto& { return all.session.min_face_size; }));
  /**
   * GstDeepfakeDetect:max-faces:
   *
   * Faces followed at once, the largest first.
   *
   * Since: 0.1
   */
  table.push_back(count(
      {"max-faces", "Maximum faces", "Faces followed at once, largest first", kReady}, 1, 256,
      [](auto& all) -> auto& { return all.session.max_faces; }));
  /**
   * GstDeepfakeDetect:sample-rate:
   *
   * Samples a second of each face; 0/1 takes the model's.
   *
   * Since: 0.1
   */
  table.push_back(fraction(
      {"sample-rate", "Sample rate", "Samples a second; 0/1: the model's", kReady}, 1000,
      [](auto& all) -> auto& { return all.session.sample_rate; }));
  /**
   * GstDeepfakeDetect:window-stride:
   *
   * Samples between two scores of a face.
   *
   * Since: 0.1
   */
  table.push_back(count(
      {"window-stride", "Window stride", "Samples between two scores of a face", kReady}, 1, 256,
      [](auto& all) -> auto& { return all.session.window_stride; }));
  /**
   * GstDeepfakeDetect:mode:
   *
   * Whether frames wait for their own results.
   *
   * Since: 0.1
   */
  table.push_back(choice(
      {"mode", "Mode", "Whether frames wait for their own results", kReady},
      gst_deepfake_mode_get_type, [](auto& all) -> auto& { return all.mode; }));
  /**
   * GstDeepfakeDetect:max-gap:
   *
   * A face unseen for longer starts a new window; 0 is three sample periods.
   *
   * Since: 0.1
   */
  table.push_back(time(
      {"max-gap", "Maximum gap",
       "A longer gap restarts a face's window (ns); 0: three sample periods", kReady},
      G_MAXINT64, [](auto& all) -> auto& { return all.session.max_gap; }));
  /**
   * GstDeepfakeDetect:threshold:
   *
   * Probability from which a face counts as manipulated; -1 takes the model's.
   *
   * Since: 0.1
   */
  table.push_back(real(
      {"threshold", "Threshold",
       "Probability from which a face counts as manipulated; -1: the model's",
       kPlaying | GST_PARAM_CONTROLLABLE},
      -1, 1, [](auto& all) -> auto& { return all.session.decision.threshold; }));
  /**
   * GstDeepfakeDetect:hysteresis:
   *
   * How far the probability must fall below the threshold before "manipulated" is left.
   *
   * Since: 0.1
   */
  table.push_back(real(
      {"hysteresis", "Hysteresis", "Distance below the threshold at which \"manipulated\" is left",
       kReady},
      0, 1, [](auto& all) -> auto& { return all.session.decision.hysteresis; }));
  /**
   * GstDeepfakeDetect:smoothing-half-life:
   *
   * After this time a score has half its weight in the probability; 0 does not smooth.
   *
   * Since: 0.1
   */
  table.push_back(time(
      {"smoothing-half-life", "Smoothing half-life",
       "Time after which a score has half its weight (ns); 0: no smoothing", kReady},
      kHour, [](auto& all) -> auto& { return all.session.decision.half_life; }));
  /**
   * GstDeepfakeDetect:min-duration:
   *
   * How long the probability must stay on one side before a verdict is given.
   *
   * Since: 0.1
   */
  table.push_back(time(
      {"min-duration", "Minimum duration",
       "Time the probability must hold before a verdict is given (ns)", kReady},
      kHour, [](auto& all) -> auto& { return all.session.decision.min_duration; }));
  /**
   * GstDeepfakeDetect:messages:
   *
   * Which element messages are posted.
   *
   * Since: 0.1
   */
  table.push_back(choice(
      {"messages", "Messages", "Which element messages are posted", kPlaying},
      gst_deepfake_messages_get_type, [](auto& all) -> auto& { return all.messages; }));
  /**
   * GstDeepfakeDetect:orientation:
   *
   * What makes the picture upright for the detector; nothing is rotated, and results refer to the
   * picture as it is stored. `auto` follows the stream's image-orientation tags, as phones write
   * them; another value takes their place. `custom` does nothing. A change ends all tracks.
   *
   * Since: 0.1
   */
  table.push_back(choice(
      {"orientation", "Orientation", "What makes the picture upright; auto: the stream's tags",
       kPlaying},
      gst_video_orientation_method_get_type, [](auto& all) -> auto& { return all.orientation; }));
  /**
   * GstDeepfakeDetect:overlay:
   *
   * What is drawn on the picture: attached as #GstVideoOverlayComposition where downstream draws
   * such overlays, else blended into a copy of the frame. `heatmap` turns the explanations on.
   *
   * Since: 0.1
   */
  table.push_back(flags(
      {"overlay", "Overlay", "What is drawn on the picture", kPlaying},
      gst_deepfake_overlay_get_type, [](auto& all) -> auto& { return all.overlay; }));
  /**
   * GstDeepfakeDetect:meta:
   *
   * Which metas are attached to the buffers.
   *
   * Since: 0.1
   */
  table.push_back(flags(
      {"meta", "Meta", "Which metas are attached to the buffers", kPlaying},
      gst_deepfake_meta_flags_get_type, [](auto& all) -> auto& { return all.meta; }));
  /**
   * GstDeepfakeDetect:stream-id:
   *
   * Name of the stream in messages and metas; null takes the element's name.
   *
   * Since: 0.1
   */
  table.push_back(text(
      {"stream-id", "Stream id",
       "Name of the stream in messages and metas; null: the element's name", kReady},
      [](auto& all) -> auto& { return all.stream_id; }));
  /**
   * GstDeepfakeDetect:explain:
   *
   * Works out which parts of a face speak for "manipulated", and puts a small map into the result
   * meta. Costs a second pass and a gradient through half the network for each map:
   * docs/performance.md. The overlay's `heatmap` turns it on too.
   *
   * Since: 0.1
   */
  table.push_back(yes_or_no(
      {"explain", "Explain", "Put a heatmap of the most suspicious face into the result meta",
       kPlaying},
      [](auto& all) -> auto& { return all.session.explain.on; }));
  /**
   * GstDeepfakeDetect:explain-rate:
   *
   * At most so many maps a second of the stream's time; a window must be full for one.
   *
   * Since: 0.1
   */
  table.push_back(real(
      {"explain-rate", "Explain rate", "At most so many heatmaps a second", kPlaying}, 0.001, 1000,
      [](auto& all) -> auto& { return all.session.explain.rate; }));
  /**
   * GstDeepfakeDetect:explain-method:
   *
   * How a map is made of the gradient.
   *
   * Since: 0.1
   */
  table.push_back(choice(
      {"explain-method", "Explain method", "How a heatmap is made", kPlaying},
      gst_deepfake_explain_method_get_type,
      [](auto& all) -> auto& { return all.session.explain.method; }));
  /**
   * GstDeepfakeDetect:stats:
   *
   * Counters since the element was started: docs/element-reference.md.
   *
   * Since: 0.1
   */
  table.push_back(
      measured({"stats", "Statistics", "Counters since the element was started", kReadOnly},
               GST_TYPE_STRUCTURE));
  return table;
}

const std::vector<Property>& table() {
  // Never destroyed: properties are read and set while the process ends.
  static const auto* const kTable = new std::vector<Property>(make_table());
  return *kTable;
}

const Property* property_of(guint id) {
  return id >= 1 && id <= table().size() ? &table()[id - 1] : nullptr;
}

}  // namespace

void gst_deepfake_settings_install(GObjectClass* klass) {
  const Settings defaults;
  guint id = 0;
  for (const Property& property : table()) {
    g_object_class_install_property(klass, ++id, property.spec(defaults));
  }
}

bool gst_deepfake_settings_set(Settings& settings, guint id, const GValue* value) {
  const Property* property = property_of(id);
  if (property == nullptr || !property->set) return false;
  property->set(settings, value);
  return true;
}

bool gst_deepfake_settings_get(const Settings& settings, guint id, GValue* value) {
  const Property* property = property_of(id);
  if (property == nullptr || !property->get) return false;
  property->get(settings, value);
  return true;
}
