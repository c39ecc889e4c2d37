// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is known of a stream, and what is said of it.

#include "service/watched_stream.h"

#include <gst/gst.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "config/config.h"
#include "gstdeepfakemeta.h"
#include "monitor/program.h"
#include "service/known.h"
#include "streams/watch.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 3s
using dfd::monitor::AlarmState;
using dfd::monitor::Finding;
using dfd::monitor::Known;
using dfd::monitor::Moment;
using dfd::monitor::NotifyLimit;
using dfd::monitor::now;
using dfd::monitor::parse_config;
using dfd::monitor::ResultWatch;
using dfd::monitor::StoredAlarm;
using dfd::monitor::StreamAlarms;
using dfd::monitor::StreamSnapshot;
using dfd::monitor::Time;
using dfd::monitor::Verdict;
using dfd::monitor::Watch;
using dfd::monitor::WatchedStream;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::forged_clip;

// Stands for the element: whatever result the pictures are given, they have.
class Judged {
 public:
  Judged() {
    gst_init(nullptr, nullptr);
    pipeline_ = gst_parse_launch("identity name=detect ! fakesink async=false", nullptr);
    detect_ = gst_bin_get_by_name(GST_BIN(pipeline_), "detect");
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
    sink_ = gst_element_get_static_pad(detect_, "sink");
    gst_pad_send_event(sink_, gst_event_new_stream_start("test"));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_send_event(sink_, gst_event_new_segment(&segment));
  }
  ~Judged() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(sink_);
    gst_object_unref(detect_);
    gst_object_unref(pipeline_);
  }
  Judged(const Judged&) = delete;
  Judged& operator=(const Judged&) = delete;

  // A picture leaves with the result of the one that was analysed at this time.
  void pass(GstClockTime analysed) {
    GstBuffer* buffer = gst_buffer_new();
    gst_buffer_add_deepfake_meta(buffer, "ch1", "0123456789ab", 320, 180, nullptr, 0)
        ->running_time = analysed;
    EXPECT_EQ(gst_pad_chain(sink_, buffer), GST_FLOW_OK);
  }
  GstElement* element() const { return detect_; }

 private:
  GstElement* pipeline_ = nullptr;
  GstElement* detect_ = nullptr;
  GstPad* sink_ = nullptr;
};

Finding authentic() {
  Finding finding;
  finding.verdict = Verdict::kAuthentic;
  finding.reason = "none";
  finding.probability = 0.1;
  finding.threshold = 0.7;
  finding.model_id = "0123456789ab";
  return finding;
}

TEST(WhatIsKnown, IsNotKnownAnyMoreWhereNothingNewComes) {
  Judged judged;
  Known known;
  known.watch(judged.element());
  known.hear(authentic());
  // The first result may take as long as it does.
  EXPECT_FALSE(known.update(now().steady + 1h));
  judged.pass(0);
  const Time first = now().steady;
  EXPECT_FALSE(known.update(first + ResultWatch::kLasts - 1s));
  EXPECT_EQ(known.finding().verdict, Verdict::kAuthentic);
  // Pictures go on, and have the same result.
  judged.pass(0);
  judged.pass(GST_CLOCK_TIME_NONE);
  EXPECT_TRUE(known.update(first + ResultWatch::kLasts));
  EXPECT_EQ(known.finding().verdict, Verdict::kUndecided);
  EXPECT_EQ(known.finding().reason, "overload");
  EXPECT_FALSE(known.finding().probability);
  EXPECT_EQ(known.finding().threshold, 0.7);
  EXPECT_FALSE(known.update(first + 1h));
  // What is found again need not be told again.
  judged.pass(GST_SECOND);
  EXPECT_TRUE(known.update(now().steady));
  EXPECT_EQ(known.finding().verdict, Verdict::kAuthentic);
}

