// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An RTSP server on loopback, at a port that the system chooses (above 32768), on a thread of its
// own.

#pragma once

#include <gst/gst.h>

#include <memory>
#include <string>

namespace dfd::monitor::test {

class RtspServer {
 public:
  // `launch` is a factory's line whose payloader is named pay0; with a depayloader depay0 it takes
  // what is pushed. With a user it wants user and password.
  explicit RtspServer(const std::string& launch, const std::string& user = "",
                      const std::string& password = "", const std::string& port = "0");
  ~RtspServer();
  RtspServer(const RtspServer&) = delete;
  RtspServer& operator=(const RtspServer&) = delete;

  // "rtsp://127.0.0.1:PORT/live"
  std::string uri() const;
  std::string port() const;

  // From now on no picture leaves, and nobody is told. The line has a valve named "valve".
  void freeze();

  // A moving picture of 320x180, without sound. `more` goes before the encoder.
  static std::string test_picture(const std::string& more = "");

  // A bare H.264 stream over and over, such as forged_clip().
  static std::string looped(const std::string& clip);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace dfd::monitor::test
