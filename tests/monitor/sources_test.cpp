// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every kind of source but RTSP, beside real senders: they are watched, go away, and come back.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "config/source_uri.h"
#include "monitor/media_servers.h"
#include "monitor/program.h"
#include "monitor/talker.h"
#include "streams/pipeline.h"
#include "streams/probe.h"
#include "streams/stream.h"
#include "streams/uri_guard.h"

namespace {

using dfd::monitor::Credentials;
using dfd::monitor::FailureReason;
using dfd::monitor::guard_uris;
using dfd::monitor::local_uri;
using dfd::monitor::make_pipeline;
using dfd::monitor::Pipeline;
using dfd::monitor::probe;
using dfd::monitor::ProbeResult;
using dfd::monitor::Stream;
using dfd::monitor::StreamConfig;
using dfd::monitor::StreamState;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::FileSender;
using dfd::monitor::test::FolderServer;
using dfd::monitor::test::free_port;
using dfd::monitor::test::Piece;
using dfd::monitor::test::RtmpServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::Sender;
using dfd::monitor::test::Talker;
using dfd::monitor::test::write_clip;
using dfd::monitor::test::write_transport_stream;

// Against hanging only: loaded machines are slow.
constexpr auto kLongest = std::chrono::seconds(60);
constexpr double kLongest_s = 60;

// A stream with its supervisor, as the program has them.
class Watched {
 public:
  explicit Watched(const std::string& uri, const Credentials& credentials = {})
      : config_(config_of(uri, credentials)), stream_(config_, [](GstMessage*) {}) {}
  ~Watched() {
    stream_.close(dfd::monitor::now());
    comes_true([&] { return stream_.is_closed(dfd::monitor::now()); }, false);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // Pictures come, of a connection after those that were there so far.
  bool plays() {
    const auto connects = last_played_;
    return comes_true([&] {
      last_played_ = stream_.watch().connects();
      return stream_.watch().state() == StreamState::kPlaying && last_played_ > connects;
    });
  }
  bool fails_by(const std::vector<FailureReason>& reasons) {
    return comes_true([&] {
      for (const FailureReason reason : reasons) {
        if (stream_.watch().failures(reason) > 0) return true;
      }
      return false;
    });
  }
  std::string failure() const {
    const auto& failure = stream_.watch().failure();
    return failure ? std::string(name_of(failure->reason)) + ": " + failure->text : "none";
  }

 private:
  static StreamConfig config_of(const std::string& uri, const Credentials& credentials) {
    StreamConfig config;
    config.id = "ch1";
    config.uri = uri;
    config.credentials = credentials;
    config.stall_timeout_s = 2;
    config.first_frame_timeout_s = 20;
    config.backoff.min_s = 0.1;
    config.backoff.max_s = 1;
    return config;
  }
  bool comes_true(const std::function<bool()>& fact, bool update = true) {
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (std::chrono::steady_clock::now() < end) {
      while (g_main_context_iteration(nullptr, FALSE) != FALSE) {
      }
      if (update) stream_.update(dfd::monitor::now());
      if (fact()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  StreamConfig config_;
  Stream stream_;
  std::uint64_t last_played_ = 0;
};

// Running times of the pictures that a pipeline gives, until there are so many.
class Times {
 public:
  explicit Times(const std::string& uri) : pipeline_(make_pipeline(uri, {}, nullptr)) {
    gst_pad_add_probe(pipeline_.pictures.get(), GST_PAD_PROBE_TYPE_BUFFER, on_picture, this,
                      nullptr);
    gst_element_set_state(pipeline_.pipeline.get(), GST_STATE_PLAYING);
  }
  ~Times() { gst_element_set_state(pipeline_.pipeline.get(), GST_STATE_NULL); }
  Times(const Times&) = delete;
  Times& operator=(const Times&) = delete;

  std::vector<double> wait_for(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::lock_guard<std::mutex> lock(mutex_);
      if (times_.size() >= count) return times_;
    }
    return {};
  }

 private:
  static GstPadProbeReturn on_picture(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
    auto* self = static_cast<Times*>(data);
    GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    const GstClockTime time = gst_segment_to_running_time(
        segment, GST_FORMAT_TIME, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
    gst_event_unref(event);
    const std::lock_guard<std::mutex> lock(self->mutex_);
    self->times_.push_back(static_cast<double>(time) / GST_SECOND);
    return GST_PAD_PROBE_OK;
  }

  Pipeline pipeline_;
  std::mutex mutex_;
  std::vector<double> times_;
};

// No picture is before the last one or more than half a second behind it.
void expect_steady(const std::vector<double>& times) {
  ASSERT_FALSE(times.empty());
  for (std::size_t i = 1; i < times.size(); ++i) {
    ASSERT_GT(times[i], times[i - 1]) << "picture " << i;
    ASSERT_LT(times[i] - times[i - 1], 0.5) << "picture " << i;
  }
}

std::string udp_tail(const std::string& port) {
  return "mpegtsmux alignment=7 ! udpsink host=127.0.0.1 port=" + port;
}

// `uri` goes first: setting it takes the passphrase away.
std::string srt_tail(const std::string& port, const std::string& mode,
                     const std::string& passphrase) {
  return "mpegtsmux alignment=7 ! srtsink uri=srt://127.0.0.1:" + port + "?mode=" + mode +
         " wait-for-connection=false pbkeylen=16 passphrase=" + passphrase;
}

TEST(Sources, UdpComesBack) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  auto sender = std::make_unique<Sender>(udp_tail(port));
  Watched watched("udp://127.0.0.1:" + port + "?buffer_bytes=500000");
  ASSERT_TRUE(watched.plays()) << watched.failure();
  sender.reset();
  ASSERT_TRUE(watched.fails_by({FailureReason::kStall})) << watched.failure();
  sender = std::make_unique<Sender>(udp_tail(port));
  EXPECT_TRUE(watched.plays()) << watched.failure();
}

TEST(Sources, UdpSaysThatNobodySends) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  const ProbeResult result = probe("udp://:" + port + "?timeout_s=0.5", {}, kLongest_s);
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, FailureReason::kStall);
  EXPECT_EQ(result.failure->text, "no packet for 0.5 s");
}

TEST(Sources, UdpOfAGroupIsJoined) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  // Of the block that is for use within a site; it stays on this machine.
  Sender sender(
      "mpegtsmux alignment=7 ! udpsink host=239.255.42.7 multicast-iface=lo ttl-mc=0 port=" + port);
  const ProbeResult result = probe("udp://239.255.42.7:" + port + "?interface=lo", {}, kLongest_s);
  EXPECT_GT(result.frames, 0U) << (result.failure ? result.failure->text : "");
}

TEST(Sources, SrtThatIsCalledComesBack) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  auto sender = std::make_unique<Sender>(srt_tail(port, "listener", "correct-horse"));
  Watched watched("srt://127.0.0.1:" + port, {"", "correct-horse"});
  ASSERT_TRUE(watched.plays()) << watched.failure();
  sender.reset();
  ASSERT_TRUE(watched.fails_by({FailureReason::kError, FailureReason::kEos})) << watched.failure();
  sender = std::make_unique<Sender>(srt_tail(port, "listener", "correct-horse"));
  EXPECT_TRUE(watched.plays()) << watched.failure();
}

