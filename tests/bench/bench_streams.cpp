// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a stream of 1080p25 H.264 with one face costs, and how many play at full rate, with the
// element and without.

#include <gst/gst.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "bench.h"
#include "data/video.h"

namespace dfd::bench {
namespace {

constexpr int kFps = 25;
// What happens at the start, the first look at each whole picture, must not be most of it.
constexpr int kSeconds = 8;
constexpr int kMostStreams = 32;
// Cameras are not started together: the streams begin spread over so long, which is the time
// between two looks for faces and a whole number of samples.
constexpr GstClockTime kSpread = GST_SECOND / 2;

// Drawn, nearly still and so next to nothing to decode, unless another is named: of 1080p25 too,
// and of so many seconds.
std::string clip() {
  const char* named = std::getenv("DEEPFAKE_BENCH_CLIP");
  if (named != nullptr) return named;
  const auto path = std::filesystem::temp_directory_path() /
                    ("deepfake-bench-1080p-" + std::to_string(kSeconds) + "s.mp4");
  if (!std::filesystem::exists(path)) {
    VideoWriter writer(path.string(), {{1920, 1080}, kFps, 26});
    std::vector<cv::Mat> pictures;
    for (int step = 0; step < 8; ++step) pictures.push_back(draw_scene(1, step).rgb);
    for (int i = 0; i < kFps * kSeconds; ++i) {
      writer.write(pictures[static_cast<std::size_t>(i) % pictures.size()]);
    }
    writer.close();
  }
  return path.string();
}

struct Pipelines {
  explicit Pipelines(const std::string& line, int count) {
    for (int i = 0; i < count; ++i) all.push_back(gst_parse_launch(line.c_str(), nullptr));
  }
  ~Pipelines() {
    for (GstElement* pipeline : all) {
      gst_element_set_state(pipeline, GST_STATE_NULL);
      gst_object_unref(pipeline);
    }
  }
  void set(GstState state) {
    for (GstElement* pipeline : all) gst_element_set_state(pipeline, state);
  }
  void await(GstMessageType type) {
    for (GstElement* pipeline : all) {
      GstBus* bus = gst_element_get_bus(pipeline);
      gst_message_unref(gst_bus_timed_pop_filtered(
          bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(type | GST_MESSAGE_ERROR)));
      gst_object_unref(bus);
    }
  }
  std::vector<GstElement*> all;
};

// Samples that were analysed, and those that were skipped for overload, of all pipelines.
std::pair<guint64, guint64> samples_of(const Pipelines& pipelines) {
  guint64 analysed = 0;
  guint64 skipped = 0;
  for (GstElement* pipeline : pipelines.all) {
    GstElement* detect = gst_bin_get_by_name(GST_BIN(pipeline), "d");
    if (detect == nullptr) continue;
    GstStructure* stats = nullptr;
    g_object_get(detect, "stats", &stats, nullptr);
    guint64 value = 0;
    if (gst_structure_get_uint64(stats, "samples", &value) != FALSE) analysed += value;
    if (gst_structure_get_uint64(stats, "samples-skipped-overload", &value) != FALSE)
      skipped += value;
    gst_structure_free(stats);
    gst_object_unref(detect);
  }
  return {analysed, skipped};
}

// Frames at a sink, and those that came there after they were due.
struct Arrivals {
  std::atomic<int> all{0};
  std::atomic<int> late{0};
};

GstPadProbeReturn note_arrival(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  auto* arrivals = static_cast<Arrivals*>(data);
  GstElement* sink = gst_pad_get_parent_element(pad);
  const GstClockTime now = gst_element_get_current_running_time(sink);
  gst_object_unref(sink);
  // The clip's running time is its timestamps'.
  const GstClockTime due = GST_BUFFER_PTS(gst_pad_probe_info_get_buffer(info));
  constexpr GstClockTime kFrame = GST_SECOND / kFps;
  ++arrivals->all;
  if (GST_CLOCK_TIME_IS_VALID(now) && now > due + kFrame) ++arrivals->late;
  return GST_PAD_PROBE_OK;
}

// Did 99 of 100 frames of all streams arrive in time? complete: with at most one sample in twenty
// skipped, too.
bool is_sustained(const std::string& line, int streams, bool complete) {
  Pipelines pipelines(line, streams);
  Arrivals arrivals;
  for (GstElement* pipeline : pipelines.all) {
    GstElement* sink = gst_bin_get_by_name(GST_BIN(pipeline), "s");
    GstPad* pad = gst_element_get_static_pad(sink, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, note_arrival, &arrivals, nullptr);
    gst_object_unref(pad);
    gst_object_unref(sink);
  }
  pipelines.set(GST_STATE_PAUSED);
  pipelines.await(GST_MESSAGE_ASYNC_DONE);
  for (GstElement* pipeline : pipelines.all) {
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_usleep(kSpread / streams / GST_USECOND);
  }
  pipelines.await(GST_MESSAGE_EOS);
  const auto [analysed, skipped] = samples_of(pipelines);
  return 100 * arrivals.late <= arrivals.all && (!complete || 20 * skipped <= analysed + skipped);
}

// Of all threads of the process, seconds.
double processor_time() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Processor seconds that a second of one stream takes once it plays.
double cost_of(const std::string& line) {
  constexpr int kTimes = 3;
  std::vector<double> costs;
  for (int i = 0; i < kTimes; ++i) {
    Pipelines pipeline(line, 1);
    pipeline.set(GST_STATE_PAUSED);
    pipeline.await(GST_MESSAGE_ASYNC_DONE);
    const double before = processor_time();
    pipeline.set(GST_STATE_PLAYING);
    pipeline.await(GST_MESSAGE_EOS);
    costs.push_back((processor_time() - before) / kSeconds);
  }
  std::sort(costs.begin(), costs.end());
  return costs[kTimes / 2];
}

// To an eighth. first: the number tried first.
int most_sustained(const std::string& line, bool complete, int first) {
  int good = 0;
  int bad = kMostStreams + 1;
  for (int next = first; bad - good > std::max(1, good / 8);
       next = bad > kMostStreams ? std::min(kMostStreams, good * 2) : (good + bad) / 2) {
    (is_sustained(line, next, complete) ? good : bad) = next;
  }
  return good;
}

}  // namespace

void bench_streams(const Emit& emit) {
  const std::string source =
      "filesrc location=" + clip() + " ! qtdemux ! h264parse ! avdec_h264 ! ";
  const std::string sink = "fakesink name=s sync=true";
  // Looks for faces and takes samples twice a second, as the model asks.
  const std::string detect = "deepfakedetect name=d mode=immediate model-file=" + bench_model();
  const std::string line = source + detect + " ! " + sink;
  emit({"stream_cost", {{"element", false}}, cost_of(source + sink), "s/s"});
  emit({"stream_cost", {{"element", true}}, cost_of(line), "s/s"});
  const int plain = most_sustained(source + sink, false, 24);
  emit({"streams_sustained", {{"element", false}}, static_cast<double>(plain), "streams"});
  // More than without the element there cannot be.
  const int playing =
      is_sustained(line, plain, false) ? plain : most_sustained(line, false, plain / 2);
  for (const bool complete : {false, true}) {
    const int with = complete ? most_sustained(line, true, 4) : playing;
    const nlohmann::ordered_json params{{"element", true}, {"all_samples", complete}};
    emit({"streams_sustained", params, static_cast<double>(with), "streams"});
    emit({"streams_share", params, 100.0 * with / plain, "%"});
  }
  const char* yunet = std::getenv("DEEPFAKE_BENCH_YUNET");
  if (yunet == nullptr) return;
  // With the model that the recipe makes, and with the shipped one, which takes four samples a
  // second.
  const std::string shipped =
      "deepfakedetect name=d mode=immediate model-file=" BENCH_SHIPPED_MODEL;
  const std::array<std::pair<const char*, std::string>, 2> models{
      {{"facenet", detect}, {"shipped", shipped}}};
  for (const auto& [model, element] : models) {
    const std::string found = source + element + " face-model-file=" + yunet + " ! " + sink;
    const nlohmann::ordered_json cost{{"element", true}, {"detector", "yunet"}, {"model", model}};
    emit({"stream_cost", cost, cost_of(found), "s/s"});
    const nlohmann::ordered_json params{
        {"element", true}, {"all_samples", true}, {"detector", "yunet"}, {"model", model}};
    const int with = most_sustained(found, true, 8);
    emit({"streams_sustained", params, static_cast<double>(with), "streams"});
    emit({"streams_share", params, 100.0 * with / plain, "%"});
  }
}

}  // namespace dfd::bench
