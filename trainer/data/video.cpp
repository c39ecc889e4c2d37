// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/video.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include <filesystem>
#include <utility>

#include "base/check.h"
#include "base/file.h"
#include "gstdeepfakeframe.h"

namespace dfd {
namespace {

// A launched pipeline with one named element of interest.
class Launched {
 public:
  explicit Launched(const std::string& line) {
    GError* error = nullptr;
    pipeline_ = gst_parse_launch(line.c_str(), &error);
    if (error == nullptr) return;
    const std::string text = error->message;
    g_error_free(error);
    if (pipeline_ != nullptr) gst_object_unref(pipeline_);
    throw Error(ErrorCode::kIo, text + "; are all packages of pipelines/packages.txt installed?");
  }
  ~Launched() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(pipeline_);
  }
  Launched(const Launched&) = delete;
  Launched& operator=(const Launched&) = delete;

  // (transfer full)
  GstElement* element(const char* name) const {
    return gst_bin_get_by_name(GST_BIN(pipeline_), name);
  }

  void set(const char* name, const char* property, const std::string& value) const {
    GstElement* found = element(name);
    g_object_set(found, property, value.c_str(), nullptr);
    gst_object_unref(found);
  }

  void play(const std::string& path) const {
    if (gst_element_set_state(pipeline_, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) return;
    check(path, 0);
    throw Error(ErrorCode::kIo, path + ": the pipeline for it cannot be started");
  }

  // Waits for the end or an error, which it throws; timeout 0 only looks. Has it ended?
  bool check(const std::string& path, GstClockTime timeout) const {
    GstBus* bus = gst_element_get_bus(pipeline_);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, timeout, static_cast<GstMessageType>(GST_MESSAGE_ERROR | GST_MESSAGE_EOS));
    gst_object_unref(bus);
    if (message == nullptr) return false;
    std::string text;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
      GError* error = nullptr;
      gst_message_parse_error(message, &error, nullptr);
      text = error->message;
      g_error_free(error);
    }
    gst_message_unref(message);
    DFD_REQUIRE(text.empty(), ErrorCode::kIo, path << ": " << text);
    return true;
  }

 private:
  GstElement* pipeline_ = nullptr;
};

Timestamp time_of(GstBuffer* buffer, const GstVideoInfo& info, std::optional<Timestamp> last) {
  if (GST_BUFFER_PTS_IS_VALID(buffer))
    return Timestamp(static_cast<gint64>(GST_BUFFER_PTS(buffer)));
  if (!last) return Timestamp(0);
  constexpr int kUnknownRate = 25;
  const bool known = GST_VIDEO_INFO_FPS_N(&info) > 0;
  return *last +
         Timestamp(gst_util_uint64_scale_int(GST_SECOND, known ? GST_VIDEO_INFO_FPS_D(&info) : 1,
                                             known ? GST_VIDEO_INFO_FPS_N(&info) : kUnknownRate));
}

}  // namespace

struct VideoReader::Pipeline {
  std::string path;
  std::chrono::nanoseconds patience;
  Launched launched;
  GstElement* sink;
  std::optional<Timestamp> last;
  std::int64_t expected_frames = 0;
  Orientation orientation = Orientation::kIdentity;
  std::string codec;

