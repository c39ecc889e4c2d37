// SPDX-License-Identifier: LGPL-2.1-or-later
//
// pipelines/join.sh beside real servers: what comes in by each protocol goes out by another, with
// the verdicts in it and its sound.

#include <gio/gio.h>
#include <gst/gst.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "monitor/media_servers.h"
#include "monitor/program.h"
#include "monitor/rtsp_server.h"

namespace {

namespace fs = std::filesystem;

using dfd::monitor::test::comes_true;
using dfd::monitor::test::content_of;
using dfd::monitor::test::empty_folder;
using dfd::monitor::test::exit_code_of;
using dfd::monitor::test::FolderServer;
using dfd::monitor::test::free_port;
using dfd::monitor::test::Json;
using dfd::monitor::test::RtmpServer;
using dfd::monitor::test::RtspServer;
using dfd::monitor::test::scratch;
using dfd::monitor::test::Sender;

// The script, with the plugin's own model.
class Join {
 public:
  explicit Join(const std::vector<std::string>& arguments) : err_(scratch("join.err")) {
    fs::remove(err_);
    std::vector<const char*> words = {DFD_SOURCE "/pipelines/join.sh", "-"};
    for (const std::string& argument : arguments) words.push_back(argument.c_str());
    words.push_back(nullptr);
    GSubprocessLauncher* launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
    g_subprocess_launcher_setenv(launcher, "BUILD", DFD_TEST_SCRATCH "/..", TRUE);
    g_subprocess_launcher_set_stderr_file_path(launcher, err_.c_str());
    GError* error = nullptr;
    process_ = g_subprocess_launcher_spawnv(launcher, words.data(), &error);
    g_object_unref(launcher);
    if (process_ == nullptr) throw std::runtime_error(error->message);
  }
  ~Join() {
    g_subprocess_force_exit(process_);
    g_subprocess_wait(process_, nullptr, nullptr);
    g_object_unref(process_);
  }
  Join(const Join&) = delete;
  Join& operator=(const Join&) = delete;

  int wait() { return exit_code_of(process_); }
  // As Ctrl-C does.
  int stop() {
    g_subprocess_send_signal(process_, SIGINT);
    return wait();
  }
  std::string err() const { return content_of(err_); }

 private:
  GSubprocess* process_ = nullptr;
  std::string err_;
};

// What comes out: verdicts as lines of JSON, and the coded sound.
struct Heard {
  explicit Heard(const std::string& name)
      : verdicts(scratch(name + ".jsonl")), sound(scratch(name + ".sound")) {
    fs::remove(verdicts);
    fs::remove(sound);
  }
  std::string video_line() const {
    return "h264parse ! deepfakeseiextract ! deepfakejsonenc ! " + sink(verdicts);
  }
  std::string sound_line() const { return sink(sound); }
  // Of a stream that a demuxer named "demux" takes apart.
  std::string line() const {
    return " demux. ! video/x-h264 ! queue ! " + video_line() + " demux. ! audio/mpeg ! queue ! " +
           sound_line();
  }
  // Waits for both.
  bool comes() const {
    return comes_true([this] {
      return content_of(verdicts).find('\n') != std::string::npos && !content_of(sound).empty();
    });
  }
  Json first() const {
    const std::string text = content_of(verdicts);
    return Json::parse(text.substr(0, text.find('\n')), nullptr, false);
  }

  std::string verdicts;
  std::string sound;

