// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures and clips of real streams.

#include <string>

#include <gtest/gtest.h>

#include "evidence/picture_maker.h"
#include "monitor/program.h"
#include "monitor/rtsp_server.h"

namespace {

using dfd::monitor::jpeg_of;
using dfd::monitor::Sample;
using dfd::monitor::test::Answer;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::Program;
using dfd::monitor::test::request;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::write_config;

// Width and height from the header of the coded picture.
std::pair<int, int> size_of(const std::string& jpeg) {
  const auto at = [&](std::size_t i) { return int(static_cast<unsigned char>(jpeg.at(i))); };
  if (jpeg.size() < 4 || at(0) != 0xff || at(1) != 0xd8) return {0, 0};
  for (std::size_t i = 2; i + 8 < jpeg.size(); i += std::size_t(2 + at(i + 2) * 256 + at(i + 3))) {
    if (at(i + 1) == 0xc0) return {at(i + 7) * 256 + at(i + 8), at(i + 5) * 256 + at(i + 6)};
  }
  return {0, 0};
}

Sample sample_of(const char* text, std::size_t bytes) {
  GstCaps* caps = gst_caps_from_string(text);
  GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes, nullptr);
  gst_buffer_memset(buffer, 0, 100, bytes);
  GstSample* sample = gst_sample_new(buffer, caps, nullptr, nullptr);
  gst_buffer_unref(buffer);
  gst_caps_unref(caps);
  return Sample(sample);
}

TEST(JpegOf, KeepsTheShapeThatIsShown) {
  gst_init(nullptr, nullptr);
  const Sample wide =
      sample_of("video/x-raw,format=GRAY8,width=1280,height=720,framerate=25/1", 1280 * 720);
  EXPECT_EQ(size_of(jpeg_of(wide.get(), 320)), std::make_pair(320, 180));
  EXPECT_EQ(size_of(jpeg_of(wide.get(), 0)), std::make_pair(1280, 720));
  const Sample broadcast = sample_of(
      "video/x-raw,format=GRAY8,width=720,height=576,pixel-aspect-ratio=64/45,framerate=25/1",
      720 * 576);
  EXPECT_EQ(size_of(jpeg_of(broadcast.get(), 320)), std::make_pair(320, 180));
  const Sample small =
      sample_of("video/x-raw,format=GRAY8,width=64,height=48,framerate=25/1", 64 * 48);
  EXPECT_EQ(size_of(jpeg_of(small.get(), 320)), std::make_pair(64, 48));
}

TEST(JpegOf, SaysThatAFormatIsUnknown) {
  gst_init(nullptr, nullptr);
  const Sample odd = sample_of("application/octet-stream", 10);
  EXPECT_THROW(jpeg_of(odd.get(), 320), std::runtime_error);
}

TEST(Run, GivesANewPictureToWhoeverLooks) {
  RtspServer server(RtspServer::test_picture());
  Program program({"run", write_config("thumbnail.toml", server.uri())});
  ASSERT_TRUE(comes_true([&] { return program.told_stream("playing", ""); })) << program.all();
  const std::string path = program.address() + "/api/v1/streams/ch1/thumbnail.jpg";
  Answer picture;
  ASSERT_TRUE(comes_true([&] { return (picture = request("GET", path)).status == 200; }));
  EXPECT_EQ(size_of(picture.body), std::make_pair(320, 180));
  EXPECT_TRUE(comes_true([&] {
    const Answer next = request("GET", path, {{{"If-None-Match", picture.header("etag")}}, ""});
    return next.status == 200 && next.body != picture.body;
  }));
  EXPECT_EQ(program.stop(), 0) << program.all();
}

}  // namespace
