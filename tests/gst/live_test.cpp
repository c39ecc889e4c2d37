// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element beside others and on live streams: who waits for whom, what is held, told, swapped.

#include <gst/check/gstharness.h>
#include <gst/gst.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "pipelines.h"
#include "support/test_model.h"

namespace {

namespace test = dfd::test;

// The full-frame model under another name and with other content: another digest.
std::string second_model() {
  const std::filesystem::path path = std::filesystem::path(DFD_TEST_SCRATCH) / "second.safetensors";
  if (!std::filesystem::exists(path)) test::write_model(path, dfd::Region::kFullFrame, 6);
  return path.string();
}

std::string full_frame(const std::string& properties) {
  return "deepfakedetect name=d inference-region=full-frame model-file=" +
         test::shared_model(dfd::Region::kFullFrame) + " " + properties;
}

// A stream in a pipeline of its own whose frames are counted at the element's source pad.
class Stream {
 public:
  explicit Stream(const std::string& line) : pipeline_(gst_parse_launch(line.c_str(), nullptr)) {
    detect_ = gst_bin_get_by_name(GST_BIN(pipeline_), "d");
    GstPad* pad = gst_element_get_static_pad(detect_, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, test::count_frame, &frames_, nullptr);
    gst_object_unref(pad);
  }
  ~Stream() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(detect_);
    gst_object_unref(pipeline_);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void play() { gst_element_set_state(pipeline_, GST_STATE_PLAYING); }

  // The next message of these types; null when none comes.
  GstMessage* next(GstMessageType types) {
    GstBus* bus = gst_element_get_bus(pipeline_);
    GstMessage* message = gst_bus_timed_pop_filtered(bus, 60 * GST_SECOND, types);
    gst_object_unref(bus);
    return message;
  }

  // Waits for a message "deepfakedetect" with this event; null when there is none before the end.
  GstStructure* event(const char* name) {
    const auto types =
        static_cast<GstMessageType>(GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    while (GstMessage* message = next(types)) {
      GstStructure* found = nullptr;
      const bool ours = gst_message_has_name(message, "deepfakedetect") != FALSE;
      const GstStructure* structure = gst_message_get_structure(message);
      if (ours && std::string(gst_structure_get_string(structure, "event")) == name) {
        found = gst_structure_copy(structure);
      }
      const bool last = GST_MESSAGE_TYPE(message) != GST_MESSAGE_ELEMENT;
      gst_message_unref(message);
      if (found != nullptr || last) return found;
    }
    return nullptr;
  }

  bool plays_to_the_end() {
    GstMessage* message = next(static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const bool ended = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    if (message != nullptr) gst_message_unref(message);
    return ended;
  }

  guint64 stat(const char* name) const { return stat_of(detect_, name); }

  static guint64 stat_of(GstElement* detect, const char* name) {
    GstStructure* stats = nullptr;
    g_object_get(detect, "stats", &stats, nullptr);
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(stats, name, &value)) << name;
    gst_structure_free(stats);
    return value;
  }

  GstElement* element() { return detect_; }
  GstElement* pipeline() { return pipeline_; }
  int frames() const { return frames_; }

 private:
  GstElement* pipeline_;
  GstElement* detect_;
  int frames_ = 0;
};

// Blocks whoever pushes through a pad until it is opened, and can be waited for.
struct Barrier {
  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false;
  bool open = false;

  static GstPadProbeReturn hold(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer data) {
    auto* self = static_cast<Barrier*>(data);
    std::unique_lock<std::mutex> lock(self->mutex);
    self->reached = true;
    self->changed.notify_all();
    self->changed.wait(lock, [&] { return self->open; });
    return GST_PAD_PROBE_OK;
  }
  void await() {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return reached; });
  }
  void release() {
    const std::lock_guard<std::mutex> lock(mutex);
    open = true;
    changed.notify_all();
  }
};

