// SPDX-License-Identifier: LGPL-2.1-or-later

#include "segment_writer.h"

#include <gst/app/gstappsrc.h>

#include <array>
#include <stdexcept>
#include <string_view>

#include "evidence/launch_line.h"

namespace dfd::monitor {
namespace {

struct Way {
  const char* caps;
  // Elements to the muxer, in GStreamer's notation.
  const char* elements;
};

// Parameter sets go before each keyframe, so that a segment stands for itself.
constexpr std::array<Way, 3> kPictures = {{
    {"video/x-h264", "h264parse config-interval=-1"},
    {"video/x-h265", "h265parse config-interval=-1"},
    {"video/mpeg, mpegversion=4, systemstream=false", "mpeg4videoparse config-interval=-1"},
}};

constexpr std::array<Way, 9> kSound = {{
    {"audio/mpeg, mpegversion=1", "mpegaudioparse"},
    {"audio/mpeg, mpegversion={2, 4}", "aacparse"},
    {"audio/x-ac3", "ac3parse"},
    {"audio/x-opus", "opusparse"},
    {"application/x-rtp, media=audio, encoding-name=MPEG4-GENERIC", "rtpmp4gdepay ! aacparse"},
    {"application/x-rtp, media=audio, encoding-name=MP4A-LATM", "rtpmp4adepay ! aacparse"},
    {"application/x-rtp, media=audio, encoding-name=MPA", "rtpmpadepay ! mpegaudioparse"},
    {"application/x-rtp, media=audio, encoding-name=AC3", "rtpac3depay ! ac3parse"},
    {"application/x-rtp, media=audio, encoding-name=OPUS", "rtpopusdepay ! opusparse"},
}};

template <std::size_t kNumber>
const char* elements_for(const std::array<Way, kNumber>& ways, const GstCaps* caps) {
  for (const Way& way : ways) {
    GstCaps* known = gst_caps_from_string(way.caps);
    const bool fits = gst_caps_can_intersect(known, caps) != FALSE;
    gst_caps_unref(known);
    if (fits) return way.elements;
  }
  return nullptr;
}

const char* elements_for(Track track, const GstCaps* caps) {
  return track == Track::kPictures ? elements_for(kPictures, caps) : elements_for(kSound, caps);
}

Owned<GstElement> source_of(GstElement* pipeline, const char* name, GstCaps* caps) {
  Owned<GstElement> source(gst_bin_get_by_name(GST_BIN(pipeline), name));
  // What waits is bounded by whoever brings it.
  g_object_set(source.get(), "caps", caps, "max-bytes", guint64{0}, nullptr);
  return source;
}

}  // namespace

bool fits_segment(Track track, const GstCaps* caps) { return elements_for(track, caps) != nullptr; }

std::string sound_parser_of(const GstCaps* caps) {
  const std::string elements = elements_for(Track::kSound, caps);
  const std::size_t last = elements.rfind(' ');
  return last == std::string::npos ? elements : elements.substr(last + 1);
}

SegmentWriter::SegmentWriter(const std::string& path, GstCaps* pictures, GstCaps* sound) {
  const char* to_muxer = elements_for(Track::kPictures, pictures);
  if (to_muxer == nullptr) throw std::runtime_error("MPEG-TS has no place for these pictures");
  // Waiting for neither a clock nor a state: it is written as fast as it comes.
  std::string line = std::string("appsrc name=pictures format=time ! ") + to_muxer +
                     " ! mpegtsmux name=muxer ! filesink name=file sync=false async=false";
  if (sound != nullptr) {
    line += std::string(" appsrc name=sound format=time ! ") + elements_for(Track::kSound, sound) +
            " ! muxer.";
  }
  pipeline_ = make_line(line);
  GstElement* made = pipeline_.get();
  pictures_ = source_of(made, "pictures", pictures);
  if (sound != nullptr) sound_ = source_of(made, "sound", sound);
  const Owned<GstElement> file(gst_bin_get_by_name(GST_BIN(made), "file"));
  g_object_set(file.get(), "location", path.c_str(), nullptr);
  if (gst_element_set_state(made, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    gst_element_set_state(made, GST_STATE_NULL);
    throw std::runtime_error(path + " cannot be written");
  }
}

SegmentWriter::~SegmentWriter() { gst_element_set_state(pipeline_.get(), GST_STATE_NULL); }

// After a hold-up several pictures come at once, and rtspsrc gives those of one moment no time
// (GStreamer 1.22). MP4 is not made of such.
GstBuffer* SegmentWriter::with_time(GstBuffer* buffer) {
  // MPEG-TS counts no finer.
  constexpr GstClockTime kTick = GST_SECOND / 90000 + 1;
  if (!GST_BUFFER_PTS_IS_VALID(buffer) && GST_CLOCK_TIME_IS_VALID(last_picture_)) {
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_PTS(buffer) = last_picture_ + kTick;
  }
  last_picture_ = GST_BUFFER_PTS(buffer);
  return buffer;
}

void SegmentWriter::write(Track track, GstBuffer* buffer) {
  GstElement* source = track == Track::kPictures ? pictures_.get() : sound_.get();
  if (source == nullptr) {
    gst_buffer_unref(buffer);
    return;
  }
  if (track == Track::kPictures) buffer = with_time(buffer);
  gst_app_src_push_buffer(GST_APP_SRC(source), buffer);
}

void SegmentWriter::finish() {
  gst_app_src_end_of_stream(GST_APP_SRC(pictures_.get()));
  if (sound_ != nullptr) gst_app_src_end_of_stream(GST_APP_SRC(sound_.get()));
  await_end(pipeline_.get(), kFinishLimit);
}

}  // namespace dfd::monitor
