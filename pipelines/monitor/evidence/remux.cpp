// SPDX-License-Identifier: LGPL-2.1-or-later

#include "remux.h"

#include <gst/gst.h>

#include <stdexcept>

#include "evidence/clip_verdicts.h"
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

// Of files nobody is in a hurry: a picture waits until its verdict has come, or none is left.
constexpr const char* kVerdicts =
    " ! deepfakejoin name=join latency=3600000000000 ! deepfakeseiinsert ! ";

std::string line_of(const Packing& packing) {
  const std::string parser = parser_of(packing.codec);
  std::string line =
      "filesrc name=from ! tsdemux name=demuxer mp4mux name=muxer ! filesink name=to demuxer. ! " +
      parser;
  if (!packing.said.empty()) {
    // Messages go into whole pictures; what MP4 wants them packed in is the second one's concern.
    line += " ! " + packing.codec + ",alignment=au" + kVerdicts + parser;
  }
  line += kQueue;
  if (!packing.sound_parser.empty()) line += "demuxer. ! " + packing.sound_parser + kQueue;
  if (!packing.said.empty()) line += "appsrc name=results format=time ! join.results";
  return line;
}

std::uint64_t matched_by(GstElement* join) {
  GstStructure* stats = nullptr;
  g_object_get(join, "stats", &stats, nullptr);
  std::uint64_t matched = 0;
  gst_structure_get_uint64(stats, "matched", &matched);
  gst_structure_free(stats);
  return matched;
}

}  // namespace

std::string missing_for_verdicts() {
  for (const char* name : {"deepfakejoin", "deepfakeseiinsert"}) {
    GstElementFactory* factory = gst_element_factory_find(name);
    if (factory == nullptr) return std::string("GStreamer has no element ") + name;
    gst_object_unref(factory);
  }
  return "";
}

std::uint64_t remux_to_mp4(const std::string& from, const std::string& to, const Packing& packing) {
  const Owned<GstElement> pipeline = make_line(line_of(packing));
  GstBin* made = GST_BIN(pipeline.get());
  const Owned<GstElement> source(gst_bin_get_by_name(made, "from"));
  const Owned<GstElement> sink(gst_bin_get_by_name(made, "to"));
  g_object_set(source.get(), "location", from.c_str(), nullptr);
  g_object_set(sink.get(), "location", to.c_str(), "sync", FALSE, nullptr);
  Owned<GstElement> join;
  if (!packing.said.empty()) {
    join.reset(gst_bin_get_by_name(made, "join"));
    const Owned<GstElement> results(gst_bin_get_by_name(made, "results"));
    feed_verdicts(join.get(), results.get(), packing.said);
  }
  gst_element_set_state(pipeline.get(), GST_STATE_PLAYING);
  await_end(pipeline.get(), kLimit);
  return join != nullptr ? matched_by(join.get()) : 0;
}

}  // namespace dfd::monitor