TEST(Live, AStreamWhoseSinkIsHeldDelaysNoOther) {
  Stream held(test::kTestSource + full_frame("") + " ! fakesink name=s");
  Barrier barrier;
  GstElement* sink = gst_bin_get_by_name(GST_BIN(held.pipeline()), "s");
  GstPad* pad = gst_element_get_static_pad(sink, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, Barrier::hold, &barrier, nullptr);
  gst_object_unref(pad);
  gst_object_unref(sink);
  held.play();
  barrier.await();

  Stream free(test::kTestSource + full_frame("messages=every-window") + " ! fakesink");
  free.play();
  EXPECT_TRUE(free.plays_to_the_end());
  EXPECT_EQ(free.frames(), 60);
  EXPECT_EQ(free.stat("samples"), 24U);
  EXPECT_EQ(free.stat("windows"), 24U - test::kTestWindow + 1);
  EXPECT_EQ(held.frames(), 1);
  barrier.release();
  EXPECT_TRUE(held.plays_to_the_end());
}

TEST(Live, AStreamThatFailsDelaysNoOther) {
  Stream free(test::kTestSource + full_frame("") + " ! fakesink");
  Stream broken(test::kTestSource + full_frame("") + " ! fakesink");
  GstPad* pad = gst_element_get_static_pad(broken.element(), "src");
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo* info, gpointer) {
        gst_buffer_unref(gst_pad_probe_info_get_buffer(info));
        GST_PAD_PROBE_INFO_DATA(info) = nullptr;
        GST_PAD_PROBE_INFO_FLOW_RETURN(info) = GST_FLOW_ERROR;
        return GST_PAD_PROBE_HANDLED;
      },
      nullptr, nullptr);
  gst_object_unref(pad);
  broken.play();
  free.play();
  EXPECT_FALSE(broken.plays_to_the_end());
  EXPECT_TRUE(free.plays_to_the_end());
  EXPECT_EQ(free.stat("samples"), 24U);
}

TEST(Live, AModelSetWhilePlayingTakesOver) {
  Stream stream(
      "videotestsrc is-live=true pattern=smpte horizontal-speed=5 ! "
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! " +
      full_frame("messages=every-window") + " ! fakesink");
  stream.play();
  GstStructure* score = stream.event("score");
  ASSERT_NE(score, nullptr);
  const std::string before = gst_structure_get_string(score, "model-id");
  gst_structure_free(score);

  g_object_set(stream.element(), "model-file", second_model().c_str(), nullptr);
  GstStructure* told = stream.event("model-updated");
  ASSERT_NE(told, nullptr);
  gboolean success = FALSE;
  EXPECT_TRUE(gst_structure_get_boolean(told, "success", &success));
  EXPECT_TRUE(success);
  const std::string after = gst_structure_get_string(told, "model-id");
  EXPECT_NE(after, before);
  EXPECT_STREQ(gst_structure_get_string(told, "model-file"), second_model().c_str());
  EXPECT_FALSE(gst_structure_has_field(told, "model-file-hex"));
  EXPECT_FALSE(gst_structure_has_field(told, "error"));
  gst_structure_free(told);

  score = stream.event("score");
  ASSERT_NE(score, nullptr);
  EXPECT_EQ(gst_structure_get_string(score, "model-id"), after);
  gst_structure_free(score);
  EXPECT_EQ(stream.stat("model-swaps"), 1U);
}

