// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A client of HTTP that keeps no rules.

#pragma once

#include <string>

namespace dfd::monitor::test {

class WebClient {
 public:
  // To 127.0.0.1. Throws std::runtime_error.
  explicit WebClient(int port);
  ~WebClient();
  WebClient(const WebClient&) = delete;
  WebClient& operator=(const WebClient&) = delete;

  // False where the other side takes no more.
  bool send(const std::string& bytes);

  // Waits until all that came holds `text`; false where the end came first, or nothing for long.
  bool reads(const std::string& text);

  // Waits for the end of the connection, a minute at most.
  bool is_ended();

  // All that came so far.
  const std::string& read() const { return read_; }

 private:
  // False at the end, or when nothing came for long.
  bool read_more();

  int socket_;
  bool ended_ = false;
  std::string read_;
};

// Sends `bytes`, and returns all that comes until the end; empty where the connection was just
// ended.
std::string answer_to(int port, const std::string& bytes);

}  // namespace dfd::monitor::test
