// SPDX-License-Identifier: LGPL-2.1-or-later

#include "streams/file_pipeline.h"

#include <gst/base/gsttypefindhelper.h>

#include <algorithm>
#include <array>
#include <utility>

#include "streams/side_tracks.h"
#include "streams/source.h"
#include "streams/unseen.h"

namespace dfd::monitor {
namespace {

// Beside the parsers and decoders of streams: what takes the forms of files apart.
constexpr std::array<const char*, 8> kDemuxers = {"qtdemux",  "matroskademux", "tsdemux",
                                                  "avidemux", "mpegpsdemux",   "flvdemux",
                                                  "mxfdemux", "ivfparse"};
// Video may also come bare. Pictures, which jpegparse would take, are no video.
constexpr std::array<const char*, 3> kBare = {"h264parse", "h265parse", "mpeg4videoparse"};

// decodebin's answers, which no header has.
constexpr int kTry = 0;
constexpr int kSkip = 2;

bool is_demuxer(GstElementFactory* factory) {
  const std::string_view name = GST_OBJECT_NAME(factory);
  return std::find(kDemuxers.begin(), kDemuxers.end(), name) != kDemuxers.end();
}

int on_autoplug_select(GstElement* /*bin*/, GstPad* /*pad*/, GstCaps* /*caps*/,
                       GstElementFactory* factory, gpointer /*data*/) {
  return is_demuxer(factory) || may_decode(GST_OBJECT_NAME(factory)) ? kTry : kSkip;
}

void on_pad_added(GstElement* bin, GstPad* pad, gpointer data) {
  GstPad* sink = gst_element_get_static_pad(GST_ELEMENT(data), "sink");
  if (has_pictures(pad) && !gst_pad_is_linked(sink)) {
    gst_pad_link(pad, sink);
  } else {
    // A second picture track, too.
    if (has_pictures(pad)) tell_unseen(bin);
    discard(pad);
  }
  gst_object_unref(sink);
}

// Of side tracks alone, whose end nobody waits for.
void on_no_more_pads(GstElement* bin, gpointer data) {
  GstPad* sink = gst_element_get_static_pad(GST_ELEMENT(data), "sink");
  if (!gst_pad_is_linked(sink)) {
    GST_ELEMENT_ERROR(bin, STREAM, CODEC_NOT_FOUND, ("There are no pictures that can be decoded."),
                      (nullptr));
  }
  gst_object_unref(sink);
}

bool takes(const char* factory_name, const GstCaps* caps) {
  GstElementFactory* factory = gst_element_factory_find(factory_name);
  if (factory == nullptr) return false;
  const bool takes = gst_element_factory_can_sink_any_caps(factory, caps) != FALSE;
  gst_object_unref(factory);
  return takes;
}

gboolean note_source(GstElement* /*demuxer*/, GstPad* pad, gpointer data) {
  auto* demuxed = static_cast<Demuxed*>(data);
  demuxed->streams = true;
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (caps == nullptr) return TRUE;
  const gchar* kind = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  demuxed->pictures |= g_str_has_prefix(kind, "video/") || g_str_has_prefix(kind, "image/");
  gst_caps_unref(caps);
  return TRUE;
}

void note_demuxer(const GValue* item, gpointer data) {
  auto* element = GST_ELEMENT(g_value_get_object(item));
  GstElementFactory* factory = gst_element_get_factory(element);
  if (factory == nullptr || !is_demuxer(factory)) return;
  Demuxed own;
  gst_element_foreach_src_pad(element, note_source, &own);
  GstPad* sink = gst_element_get_static_pad(element, "sink");
  own.gave_up = !own.streams && gst_pad_get_task_state(sink) == GST_TASK_PAUSED;
  gst_object_unref(sink);
  auto* all = static_cast<Demuxed*>(data);
  all->streams |= own.streams;
  all->pictures |= own.pictures;
  all->gave_up |= own.gave_up;
}

}  // namespace

Demuxed demuxed_of(GstElement* pipeline) {
  Demuxed demuxed;
  GstIterator* elements = gst_bin_iterate_recurse(GST_BIN(pipeline));
  while (gst_iterator_foreach(elements, note_demuxer, &demuxed) == GST_ITERATOR_RESYNC) {
    gst_iterator_resync(elements);
  }
  gst_iterator_free(elements);
  return demuxed;
}

bool looks_like_video(std::string_view beginning) {
  // Below this a type is a guess that many a text file meets.
  constexpr GstTypeFindProbability kLeast = GST_TYPE_FIND_POSSIBLE;
  GstTypeFindProbability probability = GST_TYPE_FIND_NONE;
  GstCaps* caps = gst_type_find_helper_for_data(
      nullptr, reinterpret_cast<const guint8*>(beginning.data()), beginning.size(), &probability);
  if (caps == nullptr) return false;
  const auto fits = [&](const char* factory) { return takes(factory, caps); };
  // qtdemux takes files of sound alone, too.
  const bool sound =
      g_str_has_prefix(gst_structure_get_name(gst_caps_get_structure(caps, 0)), "audio/") != FALSE;
  const bool video = probability >= kLeast && !sound &&
                     (std::any_of(kDemuxers.begin(), kDemuxers.end(), fits) ||
                      std::any_of(kBare.begin(), kBare.end(), fits));
  gst_caps_unref(caps);
  return video;
}

Pipeline make_file_pipeline(const std::string& path, Owned<GstElement> detect) {
  Pipeline result;
  result.pipeline =
      Owned<GstElement>(static_cast<GstElement*>(gst_object_ref_sink(gst_pipeline_new(nullptr))));
  const Owned<GstElement> source = make_element("filesrc");
  const Owned<GstElement> decode = make_element("decodebin");
  const Owned<GstElement> convert = make_element("videoconvert");
  const Owned<GstElement> sink = make_element("fakesink");
  g_object_set(source.get(), "location", path.c_str(), nullptr);
  GstCaps* pictures = gst_caps_from_string("video/x-raw(ANY)");
  g_object_set(decode.get(), "caps", pictures, "expose-all-streams", FALSE, nullptr);
  gst_caps_unref(pictures);
  g_signal_connect(decode.get(), "autoplug-select", G_CALLBACK(on_autoplug_select), nullptr);
  give_side_tracks(decode.get());
  watch_unseen(decode.get());
  g_object_set(sink.get(), "sync", FALSE, nullptr);
  result.detect = std::move(detect);
  gst_bin_add_many(GST_BIN(result.pipeline.get()), source.get(), decode.get(), convert.get(),
                   result.detect.get(), sink.get(), nullptr);
  gst_element_link(source.get(), decode.get());
  gst_element_link_many(convert.get(), result.detect.get(), sink.get(), nullptr);
  g_signal_connect(decode.get(), "pad-added", G_CALLBACK(on_pad_added), convert.get());
  g_signal_connect(decode.get(), "no-more-pads", G_CALLBACK(on_no_more_pads), convert.get());
  result.pictures = Owned<GstPad>(gst_element_get_static_pad(result.detect.get(), "sink"));
  return result;
}

}  // namespace dfd::monitor
