// SPDX-License-Identifier: LGPL-2.1-or-later

#include "pipeline.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "config/source_uri.h"
#include "streams/playback.h"
#include "streams/side_tracks.h"
#include "streams/source.h"
#include "streams/unseen.h"
#include "streams/uri_guard.h"

namespace dfd::monitor {
namespace {

constexpr const char* kFeedKey = "feed";

// `detect` may be null.
void tap(GstElement* source, GstElement* detect, std::shared_ptr<Tap> tap) {
  const std::shared_ptr<TapFeed> feed = tap_pictures(source, std::move(tap));
  g_object_set_data_full(
      G_OBJECT(source), kFeedKey, new std::shared_ptr<TapFeed>(feed),
      [](gpointer data) { delete static_cast<std::shared_ptr<TapFeed>*>(data); });
  if (detect == nullptr) return;
  GstPad* pad = gst_element_get_static_pad(detect, "src");
  tap_judged(pad, feed);
  gst_object_unref(pad);
}

std::shared_ptr<TapFeed> feed_of(GstElement* source) {
  const auto* feed =
      static_cast<std::shared_ptr<TapFeed>*>(g_object_get_data(G_OBJECT(source), kFeedKey));
  return feed != nullptr ? *feed : nullptr;
}

void on_pad_added(GstElement* source, GstPad* pad, gpointer data) {
  GstPad* sink = gst_element_get_static_pad(GST_ELEMENT(data), "sink");
  const std::shared_ptr<TapFeed> feed = feed_of(source);
  if (has_pictures(pad) && !gst_pad_is_linked(sink)) {
    gchar* uri = nullptr;
    g_object_get(source, "uri", &uri, nullptr);
    OnSeam on_seam;
    if (feed != nullptr) on_seam = [feed](GstClockTime shift) { shift_tap(*feed, shift); };
    if (is_local(uri)) loop(source, pad, sink, std::move(on_seam));
    g_free(uri);
    gst_pad_link(pad, sink);
  } else {
    if (feed != nullptr && has_sound(pad)) tap_sound(pad, feed);
    // A second picture track, too.
    if (has_pictures(pad)) tell_unseen(source);
    discard(pad);
  }
  gst_object_unref(sink);
}

template <typename T>
T* borrowed(const Owned<T>& owned) {
  return owned.get();
}

// Those that the monitor needs as they are.
constexpr std::array<std::string_view, 4> kOwnProperties = {"messages", "meta", "stream-id",
                                                            "name"};

void set_property(GstElement* detect, const DetectProperty& property) {
  const auto fail = [&](const std::string& what) {
    throw PropertyError(property, "detect." + property.name + " " + what);
  };
  if (std::find(kOwnProperties.begin(), kOwnProperties.end(), property.name) !=
      kOwnProperties.end()) {
    fail("is set by the monitor itself");
  }
  GParamSpec* spec =
      g_object_class_find_property(G_OBJECT_GET_CLASS(detect), property.name.c_str());
  if (spec == nullptr || (spec->flags & G_PARAM_WRITABLE) == 0) {
    fail(
        "is no property of deepfakedetect that can be set; gst-inspect-1.0 deepfakedetect has all");
  }
  GValue value = G_VALUE_INIT;
  g_value_init(&value, G_PARAM_SPEC_VALUE_TYPE(spec));
  const bool fits =
      gst_value_deserialize_with_pspec(&value, property.value.c_str(), spec) != FALSE &&
      g_param_value_validate(spec, &value) == FALSE;
  if (fits) g_object_set_property(G_OBJECT(detect), spec->name, &value);
  g_value_unset(&value);
  if (!fits) fail("has a wrong kind of value, or one out of range: \"" + property.value + "\"");
}

}  // namespace

PropertyError::PropertyError(const DetectProperty& property, const std::string& text)
    : std::runtime_error(text), file_(property.file), position_(property.position) {}

Owned<GstElement> make_element(const char* factory, const char* name) {
  GstElement* element = gst_element_factory_make(factory, name);
  if (element == nullptr) {
    throw MissingElement(std::string("GStreamer has no element ") + factory +
                         ": install its plugin, or set GST_PLUGIN_PATH to the folder where it is");
  }
  return Owned<GstElement>(static_cast<GstElement*>(gst_object_ref_sink(element)));
}

Owned<GstElement> make_detect(const std::string& stream_id,
                              const std::vector<DetectProperty>& properties) {
  Owned<GstElement> detect = make_element("deepfakedetect", "detect");
  for (const DetectProperty& property : properties) set_property(detect.get(), property);
  g_object_set(detect.get(), "stream-id", stream_id.c_str(), nullptr);
  // Every score, so that an alarm has its probability over time.
  gst_util_set_object_arg(G_OBJECT(detect.get()), "messages", "every-window");
  return detect;
}

void set_detect(GstElement* detect, const std::vector<DetectProperty>& properties) {
  for (const DetectProperty& property : properties) set_property(detect, property);
}

bool is_live_property(const std::string& name) {
  GstElementFactory* factory = gst_element_factory_find("deepfakedetect");
  if (factory == nullptr) return false;
  GstPluginFeature* loaded = gst_plugin_feature_load(GST_PLUGIN_FEATURE(factory));
  gst_object_unref(factory);
  if (loaded == nullptr) return false;
  auto* type = static_cast<GObjectClass*>(
      g_type_class_ref(gst_element_factory_get_element_type(GST_ELEMENT_FACTORY(loaded))));
  const GParamSpec* spec = g_object_class_find_property(type, name.c_str());
  const bool is_live = spec != nullptr && (spec->flags & GST_PARAM_MUTABLE_PLAYING) != 0;
  g_type_class_unref(type);
  gst_object_unref(loaded);
  return is_live;
}

Pipeline make_pipeline(const std::string& uri, const Credentials& credentials,
                       Owned<GstElement> detect, std::shared_ptr<Tap> tap_if_any) {
  Pipeline result;
  result.pipeline =
      Owned<GstElement>(static_cast<GstElement*>(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  const Owned<GstElement> source = make_element("uridecodebin", "source");
  set_up_source(source.get(), uri, credentials, tap_if_any != nullptr);
  if (tap_if_any != nullptr) tap(source.get(), detect.get(), std::move(tap_if_any));
  const Owned<GstElement> convert = make_element("videoconvert");
  const Owned<GstElement> sink = make_element("fakesink");
  // Pictures are looked at as they come; what is late is no less worth judging.
  g_object_set(sink.get(), "sync", FALSE, nullptr);
  result.detect = std::move(detect);
  GstElement* last = result.detect != nullptr ? result.detect.get() : sink.get();
  GstBin* bin = GST_BIN(result.pipeline.get());
  for (GstElement* element : {borrowed(source), borrowed(convert), borrowed(sink)}) {
    gst_bin_add(bin, element);
  }
  if (result.detect != nullptr) {
    gst_bin_add(bin, result.detect.get());
    gst_element_link(result.detect.get(), sink.get());
  }
  gst_element_link(convert.get(), last);
  const SourceKind kind = kind_of(uri);
  if (kind == SourceKind::kHls || kind == SourceKind::kFile) {
    GstPad* pad = gst_element_get_static_pad(convert.get(), "sink");
    pace(pad);
    gst_object_unref(pad);
  }
  g_signal_connect(source.get(), "pad-added", G_CALLBACK(on_pad_added), convert.get());
  result.pictures = Owned<GstPad>(gst_element_get_static_pad(last, "sink"));
  return result;
}

}  // namespace dfd::monitor