TEST(WhatIsKnown, IsForgottenWithTheConnection) {
  Judged judged;
  Known known;
  known.watch(judged.element());
  known.hear(authentic());
  judged.pass(0);
  known.update(now().steady + 1h);
  known.forget("stall");
  EXPECT_EQ(known.finding().reason, "stall");
  EXPECT_EQ(known.finding().model_id, "0123456789ab");
  EXPECT_FALSE(known.update(now().steady + 2h));
  EXPECT_EQ(known.finding().reason, "stall");
}

TEST(ResultWatch, WaitsForThoseWhoWantFewSamples) {
  gst_init(nullptr, nullptr);
  GstElement* detect = gst_element_factory_make("deepfakedetect", nullptr);
  ASSERT_NE(detect, nullptr);
  EXPECT_EQ(ResultWatch(detect).lasts(), ResultWatch::kLasts);
  gst_util_set_object_arg(G_OBJECT(detect), "sample-rate", "1/10");
  EXPECT_EQ(ResultWatch(detect).lasts(), 30s);
  gst_object_unref(detect);
}

class AWatchedStream : public testing::Test {
 protected:
  AWatchedStream() { gst_init(nullptr, nullptr); }

  std::unique_ptr<WatchedStream> watched(const std::string& id, const std::string& uri,
                                         StreamSnapshot left = {}) {
    const std::string text = "version = 1\n[[stream]]\nid = \"" + id + "\"\nuri = \"" + uri +
                             "\"\n[stream.alarm]\nwindow_s = 0\nhold_s = 1\ncooldown_s = 0\n";
    return std::make_unique<WatchedStream>(parse_config(text, "test").streams.front(), 0.1,
                                           std::move(left), limit_,
                                           [](const WatchedStream::Told&) {});
  }
  void watch(const std::string& uri, StreamSnapshot left = {}) {
    stream_ = watched("ch1", uri, std::move(left));
  }
  ~AWatchedStream() override {
    if (stream_ == nullptr) return;
    stream_->stream().close(now());
    EXPECT_TRUE(comes_true([this] { return stream_->stream().is_closed(now()); }));
  }

  bool becomes(const std::function<bool()>& fact) {
    return comes_true([&] {
      while (g_main_context_iteration(nullptr, FALSE) != FALSE) {
      }
      stream_->update(now());
      return fact();
    });
  }
  bool is_judged() const { return stream_->status(now()).verdict != "undecided"; }
  bool is_unknown(const std::string& reason) const {
    return !is_judged() && stream_->status(now()).reason == reason;
  }
  const StreamAlarms::Rule& face() const { return stream_->alarms().face(); }

  NotifyLimit limit_{std::nullopt};
  std::unique_ptr<WatchedStream> stream_;
};

GstPadProbeReturn drop(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer /*data*/) {
  return GST_PAD_PROBE_DROP;
}

TEST_F(AWatchedStream, IsNotKnownWherePicturesPassAndNoneIsAnalysed) {
  const std::string clip = forged_clip();
  ASSERT_FALSE(clip.empty());
  watch("file://" + clip);
  ASSERT_TRUE(becomes([this] { return is_judged() && face().is_seen(); }));
  // They were counted by then.
  GstPad* pad = gst_element_get_static_pad(stream_->stream().connection()->detect(), "sink");
  const gulong probe = gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, drop, nullptr, nullptr);
  EXPECT_TRUE(becomes([this] { return is_unknown("overload"); }));
  EXPECT_TRUE(stream_->stream().is_live(now()));
  // The alarm goes on, and a canary would be silent.
  EXPECT_EQ(face().alarm.state(), AlarmState::kFiring);
  EXPECT_TRUE(face().alarm.record().data_lost);
  EXPECT_FALSE(face().is_seen());
  gst_pad_remove_probe(pad, probe);
  gst_object_unref(pad);
  EXPECT_TRUE(becomes([this] { return is_judged() && face().is_seen(); }));
}

