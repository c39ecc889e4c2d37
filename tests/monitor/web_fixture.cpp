// SPDX-License-Identifier: LGPL-2.1-or-later

#include "web_fixture.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "monitor/program.h"

namespace dfd::monitor::test {

MainLoop::MainLoop() : thread_([this] { g_main_loop_run(loop_); }) {
  while (g_main_loop_is_running(loop_) == FALSE) std::this_thread::yield();
}

void MainLoop::stop() {
  if (!thread_.joinable()) return;
  g_main_loop_quit(loop_);
  thread_.join();
  g_main_loop_unref(loop_);
}

StreamStatus stream_status(const std::string& id) {
  StreamStatus status;
  status.id = id;
  status.name = "Name of \xff " + id;
  status.state = "playing";
  status.live = true;
  status.verdict = "authentic";
  status.probability = 0.25;
  status.day = "2026-11-27";
  status.judged_seconds = 12.5;
  return status;
}

std::pair<std::string, std::string> certificate() {
  const std::string key = scratch("tls.key");
  const std::string made = scratch("tls.crt");
  const std::string command =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -keyout '" + key +
      "' -out '" + made + "' 2>/dev/null";
  if (std::system(command.c_str()) != 0) return {};
  std::filesystem::permissions(key, std::filesystem::perms(0600));
  return {made, key};
}

WebFixture::WebFixture()
    : folder_(scratch(std::string("web/") +
                      testing::UnitTest::GetInstance()->current_test_info()->name())) {
  std::filesystem::remove_all(folder_);
  settings_.address = "127.0.0.1";
  settings_.state_folder = folder_;
}

void WebFixture::start() {
  store_ = std::make_unique<Store>(folder_, [](const std::string& /*event*/) {});
  const WebServer::Page page = [] {
    HttpResponse response;
    response.body = "made";
    return response;
  };
  server_ = std::make_unique<WebServer>(
      settings_, std::map<std::string, WebServer::Page>{{"/healthz", page}}, board_,
      [this](const Change& change, Store::ChangeDone done) {
        store_->change(change, std::move(done));
      });
}

int WebFixture::port() const {
  return std::stoi(server_->address().substr(server_->address().rfind(':') + 1));
}

void WebFixture::keep(int number, AlarmState state, const std::string& stream) {
  Entry entry;
  entry.time = now().wall;
  entry.event_id = "event" + std::to_string(number);
  entry.event = "{\"number\":" + std::to_string(number) + "}";
  entry.alarm.emplace();
  entry.alarm->stream = stream;
  entry.alarm->rule = "face";
  entry.alarm->state = state;
  entry.alarm->record.id = alarm_id(number);
  entry.alarm->record.started_at = entry.time;
  if (state == AlarmState::kFiring) entry.alarm->record.fired_at = entry.time;
  entry.alarm->record.peak_probability = 0.75;
  entry.previous = AlarmState::kPending;
  store_->add(now(), std::move(entry));
}

void WebFixture::wait_for_store() {
  ASSERT_TRUE(comes_true([&] { return store_->waiting() == 0; }));
}

std::string WebFixture::alarm_id(int number) {
  const std::string digits = std::to_string(1000 + number).substr(1);
  return "01ARZ3NDEKTSV4RRFFQ69G5" + digits;
}

}  // namespace dfd::monitor::test