TEST(Sources, SrtThatCallsComesBack) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  Watched watched("srt://:" + port + "?mode=listener", {"", "correct-horse"});
  auto sender = std::make_unique<Sender>(srt_tail(port, "caller", "correct-horse"));
  ASSERT_TRUE(watched.plays()) << watched.failure();
  sender.reset();
  ASSERT_TRUE(watched.fails_by({FailureReason::kError, FailureReason::kEos, FailureReason::kStall}))
      << watched.failure();
  sender = std::make_unique<Sender>(srt_tail(port, "caller", "correct-horse"));
  EXPECT_TRUE(watched.plays()) << watched.failure();
}

TEST(Sources, SrtSaysThatThePassphraseIsWrongAndHidesIt) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  Sender sender(srt_tail(port, "listener", "correct-horse"));
  const std::string out = scratch("srt.out");
  const auto probe_with = [&](const std::string& passphrase) {
    const std::string line =
        "GST_DEBUG=srt*:8,uridecodebin:5,default:5 '" DFD_MONITOR "' probe 'srt://127.0.0.1:" +
        port + "?streamid=user:tr0ub4dor&passphrase=" + passphrase + "' > '" + out + "' 2>&1";
    return WEXITSTATUS(std::system(line.c_str()));
  };
  const auto said = [&] {
    std::ifstream stream(out);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  EXPECT_EQ(probe_with("battery-staple"), 5) << said();
  EXPECT_EQ(said().find("battery-staple"), std::string::npos);
  EXPECT_EQ(probe_with("correct-horse"), 0) << said();
  EXPECT_EQ(said().find("correct-horse"), std::string::npos);
  EXPECT_EQ(said().find("tr0ub4dor"), std::string::npos) << said();
  EXPECT_NE(said().find("srt"), std::string::npos);
}