  Pipeline(std::string file, std::chrono::nanoseconds longest)
      : path(std::move(file)),
        patience(longest),
        launched(
            "filesrc name=source ! decodebin ! videoconvert ! appsink name=sink sync=false "
            "max-buffers=4 caps=\"video/x-raw,format=" GST_DEEPFAKE_FORMATS "\""),
        sink(launched.element("sink")) {}
  ~Pipeline() { gst_object_unref(sink); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // The next sample within the time; tags that come before it are heeded.
  GstSample* pull(GstClockTime timeout) {
    while (GstMiniObject* object = gst_app_sink_try_pull_object(GST_APP_SINK(sink), timeout)) {
      if (GST_IS_SAMPLE(object)) return GST_SAMPLE(object);
      if (GST_IS_EVENT(object)) heed(GST_EVENT(object));
      gst_mini_object_unref(object);
    }
    return nullptr;
  }

  std::int64_t stated_frames(const GstVideoInfo& info) const {
    gint64 length = 0;
    if (gst_element_query_duration(sink, GST_FORMAT_TIME, &length) == FALSE || length <= 0)
      return 0;
    if (GST_VIDEO_INFO_FPS_N(&info) <= 0) return 0;
    return static_cast<std::int64_t>(gst_util_uint64_scale_round(
        static_cast<guint64>(length), static_cast<guint64>(GST_VIDEO_INFO_FPS_N(&info)),
        static_cast<guint64>(GST_VIDEO_INFO_FPS_D(&info)) * GST_SECOND));
  }

  void heed(GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START) orientation = Orientation::kIdentity;
    if (GST_EVENT_TYPE(event) != GST_EVENT_TAG) return;
    orientation = gst_deepfake_tagged_orientation(event).value_or(orientation);
    GstTagList* tags = nullptr;  // Borrowed.
    gst_event_parse_tag(event, &tags);
    gchar* name = nullptr;
    if (gst_tag_list_get_string(tags, GST_TAG_VIDEO_CODEC, &name) == FALSE) return;
    codec = name;
    g_free(name);
  }
};

VideoReader::VideoReader(const std::string& path, std::chrono::nanoseconds patience)
    : pipeline_(std::make_unique<Pipeline>(path, patience)) {
  DFD_REQUIRE(std::filesystem::exists(path), ErrorCode::kNotFound, path << ": no such file");
  // A named pipe would be waited for.
  DFD_REQUIRE(std::filesystem::is_regular_file(path), ErrorCode::kIo,
              path << ": not a regular file");
  pipeline_->launched.set("source", "location", path);
  pipeline_->launched.play(path);
}

VideoReader::~VideoReader() = default;

std::int64_t VideoReader::expected_frames() const { return pipeline_->expected_frames; }

const std::string& VideoReader::codec() const { return pipeline_->codec; }

std::optional<Frame> VideoReader::next() {
  GstAppSink* sink = GST_APP_SINK(pipeline_->sink);
  GstSample* sample = nullptr;
  constexpr std::chrono::milliseconds kLook{100};
  // Looks are counted, not time: a process that was stopped meanwhile has lost none.
  std::chrono::nanoseconds waited{};
  // Where nothing is linked to the sink, as with text or sound alone, no end of stream reaches it,
  // and some broken files make demuxers fall silent.
  while ((sample = pipeline_->pull(kLook.count() * GST_MSECOND)) == nullptr) {
    pipeline_->launched.check(pipeline_->path, 0);
    if (gst_app_sink_is_eos(sink) != FALSE) return std::nullopt;
    waited += kLook;
    DFD_REQUIRE(waited < pipeline_->patience, ErrorCode::kIo,
                pipeline_->path << ": no frame came for "
                                << std::chrono::duration<double>(pipeline_->patience).count()
                                << " s, nor an end; it may be cut off or damaged");
  }
  GstVideoInfo info;
  gst_video_info_from_caps(&info, gst_sample_get_caps(sample));
  GstBuffer* buffer = gst_sample_get_buffer(sample);
  if (!pipeline_->last) pipeline_->expected_frames = pipeline_->stated_frames(info);
  const Timestamp time = time_of(buffer, info, pipeline_->last);
  pipeline_->last = time;
  std::optional<Frame> frame = gst_deepfake_map_frame(buffer, info, time);
  gst_sample_unref(sample);
  DFD_REQUIRE(frame, ErrorCode::kIo, pipeline_->path << ": a frame cannot be mapped");
  frame->view.orientation = pipeline_->orientation;
  return frame;
}

