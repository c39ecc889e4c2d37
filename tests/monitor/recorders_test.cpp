// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Recorders that come and go with the configuration.

#include "service/recorders.h"

#include <fcntl.h>
#include <gst/gst.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "evidence/clip_maker.h"
#include "evidence/picture_maker.h"
#include "monitor/program.h"

namespace {

namespace fs = std::filesystem;
using dfd::monitor::ClipMaker;
using dfd::monitor::Moment;
using dfd::monitor::now;
using dfd::monitor::PictureMaker;
using dfd::monitor::Recorder;
using dfd::monitor::Recorders;
using dfd::monitor::RingPlace;
using dfd::monitor::RingRoom;
using dfd::monitor::StreamConfig;
using dfd::monitor::Track;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::scratch;

class RecordersTest : public testing::Test {
 protected:
  RecordersTest() {
    gst_init(nullptr, nullptr);
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    config_.id = "ch1";
    config_.evidence.wanted = true;
    clips_ = std::make_unique<ClipMaker>(folder_, dfd::monitor::EvidenceLimits());
  }

  Recorders made_for(const std::string& rings) {
    return Recorders(
        [this, rings](const StreamConfig& config) {
          return config.evidence.wanted ? std::make_unique<Recorder>(
                                              config, RingPlace{rings, room_}, *clips_, pictures_)
                                        : nullptr;
        },
        config_);
  }

  // A keyframe of so many bytes.
  static void bring(dfd::monitor::Tap& tap, std::uint64_t connection, std::size_t bytes) {
    GstCaps* caps = gst_caps_from_string("video/x-h264,stream-format=byte-stream,alignment=au");
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
    GST_BUFFER_PTS(buffer) = GST_SECOND;
    tap.take(connection, Track::kPictures, caps, buffer);
    gst_caps_unref(caps);
  }

  std::string folder_ = scratch("recorders");
  StreamConfig config_;
  std::unique_ptr<ClipMaker> clips_;
  std::shared_ptr<RingRoom> room_ = std::make_shared<RingRoom>();
  std::shared_ptr<PictureMaker> pictures_ = std::make_shared<PictureMaker>();
};

TEST_F(RecordersTest, WhatTheLastOneLostStaysCounted) {
  Recorders recorders = made_for("/nowhere");
  const auto tap = recorders.tap();
  bring(*tap, tap->begin(), 1);
  ASSERT_TRUE(comes_true([&] { return recorders.lost() == 1; }));
  config_.evidence.wanted = false;
  recorders.replace(now(), config_);
  EXPECT_EQ(recorders.current(), nullptr);
  EXPECT_EQ(recorders.lost(), 1U);
  EXPECT_TRUE(comes_true([&] { return recorders.update(now()); }));
  EXPECT_EQ(recorders.lost(), 1U);
}

TEST_F(RecordersTest, NobodyWaitsForOneThatDoesNotEnd) {
  // Whoever opens such a file to write waits for one who reads. Rings of a process are counted.
  constexpr int kMostRings = 200;
  std::vector<std::string> files;
  for (int ring = 0; ring < kMostRings; ++ring) {
    files.push_back(folder_ + "/ch1-" + std::to_string(ring) + "-0.ts");
    ASSERT_EQ(mkfifo(files.back().c_str(), 0600), 0);
  }
  Recorders recorders = made_for(folder_);
  const auto tap = recorders.tap();
  const std::uint64_t connection = tap->begin();
  // Two of them are more than may wait.
  constexpr std::size_t kBytes = std::size_t{9} << 20;
  bring(*tap, connection, kBytes);
  // Until the first one is being written.
  ASSERT_TRUE(comes_true([&] {
    const std::uint64_t lost = recorders.lost();
    bring(*tap, connection, kBytes);
    return recorders.lost() == lost;
  }));
  const std::uint64_t lost = recorders.lost();
  config_.evidence.wanted = false;
  Moment time = now();
  recorders.replace(time, config_);
  EXPECT_FALSE(recorders.update(time));
  time.steady += Recorders::kEndLimit;
  EXPECT_TRUE(recorders.update(time));
  EXPECT_GE(recorders.lost(), lost);
  // It ends by itself then.
  std::vector<int> readers;
  for (const std::string& file : files) {
    readers.push_back(open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  }
  EXPECT_TRUE(comes_true([&] { return tap.use_count() == 1; }));
  for (const int reader : readers) close(reader);
}

}  // namespace