TEST(Sources, RtmpComesBack) {
  const std::string port = free_port(G_SOCKET_TYPE_STREAM);
  const RtmpServer server(scratch("nginx"), port);
  const std::string uri = "rtmp://127.0.0.1:" + port + "/live/a";
  // With sound: without, flvdemux waits 6 s for it.
  const std::string tail =
      "mux.video audiotestsrc is-live=true ! voaacenc ! mux.audio "
      "flvmux name=mux streamable=true ! rtmp2sink location=" +
      uri;
  auto sender = std::make_unique<Sender>(tail);
  Watched watched(uri);
  ASSERT_TRUE(watched.plays()) << watched.failure();
  sender.reset();
  ASSERT_TRUE(watched.fails_by({FailureReason::kEos, FailureReason::kStall})) << watched.failure();
  sender = std::make_unique<Sender>(tail);
  EXPECT_TRUE(watched.plays()) << watched.failure();
}

TEST(Sources, RtmpWithoutAServerIsAnError) {
  const ProbeResult result =
      probe("rtmp://127.0.0.1:" + free_port(G_SOCKET_TYPE_STREAM) + "/live/a", {}, kLongest_s);
  ASSERT_TRUE(result.failure);
  EXPECT_EQ(result.failure->reason, FailureReason::kError) << result.failure->text;
}

std::string hls_tail(const std::string& folder) {
  return "hlssink2 target-duration=1 playlist-length=5 max-files=10 location=" + folder +
         "/%05d.ts playlist-location=" + folder + "/live.m3u8";
}

