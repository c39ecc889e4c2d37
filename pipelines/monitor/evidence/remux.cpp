// SPDX-License-Identifier: LGPL-2.1-or-later

#include "remux.h"

#include <gst/gst.h>

#include <stdexcept>

#include "evidence/launch_line.h"

namespace dfd::monitor {
namespace {

// Long enough for any clip on a disk that works.
constexpr GstClockTime kLimit = 60 * GST_SECOND;

// What one track may be ahead of the other by.
constexpr const char* kQueue =
    " ! queue max-size-time=0 max-size-buffers=0 max-size-bytes=67108864 ! muxer. ";

const char* parser_of(const std::string& codec) {
  if (codec == "video/x-h264") return "h264parse";
  if (codec == "video/x-h265") return "h265parse";
  throw std::runtime_error("MP4 is not made of " + codec);
}

}  // namespace

void remux_to_mp4(const std::string& from, const std::string& to, const std::string& codec,
                  const std::string& sound_parser) {
  std::string line =
      "filesrc name=from ! tsdemux name=demuxer mp4mux name=muxer ! "
      "filesink name=to demuxer. ! ";
  line += parser_of(codec) + std::string(kQueue);
  if (!sound_parser.empty()) line += "demuxer. ! " + sound_parser + kQueue;
  const Owned<GstElement> pipeline = make_line(line);
  GstElement* made = pipeline.get();
  const Owned<GstElement> source(gst_bin_get_by_name(GST_BIN(made), "from"));
  const Owned<GstElement> sink(gst_bin_get_by_name(GST_BIN(made), "to"));
  g_object_set(source.get(), "location", from.c_str(), nullptr);
  g_object_set(sink.get(), "location", to.c_str(), "sync", FALSE, nullptr);
  gst_element_set_state(made, GST_STATE_PLAYING);
  await_end(made, kLimit);
}

}  // namespace dfd::monitor
