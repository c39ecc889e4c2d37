// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element in a pipeline, and what it costs to have it.

#include <dlfcn.h>
#include <gst/check/gstharness.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <thread>

#include "bench.h"
#include "detector/engine.h"
#include "detector/session.h"
#include "gstdeepfakemeta.h"

namespace dfd::bench {
namespace {

using std::chrono_literals::operator""ms;

constexpr int kFps = 25;

GstBuffer* buffer_of(const Frame& frame) {
  const gsize bytes =
      static_cast<gsize>(frame.view.width) * static_cast<gsize>(frame.view.height) * 3 / 2;
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
  gst_buffer_fill(buffer, 0, frame.view.planes[0].data, bytes);
  return buffer;
}

// Time on the streaming thread, in turns with identity, at four times the speed of the video.
void bench_added_time(const Emit& emit) {
  GstHarness* elements[] = {
      gst_harness_new_parse(("deepfakedetect mode=immediate model-file=" + bench_model()).c_str()),
      gst_harness_new_parse("identity")};
  std::vector<GstBuffer*> pictures(8);
  for (std::size_t step = 0; step < pictures.size(); ++step) {
    pictures[step] = buffer_of(to_i420(draw_scene(1, static_cast<int>(step)).rgb));
  }
  for (GstHarness* harness : elements) {
    gst_harness_set_src_caps_str(harness,
                                 "video/x-raw,format=I420,width=1920,height=1080,framerate=25/1");
  }
  int number = 0;
  const auto push = [&](GstHarness* harness) {
    // A copy shares its memory, as behind a tee.
    GstBuffer* buffer = gst_buffer_copy(pictures[static_cast<std::size_t>(number / 2) % 8]);
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(number++ / 2) * GST_SECOND / kFps;
    gst_harness_push(harness, buffer);
  };
  constexpr int kBuffers = 500;
  std::vector<Times> times(2);
  for (int i = 0; i < kBuffers; ++i) {
    for (std::size_t j = 0; j < 2; ++j) {
      const auto one = repeat([&] { push(elements[j]); }, 1, 0);
      if (i >= kFps) times[j].sorted.push_back(one.sorted[0]);
      gst_buffer_unref(gst_harness_pull(elements[j]));
    }
    std::this_thread::sleep_for(10ms);
  }
  for (Times& one : times) std::sort(one.sorted.begin(), one.sorted.end());
  for (const auto& [name, part] : {std::pair("p50", 0.5), std::pair("p99", 0.99)}) {
    emit({"added_us",
          {{"percentile", name}, {"size", "1080p"}},
          1e3 * (times[0].part(part) - times[1].part(part)),
          "us"});
  }
  for (GstHarness* harness : elements) gst_harness_teardown(harness);
  for (GstBuffer* picture : pictures) gst_buffer_unref(picture);
}

// Which memories came in, and how many that did not came out.
struct Memories {
  std::mutex mutex;
  std::set<GstMemory*> in;
  int out = 0;
  int copied = 0;
};

GstPadProbeReturn note_in(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
  auto* memories = static_cast<Memories*>(data);
  const std::lock_guard<std::mutex> lock(memories->mutex);
  memories->in.insert(gst_buffer_peek_memory(gst_pad_probe_info_get_buffer(info), 0));
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn note_out(GstPad* /*pad*/, GstPadProbeInfo* info, gpointer data) {
  auto* memories = static_cast<Memories*>(data);
  const std::lock_guard<std::mutex> lock(memories->mutex);
  ++memories->out;
  GstMemory* memory = gst_buffer_peek_memory(gst_pad_probe_info_get_buffer(info), 0);
  if (memories->in.count(memory) == 0) ++memories->copied;
  return GST_PAD_PROBE_OK;
}

void add_probe(GstElement* pipeline, const char* element, const char* pad_name,
               GstPadProbeCallback callback, gpointer data) {
  GstElement* found = gst_bin_get_by_name(GST_BIN(pipeline), element);
  GstPad* pad = gst_element_get_static_pad(found, pad_name);
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, data, nullptr);
  gst_object_unref(pad);
  gst_object_unref(found);
}

void bench_copies(const Emit& emit) {
  GstElement* pipeline = gst_parse_launch(
      ("videotestsrc num-buffers=50 ! video/x-raw,format=I420,width=1920,height=1080 ! tee name=t "
       "t. ! queue ! deepfakedetect name=d model-file=" +
       bench_model() + " ! fakesink t. ! queue ! fakesink")
          .c_str(),
      nullptr);
  Memories memories;
  add_probe(pipeline, "t", "sink", note_in, &memories);
  add_probe(pipeline, "d", "src", note_out, &memories);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstBus* bus = gst_element_get_bus(pipeline);
  gst_message_unref(gst_bus_timed_pop_filtered(
      bus, GST_CLOCK_TIME_NONE, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR)));
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  gst_object_unref(pipeline);
  emit({"pixel_copies_behind_tee",
        {{"buffers", memories.out}},
        static_cast<double>(memories.copied),
        "buffers"});
}

// When buffers leave an element.
GstPadProbeReturn note_time(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer data) {
  *static_cast<std::chrono::steady_clock::time_point*>(data) = std::chrono::steady_clock::now();
  return GST_PAD_PROBE_OK;
}

// From a buffer's arrival at deepfakejoin to its departure, its result being there, in turns with a
// queue: both hand it to a thread of their own.
void bench_join(const Emit& emit) {
  constexpr const char* kCaps = "video/x-raw,format=I420,width=320,height=240,framerate=25/1";
  GstHarness* join = gst_harness_new_with_padnames("deepfakejoin", "sink", "src");
  GstHarness* results = gst_harness_new_with_element(join->element, "results", nullptr);
  GstHarness* queue = gst_harness_new("queue");
  for (GstHarness* harness : {join, results, queue}) gst_harness_set_src_caps_str(harness, kCaps);
  std::chrono::steady_clock::time_point left;
  for (GstHarness* harness : {join, queue}) {
    GstPad* pad = gst_element_get_static_pad(harness->element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, note_time, &left, nullptr);
    gst_object_unref(pad);
  }
  const auto make_buffer = [](int number) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, std::size_t{320} * 240 * 3 / 2, nullptr);
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(number) * GST_SECOND / kFps;
    return buffer;
  };
  const auto pass = [&](GstHarness* harness, int number, Times& times) {
    GstBuffer* buffer = make_buffer(number);
    std::this_thread::sleep_for(1ms);  // Frames come one by one, and find the thread asleep.
    const auto arrived = std::chrono::steady_clock::now();
    gst_harness_push(harness, buffer);
    gst_buffer_unref(gst_harness_pull(harness));
    times.sorted.push_back(std::chrono::duration<double, std::milli>(left - arrived).count());
  };
  constexpr int kBuffers = 2000;
  const GstDeepfakeFace face{};
  Times through_join;
  Times through_queue;
  for (int i = 0; i < kBuffers; ++i) {
    GstBuffer* result = make_buffer(i);
    gst_buffer_add_deepfake_meta(result, "bench", "0123456789ab", 320, 240, &face, 1);
    gst_harness_push(results, result);
    pass(join, i, through_join);
    pass(queue, i, through_queue);
  }
  for (const auto& [element, times] :
       {std::pair("deepfakejoin", &through_join), std::pair("queue", &through_queue)}) {
    std::sort(times->sorted.begin(), times->sorted.end());
    for (const auto& [name, part] : {std::pair("p50", 0.5), std::pair("p99", 0.99)}) {
      emit(
          {"join_us", {{"element", element}, {"percentile", name}}, 1e3 * times->part(part), "us"});
    }
  }
  for (GstHarness* harness : {results, join, queue}) gst_harness_teardown(harness);
}