 private:
  static std::string sink(const std::string& path) {
    return "filesink buffer-mode=unbuffered async=false location=" + path;
  }
};

class Reader {
 public:
  explicit Reader(const std::string& line) {
    GError* error = nullptr;
    pipeline_ = gst_parse_launch(line.c_str(), &error);
    if (error != nullptr) throw std::runtime_error(line + ": " + error->message);
    gst_element_set_state(pipeline_, GST_STATE_PLAYING);
  }
  ~Reader() {
    gst_element_set_state(pipeline_, GST_STATE_NULL);
    gst_object_unref(pipeline_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  GstElement* pipeline_;
};

// Sound beside a sender's pictures, into the same muxer.
constexpr const char* kSound =
    "mux. audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! aacparse ! "
    "mux. ";

class JoinScript : public testing::Test {
 protected:
  static void SetUpTestSuite() { gst_init(nullptr, nullptr); }
};

TEST_F(JoinScript, FromRtspPushesToAServerThatRecords) {
  const Heard heard("join_rtsp");
  // The order is that of the sender's session: the newest pad of rtspclientsink is its first
  // stream.
  RtspServer receiver("( rtpmp4adepay name=depay0 ! " + heard.sound_line() +
                      " rtph264depay name=depay1 ! " + heard.video_line() + " )");
  RtspServer source(
      "( videotestsrc is-live=true horizontal-speed=3 ! "
      "video/x-raw,format=I420,width=320,height=180,framerate=25/1 ! "
      "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 "
      "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! "
      "rtpmp4gpay name=pay1 pt=97 )",
      "me", "correct-horse");
  std::string uri = source.uri();
  uri.insert(uri.find("://") + 3, "me:correct-horse@");
  Join join({uri, receiver.uri(), "aac"});
  EXPECT_TRUE(heard.comes()) << join.err();
  EXPECT_EQ(heard.first()["source"], "live") << heard.first();
  // rtspclientsink of GStreamer 1.22 calls it an error where it was sending just then.
  const int code = join.stop();
  const bool was_sending = join.err().find("Could not send message") != std::string::npos;
  EXPECT_EQ(code, was_sending ? 1 : 0) << join.err();
}

TEST_F(JoinScript, FromHlsSendsBySrt) {
  const std::string folder = empty_folder("join_hls");
  const Sender sender(
      "mux.video audiotestsrc is-live=true ! avenc_aac ! aacparse ! mux.audio "
      "hlssink2 name=mux target-duration=1 playlist-length=5 max-files=10 location=" +
      folder + "/%05d.ts playlist-location=" + folder + "/live.m3u8");
  ASSERT_TRUE(comes_true([&] { return fs::exists(folder + "/live.m3u8"); }));
  const FolderServer server(folder);
  const std::string address = "127.0.0.1:" + free_port(G_SOCKET_TYPE_DATAGRAM);
  Join join({server.uri() + "live.m3u8", "srt://" + address + "?mode=listener", "aac"});
  const Heard heard("join_srt");
  const Reader reader("srtsrc uri=srt://" + address + " ! tsdemux name=demux" + heard.line());
  EXPECT_TRUE(heard.comes()) << join.err();
  EXPECT_EQ(heard.first()["source"], "live.m3u8") << heard.first();
}

TEST_F(JoinScript, FromSrtSendsByUdpAndKeepsThePassphraseToItself) {
  const std::string address = "127.0.0.1:" + free_port(G_SOCKET_TYPE_DATAGRAM);
  const Sender sender(std::string(kSound) + "mpegtsmux name=mux alignment=7 ! srtsink uri=srt://" +
                      address +
                      "?mode=listener wait-for-connection=false passphrase=correct-horse");
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  const Heard heard("join_udp");
  const Reader reader("udpsrc address=127.0.0.1 port=" + port +
                      " caps=video/mpegts,systemstream=true,packetsize=188 ! tsdemux name=demux" +
                      heard.line());
  Join join({"srt://" + address + "?passphrase=correct-horse", "udp://127.0.0.1:" + port, "aac"});
  EXPECT_TRUE(heard.comes()) << join.err();
  EXPECT_EQ(heard.first()["source"], address) << heard.first();
  EXPECT_EQ(join.stop(), 0) << join.err();
}

TEST_F(JoinScript, FromUdpWritesAFileThatIsWhole) {
  const std::string port = free_port(G_SOCKET_TYPE_DATAGRAM);
  const Sender sender(std::string(kSound) +
                      "mpegtsmux name=mux alignment=7 ! udpsink host=127.0.0.1 port=" + port);
  const std::string file = scratch("join.mp4");
  fs::remove(file);
  Join join({"udp://:" + port, file, "aac"});
  // Nothing in the messages is escaped.
  EXPECT_TRUE(comes_true([&] { return content_of(file).find("\"verdict\"") != std::string::npos; }))
      << join.err();
  EXPECT_EQ(join.stop(), 0) << join.err();
  const Heard heard("join_file");
  const Reader reader("filesrc location=" + file + " ! qtdemux name=demux" + heard.line());
  EXPECT_TRUE(heard.comes());
}

// As docs/media-servers.md has it.
TEST_F(JoinScript, IsRunByNginxBesideEachStreamOfRtmp) {
  const std::string port = free_port(G_SOCKET_TYPE_STREAM);
  const std::string server_uri = "rtmp://127.0.0.1:" + port;
  const std::string log = scratch("join_nginx.log");
  fs::remove(log);
  const RtmpServer server(scratch("join_nginx"), port,
                          DFD_SOURCE "/pipelines/join.sh - " + server_uri + "/live/$name " +
                              server_uri + "/watched/$name aac 2>>" + log);
  const Sender sender(
      "mux.video audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! "
      "aacparse ! mux.audio flvmux name=mux streamable=true ! rtmp2sink location=" +
      server_uri + "/live/ch1");
  const Heard heard("join_rtmp");
  const Reader reader("rtmp2src location=" + server_uri + "/watched/ch1 ! flvdemux name=demux" +
                      heard.line());
  EXPECT_TRUE(heard.comes()) << content_of(log);
  EXPECT_EQ(heard.first()["source"], "ch1") << heard.first();
}

TEST_F(JoinScript, SaysWhatIsWrongWithAnAddress) {
  const std::string port = free_port(G_SOCKET_TYPE_STREAM);
  struct Wrong {
    std::vector<std::string> arguments;
    int code;
    std::string text;
  };
  for (const Wrong& wrong : std::vector<Wrong>{
           {{"a.mp4"}, 2, "usage: join.sh"},
           {{"rtps://127.0.0.1/a", "a.ts"}, 2, "rtps://127.0.0.1/a: begins with none of srt://"},
           {{"/nowhere.mp4", "a.ts"}, 2, "/nowhere.mp4: no such file"},
           {{"udp://239.1.1.1", "a.ts"}, 2, "is neither udp://:PORT nor udp://GROUP:PORT"},
           {{"udp://:5000", "udp://:5000"}, 2, "udp://:5000: is not udp://HOST:PORT"},
           {{"udp://:5000", "a.avi"}, 2, "a.avi: ends in neither .ts, .mp4 nor .flv"},
           {{"udp://:5000", "hls://127.0.0.1/a"}, 2, "hls://127.0.0.1/a: begins with none of"},
           {{"rtsp://me:correct-horse@127.0.0.1:" + port + "/a", "a.ts"},
            1,
            "nobody listens at 127.0.0.1, port " + port + "\n"},
           {{"http://127.0.0.1:" + port + "/a.m3u8", "a.ts"}, 1, "nobody listens at"},
           {{"udp://:5000", "rtmp://127.0.0.1:" + port + "/live/a"}, 1, "nobody listens at"}}) {
    Join join(wrong.arguments);
    EXPECT_EQ(join.wait(), wrong.code) << wrong.arguments.front();
    EXPECT_NE(join.err().find(wrong.text), std::string::npos) << join.err();
    EXPECT_EQ(join.err().find("correct-horse"), std::string::npos) << join.err();
  }
}

}  // namespace