// Another kind of network, whose windows are other things.
TEST(Live, AModelOfClipsTakesOverAndGivesBack) {
  Stream stream(
      "videotestsrc is-live=true pattern=smpte horizontal-speed=5 ! "
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! " +
      full_frame("messages=every-window explain=true") + " ! fakesink");
  stream.play();
  std::string before;
  for (const std::string& model : {test::clip_model(), second_model(), test::clip_model()}) {
    g_object_set(stream.element(), "model-file", model.c_str(), nullptr);
    GstStructure* told = stream.event("model-updated");
    ASSERT_NE(told, nullptr);
    gboolean success = FALSE;
    EXPECT_TRUE(gst_structure_get_boolean(told, "success", &success));
    EXPECT_TRUE(success) << gst_structure_get_string(told, "error");
    const std::string after = gst_structure_get_string(told, "model-id");
    EXPECT_NE(after, before);
    gst_structure_free(told);
    GstStructure* score = stream.event("score");
    ASSERT_NE(score, nullptr);
    EXPECT_EQ(gst_structure_get_string(score, "model-id"), after);
    gst_structure_free(score);
    before = after;
  }
  EXPECT_EQ(stream.stat("model-swaps"), 3U);
  // Its pictures of 32 pixels, and no more.
  EXPECT_EQ(stream.stat("window-bytes"), static_cast<guint64>(test::kTestWindow) * 32 * 32 * 3);
}

// At the start, and when another one comes; by whichever property heatmaps are asked for.
TEST(Live, HeatmapsThatCannotComeAreWarnedOf) {
  for (const char* asked : {"explain=true", "overlay=heatmap"}) {
    SCOPED_TRACE(asked);
    Stream stream(test::kTestSource + full_frame(asked) + " ! fakesink");
    g_object_set(stream.element(), "model-file", test::plain_model().c_str(), nullptr);
    stream.play();
    GstMessage* message = stream.next(GST_MESSAGE_WARNING);
    ASSERT_NE(message, nullptr);
    GError* warning = nullptr;
    gst_message_parse_warning(message, &warning, nullptr);
    EXPECT_NE(std::string(warning->message).find("cannot be explained"), std::string::npos)
        << warning->message;
    g_error_free(warning);
    gst_message_unref(message);
    EXPECT_TRUE(stream.plays_to_the_end());
    EXPECT_GT(stream.stat("windows"), 0U);
  }
}

TEST(Live, AModelThatCannotBeLoadedLeavesTheOldOne) {
  Stream stream(
      "videotestsrc is-live=true pattern=smpte horizontal-speed=5 ! "
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! " +
      full_frame("messages=every-window") + " ! fakesink");
  stream.play();
  GstStructure* score = stream.event("score");
  ASSERT_NE(score, nullptr);
  const std::string before = gst_structure_get_string(score, "model-id");
  gst_structure_free(score);
  g_object_set(stream.element(), "model-file", "/nowhere/m.safetensors", nullptr);
  GstStructure* told = stream.event("model-updated");
  ASSERT_NE(told, nullptr);
  gboolean success = TRUE;
  EXPECT_TRUE(gst_structure_get_boolean(told, "success", &success));
  EXPECT_FALSE(success);
  EXPECT_EQ(gst_structure_get_string(told, "model-id"), before);
  EXPECT_NE(std::string(gst_structure_get_string(told, "error")).find("/nowhere/m.safetensors"),
            std::string::npos);
  gst_structure_free(told);
  score = stream.event("score");
  ASSERT_NE(score, nullptr);
  EXPECT_EQ(gst_structure_get_string(score, "model-id"), before);
  gst_structure_free(score);
  EXPECT_EQ(stream.stat("model-swaps"), 0U);
}

TEST(Live, AModelFileMayHaveAnyName) {
  const std::string path = std::string(DFD_TEST_SCRATCH) + "/caf\xE9.safetensors";  // Latin 1.
  std::filesystem::remove(path);
  Stream stream(
      "videotestsrc is-live=true pattern=smpte horizontal-speed=5 ! "
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! " +
      full_frame("") + " ! fakesink");
  stream.play();
  for (const bool there : {false, true}) {
    if (there) std::filesystem::copy_file(second_model(), path);
    g_object_set(stream.element(), "model-file", path.c_str(), nullptr);
    GstStructure* told = stream.event("model-updated");
    ASSERT_NE(told, nullptr);
    gboolean success = FALSE;
    EXPECT_TRUE(gst_structure_get_boolean(told, "success", &success));
    EXPECT_EQ(success != FALSE, there);
    const std::string file = gst_structure_get_string(told, "model-file");
    EXPECT_EQ(file, std::string(DFD_TEST_SCRATCH) + "/caf\xEF\xBF\xBD.safetensors");
    const std::string bytes = gst_structure_get_string(told, "model-file-hex");
    EXPECT_NE(bytes.find("636166e92e73616665"), std::string::npos) << bytes;
    if (!there) {
      EXPECT_NE(std::string(gst_structure_get_string(told, "error")).find(file), std::string::npos);
    }
    gst_structure_free(told);
  }
}

