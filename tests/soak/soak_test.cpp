// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What only shows after a while: minutes of overload, a thousand models. Not among the tests that
// run by default:
//
//   tests/run.sh --setup soak --suite soak
//
// DEEPFAKE_SOAK_SECONDS and DEEPFAKE_SOAK_SWAPS make it shorter than 600 and 1000.

#include <gst/gst.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/test_model.h"

namespace {

namespace test = dfd::test;

int setting(const char* name, int otherwise) {
  const char* given = std::getenv(name);
  return given != nullptr ? std::max(1, std::atoi(given)) : otherwise;
}

double resident_megabytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0;
  double resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

std::size_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

// A live stream of 25 frames a second with the element in it, and how long frames were in there.
class Stream {
 public:
  Stream(const std::string& properties, const std::string& size) {
    pipeline_ = gst_parse_launch(
        ("videotestsrc is-live=true pattern=smpte horizontal-speed=5 ! "
         "video/x-raw,format=I420," +
         size +
         ",framerate=25/1 ! deepfakedetect name=d inference-region=full-frame messages=none "
         "model-file=" +
         test::shared_model(dfd::Region::kFullFrame) + " " + properties + " ! fakesink sync=false")
            .c_str(),
        nullptr);
    detect_ = gst_bin_get_by_name(GST_BIN(pipeline_), "d");
    probe("sink", enter);
    probe("src", leave);
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }
  ~Stream() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(detect_);
    gst_object_unref(pipeline_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  guint64 stat(const char* name) const {
    GstStructure* stats = nullptr;
    g_object_get(detect_, "stats", &stats, nullptr);
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(stats, name, &value)) << name;
    gst_structure_free(stats);
    return value;
  }

  // The next message of the event "model-updated"; false when it says no.
  bool updated() {
    GstBus* bus = gst_element_get_bus(pipeline_);
    bool success = false;
    while (GstMessage* message =
               gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, GST_MESSAGE_ELEMENT)) {
      gboolean good = FALSE;
      const bool found =
          gst_structure_get_boolean(gst_message_get_structure(message), "success", &good) != FALSE;
      gst_message_unref(message);
      if (!found) continue;
      success = good != FALSE;
      break;
    }
    gst_object_unref(bus);
    return success;
  }

  GstElement* element() { return detect_; }
  int in() const { return in_; }
  int out() const { return out_; }
  double delay_us(double part) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (delays_.empty()) return 0;
    const auto place = delays_.begin() +
                       static_cast<std::ptrdiff_t>(part * static_cast<double>(delays_.size() - 1));
    std::nth_element(delays_.begin(), place, delays_.end());
    return *place;
  }

 private:
  void probe(const char* name, GstPadProbeCallback callback) {
    GstPad* pad = gst_element_get_static_pad(detect_, name);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, this, nullptr);
    gst_object_unref(pad);
  }
  static GstPadProbeReturn enter(GstPad*, GstPadProbeInfo*, gpointer data) {
    auto* self = static_cast<Stream*>(data);
    ++self->in_;
    self->entered_ = gst_util_get_timestamp();
    return GST_PAD_PROBE_OK;
  }
  static GstPadProbeReturn leave(GstPad*, GstPadProbeInfo*, gpointer data) {
    auto* self = static_cast<Stream*>(data);
    ++self->out_;
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->delays_.push_back(static_cast<double>(gst_util_get_timestamp() - self->entered_) / 1e3);
    return GST_PAD_PROBE_OK;
  }

  GstElement* pipeline_;
  GstElement* detect_;
  std::atomic<int> in_{0};
  std::atomic<int> out_{0};
  GstClockTime entered_ = 0;  // One thread pushes.
  std::mutex mutex_;
  std::vector<double> delays_;  // Microseconds.
};

// 64 streams want 320 samples a second; two cores without bfloat16 do 50, with it 250.
TEST(Soak, OverloadDelaysNoVideoAndNeedsNoMoreMemory) {
  const int seconds = setting("DEEPFAKE_SOAK_SECONDS", 600);
  constexpr int kStreams = 64;
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(
        std::make_unique<Stream>("mode=immediate sample-rate=5/1", "width=160,height=120"));
  }
  std::this_thread::sleep_for(std::chrono::seconds(std::max(1, seconds / 10)));
  const double before = resident_megabytes();
  const std::size_t threads_before = threads();
  std::this_thread::sleep_for(std::chrono::seconds(seconds - std::max(1, seconds / 10)));
  const double after = resident_megabytes();
  guint64 samples = 0;
  guint64 skipped = 0;
  double worst = 0;
  int frames = 0;
  for (const auto& stream : streams) {
    samples += stream->stat("samples");
    skipped += stream->stat("samples-skipped-overload");
    worst = std::max(worst, stream->delay_us(0.99));
    frames += stream->out();
    EXPECT_LE(stream->in() - stream->out(), 1);  // One may be inside.
    EXPECT_GE(stream->out(), (seconds - 2) * 25 * 9 / 10);
  }
  std::printf(
      "%d s, %d streams, %d frames: %llu samples, %llu skipped, longest p99 %.0f us, "
      "%.1f MB then %.1f MB\n",
      seconds, kStreams, frames, static_cast<unsigned long long>(samples),
      static_cast<unsigned long long>(skipped), worst, before, after);
  EXPECT_GT(skipped, samples / 10) << "this was no overload";
  EXPECT_GT(samples, 0U);
  EXPECT_LT(after - before, 16);
  EXPECT_LE(threads(), threads_before + 2);
  EXPECT_LT(worst, 40000) << "a frame's time";
}

TEST(Soak, AThousandModelsInTurnLoseNoFrameAndNoMemory) {
  const int swaps = setting("DEEPFAKE_SOAK_SWAPS", 1000);
  const auto folder = test::scratch_folder("soak");
  const std::string other = (folder / "other.safetensors").string();
  test::write_model(other, dfd::Region::kFullFrame, 6);
  Stream stream("mode=immediate", "width=320,height=240");
  // While two models are there memory is higher by one: the least of some swaps is one model's.
  const int some = std::max(1, swaps / 10);
  double before = 1e9;
  double after = 1e9;
  std::size_t threads_before = 0;
  for (int i = 0; i < swaps; ++i) {
    const std::string next = i % 2 == 0 ? other : test::shared_model(dfd::Region::kFullFrame);
    g_object_set(stream.element(), "model-file", next.c_str(), nullptr);
    ASSERT_TRUE(stream.updated()) << i;
    const double now = resident_megabytes();
    if (i >= some && i < 2 * some) {
      before = std::min(before, now);
      threads_before = threads();
    }
    if (i >= swaps - some) after = std::min(after, now);
  }
  std::printf("%d swaps, %d frames, %llu samples, %llu skipped, %.1f MB then %.1f MB\n", swaps,
              stream.out(), static_cast<unsigned long long>(stream.stat("samples")),
              static_cast<unsigned long long>(stream.stat("samples-skipped-overload")), before,
              after);
  EXPECT_EQ(stream.stat("model-swaps"), static_cast<guint64>(swaps));
  EXPECT_LE(stream.in() - stream.out(), 1);
  EXPECT_GT(stream.stat("samples"), 0U);
  EXPECT_LT(after - before, 32);
  EXPECT_LE(threads(), threads_before + 2);
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  gst_init(&argc, &argv);
  return RUN_ALL_TESTS();
}
