// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What sends pictures on loopback, at ports that the system chooses (above 32768).

#pragma once

#include <gio/gio.h>
#include <gst/gst.h>

#include <memory>
#include <string>
#include <vector>

namespace dfd::monitor::test {

// Free when asked. `type` is that of the socket.
std::string free_port(GSocketType type);

// A moving picture of 320x180, without sound, as H.264 that goes through `tail`, a line of
// GStreamer's. Elements named "parse" (before it) and those of `tail` can be reached.
class Sender {
 public:
  // `first_time` is that of the first picture. Throws std::runtime_error.
  explicit Sender(const std::string& tail, GstClockTime first_time = 0);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  // From now on the picture is black.
  void go_black();

 private:
  GstElement* pipeline_;
};

// Writes a file of so many pictures, 25 a second, packed by `muxer`.
void write_clip(const std::string& path, const std::string& muxer, int pictures);

// What a second of a transport stream holds.
enum class Piece { kPictures, kWithSound, kWithData };

// One after the other, of 25 pictures each: times and tables begin anew with each.
void write_transport_stream(const std::string& path, const std::vector<Piece>& pieces);

// The bytes of a file over UDP to this machine, in about so many seconds.
class FileSender {
 public:
  // Throws std::runtime_error.
  FileSender(const std::string& path, const std::string& port, double seconds);
  ~FileSender();
  FileSender(const FileSender&) = delete;
  FileSender& operator=(const FileSender&) = delete;

 private:
  GstElement* pipeline_;
};

// A folder over HTTP, on a thread of its own. With a user it wants user and password.
class FolderServer {
 public:
  explicit FolderServer(const std::string& folder, const std::string& user = "",
                        const std::string& password = "", const std::string& port = "0");
  ~FolderServer();
  FolderServer(const FolderServer&) = delete;
  FolderServer& operator=(const FolderServer&) = delete;

  std::string port() const;
  // "http://127.0.0.1:PORT/"
  std::string uri() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

// nginx as a server of RTMP with the applications "live" and "watched". `folder` gets its files.
class RtmpServer {
 public:
  // `exec_push` is a command that is run beside each stream of "live".
  RtmpServer(const std::string& folder, const std::string& port, const std::string& exec_push = "");
  ~RtmpServer();
  RtmpServer(const RtmpServer&) = delete;
  RtmpServer& operator=(const RtmpServer&) = delete;

 private:
  GSubprocess* process_;
};

}  // namespace dfd::monitor::test