TEST(Live, TenSwapsLoseNoFrame) {
  Stream stream(test::kTestSource + full_frame("") + " ! fakesink");
  struct Swaps {
    Stream& stream;
    int frames = 0;
    guint64 done = 0;
  } swaps{stream};
  GstPad* pad = gst_element_get_static_pad(stream.element(), "sink");
  gst_pad_add_probe(
      pad, GST_PAD_PROBE_TYPE_BUFFER,
      [](GstPad*, GstPadProbeInfo*, gpointer data) {
        auto* all = static_cast<Swaps*>(data);
        if (all->frames++ % 6 != 3) return GST_PAD_PROBE_OK;
        const std::string other =
            all->done % 2 == 0 ? second_model() : test::shared_model(dfd::Region::kFullFrame);
        g_object_set(all->stream.element(), "model-file", other.c_str(), nullptr);
        // The next frame comes when it is in force, or names that follow would overtake it.
        ++all->done;
        while (all->stream.stat("model-swaps") < all->done) g_usleep(1000);
        return GST_PAD_PROBE_OK;
      },
      &swaps, nullptr);
  gst_object_unref(pad);
  stream.play();
  EXPECT_TRUE(stream.plays_to_the_end());
  EXPECT_EQ(stream.frames(), 60);
  EXPECT_EQ(stream.stat("model-swaps"), 10U);
  EXPECT_EQ(stream.stat("samples-skipped-overload"), 0U);
}

// A harness that calls itself live, around an element with caps set.
class LiveHarness : public testing::Test {
 protected:
  ~LiveHarness() override {
    if (harness_ != nullptr) gst_harness_teardown(harness_);
  }
  void start(const std::string& properties) {
    harness_ = gst_harness_new_parse(full_frame(properties).c_str());
    gst_harness_set_src_caps_str(harness_, kCaps);
    GstCaps* caps = gst_caps_from_string(kCaps);
    gst_video_info_from_caps(&info_, caps);
    gst_caps_unref(caps);
  }
  void push(int number) {
    ASSERT_EQ(gst_harness_push(harness_, test::make_frame(info_, number)), GST_FLOW_OK);
  }
  guint64 stat(const char* name) {
    GstElement* detect = gst_harness_find_element(harness_, "deepfakedetect");
    const guint64 value = Stream::stat_of(detect, name);
    gst_object_unref(detect);
    return value;
  }

  static constexpr const char* kCaps =
      "video/x-raw,format=I420,width=320,height=240,framerate=25/1";
  GstHarness* harness_ = nullptr;
  GstVideoInfo info_{};
};

TEST_F(LiveHarness, ImmediateAddsNoLatency) {
  start("mode=immediate");
  gst_harness_set_upstream_latency(harness_, 30 * GST_MSECOND);
  for (int i = 0; i < 20; ++i) push(i);
  EXPECT_EQ(gst_harness_query_latency(harness_), 30 * GST_MSECOND);
}