bool appears(const std::string& path) {
  const auto end = std::chrono::steady_clock::now() + kLongest;
  while (!std::filesystem::exists(path) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return std::filesystem::exists(path);
}

TEST(Sources, HlsComesBack) {
  const std::string folder = empty_folder("hls");
  const Sender sender(hls_tail(folder));
  ASSERT_TRUE(appears(folder + "/live.m3u8"));
  auto server = std::make_unique<FolderServer>(folder, "me", "correct-horse");
  const std::string uri = server->uri() + "live.m3u8";
  const std::string port = server->port();
  const ProbeResult refused = probe(uri, {"me", "battery-staple"}, kLongest_s);
  ASSERT_TRUE(refused.failure);
  EXPECT_EQ(refused.failure->reason, FailureReason::kAuth) << refused.failure->text;

  Watched watched(uri, {"me", "correct-horse"});
  ASSERT_TRUE(watched.plays()) << watched.failure();
  server.reset();
  ASSERT_TRUE(watched.fails_by({FailureReason::kError, FailureReason::kEos, FailureReason::kStall}))
      << watched.failure();
  server = std::make_unique<FolderServer>(folder, "me", "correct-horse", port);
  EXPECT_TRUE(watched.plays()) << watched.failure();
}

TEST(Sources, APlaylistLeadsToNoFileOfThisMachine) {
  const std::string folder = empty_folder("hls_away");
  const std::string clip = folder + "/clip.ts";
  write_clip(clip, "mpegtsmux", 50);
  const std::string begin = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n";
  const std::string inner = folder + "/inner.m3u8";
  // Whoever opens it to read is seen by those who would write.
  const std::string key = folder + "/key";
  ASSERT_EQ(mkfifo(key.c_str(), 0600), 0);
  const std::map<std::string, std::string> playlists = {
      {"piece", begin + "#EXTINF:2,\nfile://" + clip + "\n#EXT-X-ENDLIST\n"},
      {"inner", begin + "#EXTINF:2,\nclip.ts\n#EXT-X-ENDLIST\n"},
      {"variant", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\nfile://" + inner + "\n"},
      {"key", begin + "#EXT-X-KEY:METHOD=AES-128,URI=\"file://" + key +
                  "\"\n#EXTINF:2,\nclip.ts\n#EXT-X-ENDLIST\n"}};
  for (const auto& [name, text] : playlists) {
    std::ofstream(folder + "/" + name + ".m3u8") << text;
  }
  const FolderServer server(folder);
  for (const char* name : {"piece", "variant", "key"}) {
    const ProbeResult result = probe(server.uri() + name + ".m3u8", {}, kLongest_s);
    EXPECT_EQ(result.frames, 0U) << name;
    EXPECT_TRUE(result.failure) << name;
  }
  const int writer = open(key.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_EQ(writer, -1);
  if (writer >= 0) close(writer);
}

TEST(Sources, APlaylistOrKeyWithoutAnEndIsAnError) {
  const std::string folder = empty_folder("hls_endless");
  write_clip(folder + "/clip.ts", "mpegtsmux", 50);
  const std::string answer = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
  const std::string begin = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n";
  std::string comments;
  for (int line = 0; line < 1000; ++line) comments += "#" + std::string(99, 'x') + "\n";
  const Talker playlist(answer + begin, comments, std::chrono::milliseconds(0));
  const Talker key(answer, std::string(100000, 'x'), std::chrono::milliseconds(0));
  std::ofstream(folder + "/key.m3u8") << begin << "#EXT-X-KEY:METHOD=AES-128,URI=\"" << key.url()
                                      << "\"\n#EXTINF:2,\nclip.ts\n#EXT-X-ENDLIST\n";
  std::ofstream(folder + "/variant.m3u8") << "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=100000\n"
                                          << playlist.url("live.m3u8") << "\n";
  const FolderServer server(folder);
  for (const std::string& uri :
       {playlist.url("live.m3u8"), server.uri() + "variant.m3u8", server.uri() + "key.m3u8"}) {
    const ProbeResult result = probe(uri, {}, kLongest_s);
    ASSERT_TRUE(result.failure) << uri;
    EXPECT_EQ(result.frames, 0U) << uri;
    EXPECT_EQ(result.failure->reason, FailureReason::kError) << uri << result.failure->text;
  }
}

TEST(Sources, NoUriOfThisMachineIsOpenedButOurOwn) {
  gst_init(nullptr, nullptr);
  guard_uris();
  for (const char* protocol : {"file", "fd", "data", "pushfile", "testbin", "v4l2"}) {
    EXPECT_FALSE(gst_uri_protocol_is_supported(GST_URI_SRC, protocol)) << protocol;
  }
  for (const char* protocol : {"http", "https", "rtsp", "srt", "rtmp", "udp"}) {
    EXPECT_TRUE(gst_uri_protocol_is_supported(GST_URI_SRC, protocol)) << protocol;
  }
  const std::string uri = local_uri("file:///a%20b");
  GstElement* source = gst_element_make_from_uri(GST_URI_SRC, uri.c_str(), nullptr, nullptr);
  ASSERT_NE(source, nullptr);
  gchar* path = nullptr;
  g_object_get(source, "location", &path, nullptr);
  EXPECT_STREQ(path, "/a b");
  g_free(path);
  gchar* again = gst_uri_handler_get_uri(GST_URI_HANDLER(source));
  EXPECT_EQ(again, uri);
  g_free(again);
  gst_object_unref(source);
  source = gst_element_factory_make("filesrc", nullptr);
  EXPECT_NE(source, nullptr);
  gst_clear_object(&source);
}

TEST(Sources, AFileGoesOnOverItsSeam) {
  for (const std::string muxer : {"mp4mux", "matroskamux", "mpegtsmux"}) {
    const std::string clip = scratch("loop_" + muxer);
    write_clip(clip, muxer, 25);
    Times times("file://" + clip);
    const auto all = times.wait_for(60);
    SCOPED_TRACE(muxer);
    expect_steady(all);
    // Two seams and more, at the pace of the clip: a second each.
    EXPECT_GT(all.back() - all.front(), 2);
  }
}

TEST(Sources, AFileThatIsGoneIsAnErrorAndOneOfAnotherKindCannotBeDecoded) {
  const ProbeResult gone = probe("file:///nowhere/a.mp4", {}, kLongest_s);
  ASSERT_TRUE(gone.failure);
  EXPECT_EQ(gone.failure->reason, FailureReason::kError);
  const std::string clip = scratch("other.avi");
  write_clip(clip, "avimux", 25);
  const ProbeResult other = probe("file://" + clip, {}, kLongest_s);
  ASSERT_TRUE(other.failure);
  EXPECT_EQ(other.failure->reason, FailureReason::kDecode) << other.failure->text;
}

TEST(Sources, SoundIsNoHindrance) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  const Sender sender(
      "mux. audiotestsrc is-live=true ! voaacenc ! aacparse ! mux. "
      "mpegtsmux name=mux alignment=7 ! udpsink host=127.0.0.1 port=" +
      port);
  const ProbeResult result = probe("udp://127.0.0.1:" + port, {}, kLongest_s);
  EXPECT_FALSE(result.failure) << result.failure->text;
  EXPECT_GT(result.frames, 5U);
  const std::string clip = scratch("sound.mp4");
  write_clip(clip, "mux. audiotestsrc num-buffers=43 ! voaacenc ! mux. mp4mux name=mux", 25);
  Times times("file://" + clip);
  expect_steady(times.wait_for(60));
}

// As programmes do that have subtitles or a second language now and then.
TEST(Sources, TracksOfATransportStreamComeAndGo) {
  const std::string path = scratch("tracks.ts");
  write_transport_stream(path, {Piece::kWithSound, Piece::kPictures, Piece::kWithData,
                                Piece::kPictures, Piece::kWithSound, Piece::kWithData});
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  Times times("udp://127.0.0.1:" + port);
  const FileSender sender(path, port, /*seconds=*/6);
  // All but those that a decoder keeps at each change.
  EXPECT_GE(times.wait_for(130).size(), 130U);
}

// 33 bits at 90 kHz. mpegtsmux writes times that are an hour later than it is told.
constexpr GstClockTime kWrap = (1ULL << 33) * 100000 / 9;
constexpr GstClockTime kBeforeWrap = kWrap - 3604 * GST_SECOND;

TEST(Sources, TimesGoOnWhereThoseOfMpegTsWrap) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  const Sender sender(udp_tail(port), kBeforeWrap);
  Times times("udp://127.0.0.1:" + port);
  expect_steady(times.wait_for(200));
}

TEST(Sources, TimesGoOnWhereThoseOfHlsWrap) {
  const std::string folder = empty_folder("hls_wrap");
  const Sender sender(hls_tail(folder), kBeforeWrap);
  ASSERT_TRUE(appears(folder + "/live.m3u8"));
  const FolderServer server(folder);
  Times times(server.uri() + "live.m3u8");
  expect_steady(times.wait_for(200));
}

}  // namespace
