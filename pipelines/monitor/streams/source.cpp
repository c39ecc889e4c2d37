// SPDX-License-Identifier: LGPL-2.1-or-later

#include "source.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/source_uri.h"
#include "streams/side_tracks.h"
#include "streams/unseen.h"
#include "streams/uri_guard.h"

namespace dfd::monitor {
namespace {

// What may take foreign bytes apart. All else that is installed stays out, whatever its rank: each
// is a way in.
constexpr std::array<std::string_view, 11> kDecoders = {
    "h264parse",  "h265parse", "jpegparse",   "mpeg4videoparse", "avdec_h264", "openh264dec",
    "avdec_h265", "jpegdec",   "avdec_mpeg4", "vp8dec",          "vp9dec"};

struct Demuxer {
  SourceKind kind;
  std::string_view name;
};

constexpr std::array<Demuxer, 18> kDemuxers = {{{SourceKind::kRtsp, "rtph264depay"},
                                                {SourceKind::kRtsp, "rtph265depay"},
                                                {SourceKind::kRtsp, "rtpjpegdepay"},
                                                {SourceKind::kRtsp, "rtpmp4vdepay"},
                                                {SourceKind::kRtsp, "rtpvp8depay"},
                                                {SourceKind::kRtsp, "rtpvp9depay"},
                                                {SourceKind::kRtsp, "rtpmp2tdepay"},
                                                {SourceKind::kRtsp, "tsdemux"},
                                                {SourceKind::kSrt, "tsdemux"},
                                                {SourceKind::kUdp, "tsdemux"},
                                                {SourceKind::kRtmp, "flvdemux"},
                                                {SourceKind::kHls, "hlsdemux"},
                                                {SourceKind::kHls, "tsdemux"},
                                                {SourceKind::kHls, "qtdemux"},
                                                {SourceKind::kFile, "qtdemux"},
                                                {SourceKind::kFile, "matroskademux"},
                                                {SourceKind::kFile, "flvdemux"},
                                                {SourceKind::kFile, "tsdemux"}}};

struct Opening {
  SourceKind kind;
  std::string uri;
  Credentials credentials;
  bool with_sound = false;
};

// decodebin's answers, which no header has.
constexpr int kTry = 0;
constexpr int kSkip = 2;

int on_autoplug_select(GstElement* /*bin*/, GstPad* /*pad*/, GstCaps* /*caps*/,
                       GstElementFactory* factory, gpointer data) {
  const SourceKind kind = static_cast<const Opening*>(data)->kind;
  const std::string_view name = GST_OBJECT_NAME(factory);
  const bool allowed = may_decode(name) ||
                       std::any_of(kDemuxers.begin(), kDemuxers.end(), [&](const Demuxer& demuxer) {
                         return demuxer.kind == kind && demuxer.name == name;
                       });
  return allowed ? kTry : kSkip;
}

// Of a camera's streams only what is used is asked for.
gboolean on_select_stream(GstElement* /*source*/, guint /*number*/, GstCaps* caps, gpointer data) {
  const gchar* media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
  return g_strcmp0(media, "video") == 0 ||
         (static_cast<const Opening*>(data)->with_sound && g_strcmp0(media, "audio") == 0);
}

void set_up_rtsp(GstElement* source, const Opening& opening) {
  // Enough for reordered packets; the default of 2 s would be added to every alarm.
  constexpr guint kLatencyMs = 200;
  g_object_set(source, "latency", kLatencyMs, nullptr);
  const std::string_view uri = opening.uri;
  // rtspsrc would try UDP first and wait 5 s; who wants UDP writes rtspu.
  if (uri.rfind("rtsp://", 0) == 0 || uri.rfind("rtsps://", 0) == 0) {
    gst_util_set_object_arg(G_OBJECT(source), "protocols", "tcp");
  }
  if (!opening.credentials.user.empty()) {
    g_object_set(source, "user-id", opening.credentials.user.c_str(), "user-pw",
                 opening.credentials.password.c_str(), nullptr);
  }
  g_signal_connect(source, "select-stream", G_CALLBACK(on_select_stream),
                   const_cast<Opening*>(&opening));
}

void set_up_srt(GstElement* source, const Opening& opening) {
  // It would try for ever by itself, and say nothing of it.
  g_object_set(source, "auto-reconnect", FALSE, nullptr);
  if (opening.credentials.password.empty()) return;
  g_object_set(source, "passphrase", opening.credentials.password.c_str(), nullptr);
}

void set_up_rtmp(GstElement* source, const Opening& opening) {
  if (opening.credentials.user.empty()) return;
  g_object_set(source, "username", opening.credentials.user.c_str(), "password",
               opening.credentials.password.c_str(), nullptr);
}

void set_up_udp(GstElement* source, const Opening& opening) {
  // Two seconds of 8 Mbit/s: decoding may halt for that long. The kernel's default holds a tenth of
  // it, and it cuts what is more than net.core.rmem_max.
  constexpr double kBufferBytes = 2 << 20;
  const auto number = [&](const char* name, double otherwise) {
    const std::string text = query_parameter(opening.uri, name);
    return text.empty() ? otherwise : g_ascii_strtod(text.c_str(), nullptr);
  };
  GstCaps* caps = gst_caps_new_simple("video/mpegts", "systemstream", G_TYPE_BOOLEAN, TRUE,
                                      "packetsize", G_TYPE_INT, 188, nullptr);
  g_object_set(source, "caps", caps, "buffer-size",
               static_cast<gint>(number("buffer_bytes", kBufferBytes)), "timeout",
               static_cast<guint64>(number("timeout_s", 0) * GST_SECOND), nullptr);
  gst_caps_unref(caps);
  const std::string interface = query_parameter(opening.uri, "interface");
  if (!interface.empty()) g_object_set(source, "multicast-iface", interface.c_str(), nullptr);
}

void on_source_setup(GstElement* /*bin*/, GstElement* source, gpointer data) {
  const auto& opening = *static_cast<const Opening*>(data);
  const std::string_view name = GST_OBJECT_NAME(gst_element_get_factory(source));
  if (name == "rtspsrc") set_up_rtsp(source, opening);
  if (name == "srtsrc") set_up_srt(source, opening);
  if (name == "rtmp2src") set_up_rtmp(source, opening);
  if (name == "udpsrc") set_up_udp(source, opening);
}

// A playlist from afar names what is opened next: no other kind of source. uri_guard.h has files.
void on_deep_element_added(GstBin* bin, GstBin* /*part*/, GstElement* element, gpointer /*data*/) {
  if (!GST_IS_URI_HANDLER(element)) return;
  gchar* uri = gst_uri_handler_get_uri(GST_URI_HANDLER(element));
  if (uri != nullptr && !gst_uri_has_protocol(uri, "http") && !gst_uri_has_protocol(uri, "https")) {
    // hlsdemux keeps errors of its parts to itself, and would read on.
    gst_element_set_locked_state(element, TRUE);
    GST_ELEMENT_ERROR(bin, RESOURCE, NOT_FOUND, ("The playlist leads away from HTTP."), (nullptr));
  }
  g_free(uri);
}

std::string escaped(const std::string& text) {
  char* made = g_uri_escape_string(text.c_str(), nullptr, FALSE);
  std::string result = made;
  g_free(made);
  return result;
}

// As the element that opens it wants it.
std::string opened_uri(const Opening& opening) {
  const std::size_t begin = opening.uri.find("://") + 3;
  std::string uri = opening.uri;
  if (opening.kind == SourceKind::kFile) return local_uri(uri);
  if (opening.kind == SourceKind::kUdp) {
    uri = uri.substr(0, uri.find_first_of("/?", begin));
    // Any address of this machine.
    if (uri[begin] == ':') uri.insert(begin, "0.0.0.0");
  }
  // Within the URI they go to what the playlist names on the same host too, and to no other.
  if (opening.kind == SourceKind::kHls && !opening.credentials.user.empty()) {
    uri.insert(begin, escaped(opening.credentials.user) + ":" +
                          escaped(opening.credentials.password) + "@");
  }
  return uri;
}

}  // namespace

bool may_decode(std::string_view factory) {
  return std::find(kDecoders.begin(), kDecoders.end(), factory) != kDecoders.end();
}

void set_up_source(GstElement* source, const std::string& uri, const Credentials& credentials,
                   bool with_sound) {
  guard_uris();
  auto* opening = new Opening{kind_of(uri), uri, credentials, with_sound};
  // Servers of SRT take user and password in it; shorter ones are names such as "live".
  constexpr std::size_t kSecretLength = 8;
  const std::string stream_id = query_parameter(uri, "streamid");
  if (stream_id.size() >= kSecretLength) remember_secret({"", stream_id});
  g_object_set_data_full(G_OBJECT(source), "opening", opening,
                         [](gpointer data) { delete static_cast<Opening*>(data); });
  // decodebin leaves decoders out whose templates name further kinds of memory, unless all are
  // taken.
  GstCaps* pictures = gst_caps_from_string("video/x-raw(ANY)");
  g_object_set(source, "uri", opened_uri(*opening).c_str(), "caps", pictures, "expose-all-streams",
               FALSE, nullptr);
  gst_caps_unref(pictures);
  g_signal_connect(source, "autoplug-select", G_CALLBACK(on_autoplug_select), opening);
  give_side_tracks(source);
  watch_unseen(source);
  g_signal_connect(source, "source-setup", G_CALLBACK(on_source_setup), opening);
  if (opening->kind == SourceKind::kHls) {
    g_signal_connect(source, "deep-element-added", G_CALLBACK(on_deep_element_added), nullptr);
  }
}

}  // namespace dfd::monitor