// LibTorch's file, as this program has it.
std::string torch_library() {
  // By name: the address of the function is that of this program's jump to it.
  Dl_info info{};
  dladdr(dlsym(RTLD_DEFAULT, "_ZN2at15get_num_threadsEv"), &info);
  return info.dli_fname;
}

void bench_start(const Emit& emit) {
  EngineConfig config;
  config.model_file = bench_model();
  emit({"model_load_ms", nlohmann::ordered_json::object(),
        repeat([&] { Engine::load(config); }, 3, 1).median(), "ms"});
  const auto engine = Engine::load(config);
  emit({"model_share_ms", nlohmann::ordered_json::object(),
        repeat([&] { Engine::load(config); }, 5, 1).median(), "ms"});

  const auto run = [](const std::string& command) {
    return [command] {
      if (std::system((command + " > /dev/null 2>&1").c_str()) != 0) std::abort();
    };
  };
  // Only the plugin in question, so that a scan is a scan of it.
  const std::string registry = "/tmp/deepfake-bench-registry.bin";
  const auto inspect = [&](const char* folder, const std::string& element) {
    return std::string("GST_PLUGIN_SYSTEM_PATH_1_0=/nowhere GST_PLUGIN_PATH=") + folder +
           " GST_REGISTRY=" + registry + " gst-inspect-1.0 " + element;
  };
  const auto scan = [&](const char* folder, const std::string& element) {
    return run("rm -f " + registry + "; " +
               inspect(folder, "--exists --atleast-version=0.1.0 " + element));
  };
  const auto times = in_turns(
      {scan(BENCH_DETECT_DIR, "deepfakedetect"), run(inspect(BENCH_DETECT_DIR, "deepfakedetect")),
       scan(BENCH_RESULTS_DIR, "deepfakeoverlay"),
       run("LD_PRELOAD=" + torch_library() + " /bin/true")},
      3, 1);
  const char* names[] = {"plugin_scan_ms", "plugin_inspect_ms", "results_scan_ms", "torch_load_ms"};
  for (std::size_t i = 0; i < times.size(); ++i) {
    emit({names[i], nlohmann::ordered_json::object(), times[i].median(), "ms"});
  }
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0;
  double resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

// Sessions on one engine, each with its own detector and tracks.
void bench_memory(const Emit& emit) {
  constexpr int kFurther = 8;
  EngineConfig config;
  config.model_file = bench_model();
  const auto engine = Engine::load(config);
  std::vector<Frame> frames(4);
  for (std::size_t step = 0; step < frames.size(); ++step) {
    frames[step] = to_i420(draw_scene(1, static_cast<int>(step)).rgb);
  }
  std::vector<std::unique_ptr<Session>> sessions;
  const auto play = [&](std::size_t count) {
    while (sessions.size() < count) sessions.push_back(Session::create(engine, {}));
    for (int i = 0; i < 12; ++i) {
      for (const auto& session : sessions) {
        const Timestamp time = 500ms * i;
        Frame frame = frames[static_cast<std::size_t>(i) % frames.size()];
        frame.time = time;
        if (const auto ticket = session->offer(time)) session->push(*ticket, std::move(frame));
      }
      for (const auto& session : sessions) session->wait();
    }
    for (const auto& session : sessions) session->reset();
  };
  play(1);
  play(1);
  const double one = resident_megabytes();
  play(1 + kFurther);
  play(1 + kFurther);
  const double all = resident_megabytes();
  emit({"memory_per_further_stream", {{"streams", kFurther}}, (all - one) / kFurther, "MB"});
}

}  // namespace

void bench_element(const Emit& emit) {
  bench_added_time(emit);
  bench_join(emit);
  bench_copies(emit);
  bench_start(emit);
  bench_memory(emit);
}

}  // namespace dfd::bench
