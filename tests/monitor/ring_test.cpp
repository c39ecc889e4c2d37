// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The last seconds of streams, and what they may take together.

#include "evidence/ring.h"

#include <gst/gst.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "evidence/ring_room.h"
#include "monitor/program.h"
#include "monitor/rtsp_server.h"

namespace {

using dfd::monitor::ByteCount;
using dfd::monitor::Ring;
using dfd::monitor::RingRoom;
using dfd::monitor::SegmentFile;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::Program;
using dfd::monitor::test::request;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::write_config;

TEST(Ring, WhatCannotBeWrittenIsCountedAndHoldsNobodyUp) {
  gst_init(nullptr, nullptr);
  Ring ring({"/nowhere", std::make_shared<RingRoom>()}, "ch1", std::chrono::seconds(1));
  GstCaps* caps = gst_caps_from_string("video/x-h264,stream-format=byte-stream,alignment=au");
  const std::uint64_t connection = ring.begin();
  // Of a connection that was left behind.
  ring.take(connection - 1, dfd::monitor::Track::kPictures, caps, gst_buffer_new());
  // More than may wait, and nobody comes for it in time: the first one is taken.
  constexpr std::size_t kBytes = std::size_t{9} << 20;
  for (int i = 0; i < 3; ++i) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, kBytes, nullptr);
    GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(i) * GST_SECOND;
    ring.take(connection, dfd::monitor::Track::kPictures, caps, buffer);
  }
  gst_caps_unref(caps);
  EXPECT_EQ(ring.stats().dropped, 2U);
  EXPECT_TRUE(comes_true([&] { return ring.stats().failures == 1; }));
  EXPECT_TRUE(ring.segments().empty());
}

// Has segments of 100 bytes, and gives up the oldest one that is not held.
class Taker : public RingRoom::User {
 public:
  Taker(const std::shared_ptr<RingRoom>& room, int segments)
      : room_(room), used_(std::make_shared<ByteCount>(room->count())) {
    for (int i = 0; i < segments; ++i) {
      const auto file = std::make_shared<SegmentFile>("/nowhere/" + std::to_string(i), used_);
      file->grow(100);
      files_.push_back(file);
    }
    room_->add(this);
  }
  ~Taker() override { room_->remove(this); }
  Taker(const Taker&) = delete;
  Taker& operator=(const Taker&) = delete;

  std::uint64_t bytes() const override { return used_->bytes(); }
  std::shared_ptr<const SegmentFile> give_up() override {
    for (auto file = files_.begin(); file != files_.end(); ++file) {
      if (file->use_count() > 1) continue;
      const std::shared_ptr<const SegmentFile> given = std::move(*file);
      files_.erase(file);
      return given;
    }
    return nullptr;
  }
  std::string oldest() const { return files_.empty() ? "" : files_.front()->path(); }
  std::deque<std::shared_ptr<const SegmentFile>> hold() const { return files_; }

 private:
  std::shared_ptr<RingRoom> room_;
  std::shared_ptr<ByteCount> used_;
  std::deque<std::shared_ptr<const SegmentFile>> files_;
};

TEST(RingRoom, TheOldestOfWhoeverTakesMostGoes) {
  const auto room = std::make_shared<RingRoom>();
  Taker large(room, 5);
  Taker small(room, 2);
  EXPECT_TRUE(room->make_room(small));
  EXPECT_EQ(room->bytes(), 700U);
  room->set_most(600);
  EXPECT_TRUE(room->make_room(small));
  EXPECT_EQ(large.bytes(), 400U);
  EXPECT_EQ(large.oldest(), "/nowhere/1");
  EXPECT_EQ(small.bytes(), 200U);
  room->set_most(350);
  EXPECT_TRUE(room->make_room(large));
  EXPECT_EQ(room->bytes(), 300U);
  EXPECT_GE(small.bytes(), 100U);
}

TEST(RingRoom, WhatIsHeldStaysAndWhoHoldsItWaits) {
  const auto room = std::make_shared<RingRoom>();
  Taker alarmed(room, 5);
  Taker quiet(room, 1);
  auto held = alarmed.hold();
  room->set_most(400);
  EXPECT_FALSE(room->make_room(alarmed));
  EXPECT_EQ(alarmed.bytes(), 500U);
  // It has less than half of the room.
  EXPECT_EQ(quiet.bytes(), 0U);
  EXPECT_TRUE(room->make_room(quiet));
  held.clear();
  EXPECT_TRUE(room->make_room(alarmed));
  EXPECT_EQ(alarmed.bytes(), 400U);
}

double metric(const Program& program, const std::string& name) {
  const std::string text = request("GET", program.address() + "/metrics").body;
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(text.c_str() + at + name.size() + 2);
}

TEST(Run, ARingThatIsFullCostsItsOldestSecondsAlone) {
  // 0.4 MB in 2 s; 36 s are wanted of it.
  RtspServer server(
      "( videotestsrc is-live=true pattern=snow ! "
      "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! x264enc tune=zerolatency "
      "speed-preset=ultrafast key-int-max=25 bitrate=1600 ! rtph264pay name=pay0 pt=96 )");
  Program program({"run", write_config("ring_full.toml", server.uri(),
                                       "evidence = {pre_roll_s = 30}\n"
                                       "[evidence]\nring_max_bytes = 1e6\n")});
  ASSERT_TRUE(comes_true([&] { return program.told_stream("playing", ""); })) << program.all();
  EXPECT_TRUE(comes_true([&] {
    return metric(program, "deepfake_recording_lost_total{stream=\"ch1\"}") >= 1;
  })) << program.all();
  // A packet or two above, until it is seen.
  EXPECT_LT(metric(program, "deepfake_ring_bytes"), 1.1e6);
  EXPECT_GT(metric(program, "deepfake_ring_bytes"), 2e5);
  const std::string said = "evidence.ring_max_bytes";
  const std::string log = program.err();
  EXPECT_NE(log.find(said), std::string::npos);
  EXPECT_EQ(log.find(said), log.rfind(said));
  EXPECT_EQ(program.stop(), 0) << program.all();
}

}  // namespace