TEST_F(AWatchedStream, AnAlarmThatCameBackIsNotSeenBeforeAPicture) {
  StreamSnapshot left;
  StoredAlarm alarm;
  alarm.stream = "ch1";
  alarm.rule = "face";
  alarm.state = AlarmState::kFiring;
  left.open_alarms = {alarm};
  watch("rtsp://127.0.0.1:1/a", left);
  stream_->update(now());
  EXPECT_EQ(face().alarm.state(), AlarmState::kFiring);
  EXPECT_FALSE(face().is_seen());
}

// Holds the pictures up until it is let go.
class HeldUp {
 public:
  explicit HeldUp(GstElement* detect) : pad_(gst_element_get_static_pad(detect, "sink")) {
    gst_pad_add_probe(pad_, GST_PAD_PROBE_TYPE_BUFFER, on_picture, this, nullptr);
  }
  ~HeldUp() { gst_object_unref(pad_); }
  HeldUp(const HeldUp&) = delete;
  HeldUp& operator=(const HeldUp&) = delete;

  bool holds() const { return holds_; }
  bool has_let_go() const { return has_let_go_; }
  void let_go() { goes_.set_value(); }

 private:
  static GstPadProbeReturn on_picture(GstPad* /*pad*/, GstPadProbeInfo* /*info*/, gpointer data) {
    auto* self = static_cast<HeldUp*>(data);
    self->holds_ = true;
    self->went_.wait();
    self->has_let_go_ = true;
    return GST_PAD_PROBE_REMOVE;
  }

  GstPad* pad_;
  std::atomic<bool> holds_{false};
  std::atomic<bool> has_let_go_{false};
  std::promise<void> goes_;
  std::shared_future<void> went_ = goes_.get_future().share();
};

TEST_F(AWatchedStream, ThatHangsInItsStateChangeHoldsNoOtherUp) {
  const std::string clip = forged_clip();
  ASSERT_FALSE(clip.empty());
  const auto other = watched("ch2", "file://" + clip);
  const auto frames = [&] { return other->snapshot().counters[{"frames", ""}]; };
  watch("file://" + clip);
  ASSERT_TRUE(becomes([&] {
    other->update(now());
    return stream_->stream().is_live(now()) && frames() > 0;
  }));
  HeldUp held(stream_->stream().connection()->detect());
  ASSERT_TRUE(comes_true([&] { return held.holds(); }));
  stream_->leave(now());
  const double before = frames();
  EXPECT_TRUE(becomes([&] {
    other->update(now());
    return frames() >= before + 50;
  }));
  EXPECT_FALSE(held.has_let_go());
  EXPECT_FALSE(stream_->is_closed(now()));
  held.let_go();
  other->stream().close(now());
  EXPECT_TRUE(comes_true([&] { return other->stream().is_closed(now()); }));
}

TEST_F(AWatchedStream, KnowsThatItsPipelineWasLeftBehind) {
  const std::string clip = forged_clip();
  ASSERT_FALSE(clip.empty());
  watch("file://" + clip);
  ASSERT_TRUE(becomes([this] { return stream_->stream().is_live(now()); }));
  HeldUp held(stream_->stream().connection()->detect());
  ASSERT_TRUE(comes_true([&] { return held.holds(); }));
  Moment time = now();
  stream_->leave(time);
  EXPECT_FALSE(stream_->is_closed(time));
  EXPECT_FALSE(stream_->stream().is_left_behind());
  time.steady += Watch::kCloseLimit;
  EXPECT_TRUE(stream_->is_closed(time));
  EXPECT_TRUE(stream_->stream().is_left_behind());
  stream_->count_stuck();
  EXPECT_EQ(stream_->snapshot().counters.at({"failures", "stuck"}), 1);
  // It ends by itself then.
  held.let_go();
  EXPECT_TRUE(comes_true([&] { return held.has_let_go(); }));
}

}  // namespace
