// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A store and the server that reads it, without streams.

#pragma once

#include <glib.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "store/store.h"
#include "web/web_server.h"

namespace dfd::monitor::test {

// The default main context, on a thread of its own.
class MainLoop {
 public:
  MainLoop();
  ~MainLoop() { stop(); }
  MainLoop(const MainLoop&) = delete;
  MainLoop& operator=(const MainLoop&) = delete;

  void stop();

 private:
  GMainLoop* loop_ = g_main_loop_new(nullptr, FALSE);
  std::thread thread_;
};

// As the board has it: playing, with an id and a name that is no UTF-8.
StreamStatus stream_status(const std::string& id);

// Files of a certificate for localhost and of its key, made anew; empty where they cannot be.
std::pair<std::string, std::string> certificate();

class WebFixture : public testing::Test {
 protected:
  WebFixture();

  // With `settings_`.
  void start();
  int port() const;
  std::string uri(const std::string& path) const { return server_->address() + path; }

  // Event and alarm of that number, from 0 to 999.
  void keep(int number, AlarmState state = AlarmState::kFiring, const std::string& stream = "ch1");
  void wait_for_store();
  static std::string alarm_id(int number);

  std::string folder_;
  WebSettings settings_;
  Board board_;
  MainLoop loop_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<WebServer> server_;
};

}  // namespace dfd::monitor::test