struct VideoWriter::Pipeline {
  std::string path;
  EncoderSettings settings;
  FileReplacement file;  // Outlives the pipeline that writes to it.
  Launched launched;
  GstElement* source;
  GstClockTime frames = 0;
  bool closed = false;

  Pipeline(std::string to, const EncoderSettings& given)
      : path(std::move(to)),
        settings(given),
        file(path),
        launched(
            "appsrc name=source format=time max-buffers=32 ! videoconvert ! "
            "video/x-raw,format=I420 ! x264enc pass=quant quantizer=" +
            std::to_string(given.quantizer) +
            // One thread: the same pictures give the same stream.
            " threads=1 speed-preset=veryfast ! mp4mux ! filesink name=sink"),
        source(launched.element("source")) {}
  ~Pipeline() { gst_object_unref(source); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // The encoder may fail while the queue is full, and would never take from it again.
  void wait_for_room() const {
    const auto begin = std::chrono::steady_clock::now();
    while (gst_app_src_get_current_level_buffers(GST_APP_SRC(source)) >=
           gst_app_src_get_max_buffers(GST_APP_SRC(source))) {
      launched.check(path, GST_SECOND / 100);
      require_progress(begin);
    }
  }

  void wait_for_end() const {
    const auto begin = std::chrono::steady_clock::now();
    while (!launched.check(path, GST_SECOND / 10)) require_progress(begin);
  }

  void require_progress(std::chrono::steady_clock::time_point begin) const {
    // It holds back some seconds of video, and writes them at the end.
    constexpr std::chrono::seconds kLongest{60};
    DFD_REQUIRE(std::chrono::steady_clock::now() - begin < kLongest, ErrorCode::kIo,
                path << ": the encoder has not ended within " << kLongest.count() << " s");
  }
};

VideoWriter::VideoWriter(const std::string& path, const EncoderSettings& settings)
    : pipeline_(std::make_unique<Pipeline>(path, settings)) {
  GstCaps* caps =
      gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "RGB", "width", G_TYPE_INT,
                          settings.size.width, "height", G_TYPE_INT, settings.size.height,
                          "framerate", GST_TYPE_FRACTION, settings.fps, 1, nullptr);
  gst_app_src_set_caps(GST_APP_SRC(pipeline_->source), caps);
  gst_caps_unref(caps);
  pipeline_->launched.set("sink", "location", pipeline_->file.temporary());
  pipeline_->launched.play(path);
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::write(const cv::Mat& rgb) {
  DFD_CHECK(rgb.type() == CV_8UC3 && rgb.size() == pipeline_->settings.size);
  pipeline_->wait_for_room();
  const gsize row = static_cast<gsize>(rgb.cols) * 3;
  const gsize stride = GST_ROUND_UP_4(row);  // GStreamer's RGB rows end on four bytes.
  GstBuffer* buffer =
      gst_buffer_new_allocate(nullptr, stride * static_cast<gsize>(rgb.rows), nullptr);
  for (int y = 0; y < rgb.rows; ++y) {
    gst_buffer_fill(buffer, static_cast<gsize>(y) * stride, rgb.ptr(y), row);
  }
  const auto fps = static_cast<guint64>(pipeline_->settings.fps);
  GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(pipeline_->frames++, GST_SECOND, fps);
  GST_BUFFER_DURATION(buffer) = GST_SECOND / fps;
  if (gst_app_src_push_buffer(GST_APP_SRC(pipeline_->source), buffer) != GST_FLOW_OK) {
    pipeline_->launched.check(pipeline_->path, GST_SECOND);
    throw Error(ErrorCode::kIo, pipeline_->path + ": encoding stopped");
  }
}

void VideoWriter::close() {
  if (std::exchange(pipeline_->closed, true)) return;
  gst_app_src_end_of_stream(GST_APP_SRC(pipeline_->source));
  pipeline_->wait_for_end();
  pipeline_->file.commit();
}

}  // namespace dfd
