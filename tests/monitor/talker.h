// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <gio/gio.h>

#include <chrono>
#include <string>
#include <thread>

namespace dfd::monitor::test {

// Says `first` to each who comes, one after the other, and then `again` for as long as he listens.
class Talker {
 public:
  Talker(std::string first, std::string again, std::chrono::milliseconds pause);
  ~Talker();
  Talker(const Talker&) = delete;
  Talker& operator=(const Talker&) = delete;

  // At 127.0.0.1.
  std::string url(const std::string& path = "events") const;

 private:
  void talk(const std::string& first, const std::string& again, std::chrono::milliseconds pause);

  GSocketListener* listener_ = g_socket_listener_new();
  GCancellable* cancellable_ = g_cancellable_new();
  guint16 port_;
  std::thread thread_;
};

}  // namespace dfd::monitor::test