// Decoders have few buffers: what an element keeps, they wait for.
TEST_F(LiveHarness, KeepsNoMoreThanTwoFrames) {
  start("mode=immediate");
  std::atomic<int> alive{0};
  for (int i = 0; i < 60; ++i) {
    GstBuffer* buffer = test::make_frame(info_, i);
    ++alive;
    gst_mini_object_weak_ref(
        GST_MINI_OBJECT(gst_buffer_peek_memory(buffer, 0)),
        [](gpointer data, GstMiniObject*) { --*static_cast<std::atomic<int>*>(data); }, &alive);
    ASSERT_EQ(gst_harness_push(harness_, buffer), GST_FLOW_OK);
    gst_buffer_unref(gst_harness_pull(harness_));
    ASSERT_LE(alive, 2) << i;
  }
  gst_harness_teardown(std::exchange(harness_, nullptr));
  EXPECT_EQ(alive, 0);
}

TEST_F(LiveHarness, CompleteTellsTheLongestWait) {
  start("mode=complete");
  gst_harness_set_upstream_latency(harness_, 30 * GST_MSECOND);
  EXPECT_EQ(gst_harness_query_latency(harness_), 30 * GST_MSECOND);
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(harness_->element, bus);
  push(0);
  EXPECT_GT(gst_harness_query_latency(harness_), 30 * GST_MSECOND);
  // The pipeline is asked to find out.
  GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_LATENCY);
  EXPECT_NE(message, nullptr);
  if (message != nullptr) gst_message_unref(message);
  gst_element_set_bus(harness_->element, nullptr);
  gst_object_unref(bus);
}

TEST_F(LiveHarness, FramesThatAreLateAlreadyDoNotWait) {
  start("mode=complete");
  push(0);
  EXPECT_EQ(stat("samples"), 1U);
  gst_harness_push_upstream_event(
      harness_, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2.0, 60 * GST_SECOND, 0));
  for (int i = 3; i < 60; ++i) push(i);
  EXPECT_EQ(gst_harness_buffers_received(harness_), 58U);
  // Nobody waited, so samples came faster than they can be analysed.
  EXPECT_GT(stat("samples-skipped-overload"), 0U);
}

TEST_F(LiveHarness, AGapEventTakesAuthenticBack) {
  // With this threshold nothing but certainty is suspicious.
  start("mode=complete threshold=1");
  GstBus* bus = gst_bus_new();
  gst_element_set_bus(harness_->element, bus);
  const auto last_message = [&] {
    std::string told;
    while (GstMessage* message = gst_bus_pop_filtered(bus, GST_MESSAGE_ELEMENT)) {
      const GstStructure* structure = gst_message_get_structure(message);
      told = std::string(gst_structure_get_string(structure, "verdict")) + " " +
             gst_structure_get_string(structure, "reason");
      gst_message_unref(message);
    }
    return told;
  };
  for (int i = 0; i < 60; ++i) push(i);
  EXPECT_EQ(last_message(), "authentic none");
  gst_harness_push_event(harness_, gst_event_new_gap(60 * 40 * GST_MSECOND, 100 * GST_MSECOND));
  EXPECT_EQ(last_message(), "");
  gst_harness_push_event(harness_, gst_event_new_gap(62 * 40 * GST_MSECOND, 10 * GST_SECOND));
  EXPECT_EQ(last_message(), "undecided gap");
  gst_element_set_bus(harness_->element, nullptr);
  gst_object_unref(bus);
}

TEST(Live, AutoIsImmediateOnALiveSource) {
  Stream live("videotestsrc is-live=true num-buffers=10 ! video/x-raw,framerate=25/1 ! " +
              full_frame("") + " ! fakesink sync=false");
  live.play();
  EXPECT_TRUE(live.plays_to_the_end());
  GstQuery* query = gst_query_new_latency();
  GstPad* pad = gst_element_get_static_pad(live.element(), "src");
  ASSERT_TRUE(gst_pad_query(pad, query));
  gboolean is_live = FALSE;
  GstClockTime least = 0;
  gst_query_parse_latency(query, &is_live, &least, nullptr);
  EXPECT_TRUE(is_live);
  EXPECT_EQ(least, 40 * GST_MSECOND);  // The source's own frame: nothing of ours.
  gst_query_unref(query);
  gst_object_unref(pad);
}

}  // namespace
