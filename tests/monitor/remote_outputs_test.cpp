// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events to those who may be away: webhooks and MQTT.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "event_receivers.h"
#include "media_servers.h"
#include "outputs/mqtt.h"
#include "outputs/webhook.h"
#include "program.h"
#include "talker.h"
#include "web_fixture.h"

namespace {

using dfd::monitor::Delivery;
using dfd::monitor::Mqtt;
using dfd::monitor::MqttConfig;
using dfd::monitor::topic_of;
using dfd::monitor::Webhook;
using dfd::monitor::webhook_signature;
using dfd::monitor::WebhookConfig;
using dfd::monitor::test::Broker;
using dfd::monitor::test::certificate;
using dfd::monitor::test::comes_true;
using dfd::monitor::test::free_port;
using dfd::monitor::test::has_metric;
using dfd::monitor::test::HttpReceiver;
using dfd::monitor::test::Json;
using dfd::monitor::test::Program;
using dfd::monitor::test::Subscriber;
using dfd::monitor::test::Talker;
using dfd::monitor::test::write_config;

constexpr const char* kEvent = R"({"id":"E1","data":{"stream":{"id":"ch1"}}})";

WebhookConfig webhook_config(const std::string& url) {
  WebhookConfig config;
  config.url = url;
  config.secret = "sixteen letters!";
  return config;
}

// Made with Python's hmac.
TEST(AWebhook, IsSignedOverIdTimeAndBody) {
  EXPECT_EQ(webhook_signature("secret", "msg_1", "1614265330", "{\"test\": 2432232314}"),
            "v1,T49pOLi9Y59Pd0W8q5zvP9qTIc61pr4XaCUOi3i6Wj4=");
}

TEST(AWebhook, SaysWhoSignedIt) {
  HttpReceiver receiver;
  Webhook webhook(webhook_config(receiver.url()));
  EXPECT_EQ(webhook.send("E1", "{}").result, Delivery::Result::kTaken);
  ASSERT_EQ(receiver.requests().size(), 1U);
  auto request = receiver.requests()[0].first;
  EXPECT_EQ(request.body, "{}");
  EXPECT_EQ(request.headers["webhook-id"], "E1");
  EXPECT_EQ(request.headers["content-type"], "application/cloudevents+json");
  EXPECT_EQ(
      request.headers["webhook-signature"],
      webhook_signature("sixteen letters!", "E1", request.headers["webhook-timestamp"], "{}"));
}

TEST(AWebhook, TellsWhatIsRefusedFromWhatMayBeTakenLater) {
  HttpReceiver receiver;
  Webhook webhook(webhook_config(receiver.url()));
  const std::vector<std::pair<int, Delivery::Result>> answers = {
      {200, Delivery::Result::kTaken},   {202, Delivery::Result::kTaken},
      {400, Delivery::Result::kRefused}, {413, Delivery::Result::kRefused},
      {401, Delivery::Result::kLater},   {404, Delivery::Result::kLater},
      {429, Delivery::Result::kLater},   {500, Delivery::Result::kLater},
      {503, Delivery::Result::kLater}};
  for (const auto& [status, result] : answers) {
    receiver.answer({status});
    EXPECT_EQ(webhook.send("E1", "{}").result, result) << status;
  }
}

TEST(AWebhook, FollowsNobodyElsewhere) {
  HttpReceiver receiver;
  Webhook webhook(webhook_config(receiver.url()));
  for (const int status : {301, 302, 307, 308}) {
    receiver.answer({status});
    EXPECT_EQ(webhook.send("E1", "{}").result, Delivery::Result::kLater) << status;
  }
  EXPECT_EQ(receiver.requests().size(), 4U);
}

TEST(AWebhook, AnAnswerWithoutAnEndIsTakenByItsStatus) {
  const Talker talker("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", std::string(65536, 'x'),
                      std::chrono::milliseconds(0));
  // Of no help here.
  Webhook webhook(webhook_config(talker.url()), std::chrono::hours(1));
  EXPECT_EQ(webhook.send("E1", "{}").result, Delivery::Result::kTaken);
}

TEST(AWebhook, WhoseAnswerOnlyDripsIsTriedAgain) {
  const Talker talker("HTTP/1.1 200 OK\r\nX-Drip: ", "x", std::chrono::milliseconds(50));
  Webhook webhook(webhook_config(talker.url()), std::chrono::milliseconds(500));
  const Delivery delivery = webhook.send("E1", "{}");
  EXPECT_EQ(delivery.result, Delivery::Result::kLater);
  EXPECT_EQ(delivery.text, "no answer came in time");
}

TEST(AWebhook, IsCalledOffWhileItWaits) {
  const Talker talker("HTTP/1.1 200 OK\r\nX-Drip: ", "x", std::chrono::milliseconds(50));
  Webhook webhook(webhook_config(talker.url()), std::chrono::hours(1));
  std::thread other([&] { webhook.cancel(); });
  EXPECT_EQ(webhook.send("E1", "{}").result, Delivery::Result::kLater);
  other.join();
}

TEST(AWebhook, TrustsItsAuthoritiesAlone) {
  const auto [made, key] = certificate();
  HttpReceiver receiver("0", made, key);
  WebhookConfig config = webhook_config(receiver.url());
  EXPECT_EQ(Webhook(config).send("E1", "{}").result, Delivery::Result::kLater);
  EXPECT_TRUE(receiver.requests().empty());
  config.tls_authorities = made;
  EXPECT_EQ(Webhook(config).send("E1", "{}").result, Delivery::Result::kTaken);
}

TEST(Mqtt, TopicsTellWhatTheyAreAboutAndKeepHowThingsStand) {
  const std::string stream = R"("stream":{"id":"ch1"})";
  const std::string alarm = stream + R"(,"alarm":{"rule":"face"})";
  const std::vector<std::tuple<std::string, std::string, bool>> table = {
      {R"("state":"started")", "monitor", true},
      {stream, "streams/ch1", true},
      {stream + R"(,"change":{"action":"mute"})", "streams/ch1", true},
      {alarm, "streams/ch1/face", true},
      {alarm + R"(,"change":{"action":"label"})", "streams/ch1/face", false},
      {stream + R"(,"clip":{"alarm":"A"})", "streams/ch1/clip", false}};
  for (const auto& [data, name, retained] : table) {
    const auto topic = topic_of("{\"data\":{" + data + "}}");
    EXPECT_EQ(topic.name, name) << data;
    EXPECT_EQ(topic.retained, retained) << data;
  }
}

TEST(Mqtt, TrustsItsAuthoritiesAlone) {
  const auto [made, key] = certificate();
  const std::string port = free_port(G_SOCKET_TYPE_STREAM);
  Broker broker(port, made, key);
  MqttConfig config;
  config.host = "localhost";
  config.port = std::stoi(port);
  config.tls = true;
  config.tls_authorities = made;
  Mqtt right(config, "right");
  EXPECT_TRUE(
      comes_true([&] { return right.send("E1", kEvent).result == Delivery::Result::kTaken; }));
  config.tls_authorities.clear();
  Mqtt wrong(config, "wrong");
  EXPECT_EQ(wrong.send("E1", kEvent).result, Delivery::Result::kLater);
}

// A port whose queue is full, so that the kernel answers nobody any more.
class FullPort {
 public:
  FullPort() {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&place);
    socklen_t size = sizeof(place);
    sockets_.push_back(socket(AF_INET, SOCK_STREAM, 0));
    bind(sockets_[0], address, size);
    listen(sockets_[0], 0);
    getsockname(sockets_[0], address, &size);
    port_ = ntohs(place.sin_port);
    // The queue has a place more than it was asked for.
    for (int i = 0; i < 4; ++i) {
      sockets_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      connect(sockets_.back(), address, size);
    }
  }
  ~FullPort() {
    for (const int one : sockets_) close(one);
  }
  FullPort(const FullPort&) = delete;
  FullPort& operator=(const FullPort&) = delete;

  int port() const { return port_; }

 private:
  std::vector<int> sockets_;
  int port_ = 0;
};

TEST(Mqtt, IsCalledOffWhileNobodyAnswersItsCall) {
  const FullPort nobody;
  MqttConfig config;
  config.host = "127.0.0.1";
  config.port = nobody.port();
  Mqtt mqtt(config, "patient");
  const auto begin = std::chrono::steady_clock::now();
  mqtt.cancel();
  EXPECT_EQ(mqtt.send("E1", kEvent).result, Delivery::Result::kLater);
  // The kernel would wait for two minutes.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

TEST(Mqtt, BearsMoreThanAThousandOpenFiles) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit many = before;
  many.rlim_cur = std::min<rlim_t>(before.rlim_max, 4096);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &many), 0);
  std::vector<int> open_files;
  while (open_files.empty() || open_files.back() < FD_SETSIZE) {
    open_files.push_back(dup(STDERR_FILENO));
    ASSERT_GE(open_files.back(), 0);
  }
  {
    const std::string port = free_port(G_SOCKET_TYPE_STREAM);
    const Broker broker(port);
    MqttConfig config;
    config.host = "127.0.0.1";
    config.port = std::stoi(port);
    Mqtt mqtt(config, "many");
    EXPECT_TRUE(
        comes_true([&] { return mqtt.send("E1", kEvent).result == Delivery::Result::kTaken; }));
  }
  for (const int file : open_files) close(file);
  setrlimit(RLIMIT_NOFILE, &before);
}

std::string state_in(const std::string& event) {
  const Json parsed = Json::parse(event, nullptr, false);
  return parsed.is_object() ? parsed["data"].value("state", "") : "";
}

// Ids in the order in which they came first.
std::vector<std::string> ids_of(const std::vector<std::string>& events) {
  std::vector<std::string> ids;
  for (const std::string& text : events) {
    const std::string id = Json::parse(text)["id"];
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

// Of what a program printed.
std::vector<std::string> printed(const Program& program) {
  std::vector<std::string> ids;
  for (const Json& one : program.events()) ids.push_back(one["id"]);
  return ids;
}

TEST(Run, AWebhookThatWasAwayHasEveryEventInOrder) {
  const std::string port = free_port(G_SOCKET_TYPE_STREAM);
  const std::string url = "http://localhost:" + port + "/events";
  Program program({"run", write_config("hook.toml", "rtsp://127.0.0.1:1/a",
                                       "[[output.webhook]]\nurl = \"" + url + "\"\n")});
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("down", "firing"); })) << program.all();
  // As many as were printed, which all wait.
  const auto waiting = [&] {
    return has_metric(program, "deepfake_output_queue_length{output=\"webhook\"} " +
                                   std::to_string(printed(program).size()));
  };
  EXPECT_TRUE(comes_true(waiting));
  HttpReceiver receiver(port);
  receiver.answer({500, 503});
  EXPECT_TRUE(comes_true([&] { return ids_of(receiver.taken()) == printed(program); }));
  EXPECT_TRUE(comes_true(
      [&] { return has_metric(program, "deepfake_output_queue_length{output=\"webhook\"} 0"); }));
  EXPECT_EQ(program.stop(), 0);
}

TEST(Run, WhatWaitedAtAKillIsSentByTheNextRun) {
  const std::string port = free_port(G_SOCKET_TYPE_STREAM);
  const std::string config =
      write_config("killed.toml", "rtsp://127.0.0.1:1/a",
                   "[[output.webhook]]\nurl = \"http://localhost:" + port + "/events\"\n");
  Program first({"run", config});
  ASSERT_TRUE(comes_true([&] { return first.told_alarm("down", "firing"); })) << first.all();
  first.kill();
  HttpReceiver receiver(port);
  Program second({"run", config});
  EXPECT_TRUE(comes_true([&] {
    std::vector<std::string> all = printed(first);
    for (const std::string& id : printed(second)) {
      if (std::find(all.begin(), all.end(), id) == all.end()) all.push_back(id);
    }
    return all.size() > printed(first).size() && ids_of(receiver.taken()) == all;
  })) << second.all();
  EXPECT_EQ(second.stop(), 0);
}

TEST(Run, ABrokerThatWasAwayHasEveryEventAndKnowsWhoIsThere) {
  const std::string port = free_port(G_SOCKET_TYPE_STREAM);
  const std::string config = write_config("broker.toml", "rtsp://127.0.0.1:1/a",
                                          "[[output.mqtt]]\nurl = \"mqtt://127.0.0.1:" + port +
                                              "\"\ntopic = \"site/dfd\"\nheartbeat_s = 1\n");
  Program program({"run", config});
  ASSERT_TRUE(comes_true([&] { return program.told_alarm("down", "firing"); })) << program.all();
  Broker broker(port);
  Subscriber subscriber(port);
  const auto taken = [&] {
    std::vector<std::string> events;
    for (const Subscriber::Message& message : subscriber.messages()) {
      const bool is_event = message.body.front() == '{';
      if (is_event && state_in(message.body) != "heartbeat") events.push_back(message.body);
    }
    return ids_of(events);
  };
  EXPECT_TRUE(comes_true([&] { return taken() == printed(program); }));
  const Json alarm = Json::parse(subscriber.newest("site/dfd/streams/ch1/down"));
  EXPECT_EQ(alarm["data"]["alarm"]["state"], "firing");
  EXPECT_EQ(subscriber.newest("site/dfd/online"), "1");
  EXPECT_TRUE(comes_true([&] {
    const std::string beat = subscriber.newest("site/dfd/monitor");
    return state_in(beat) == "heartbeat" && Json::parse(beat)["data"].value("streams_up", -1) == 0;
  }));
  // Who comes later knows how things stand, and that the program is gone.
  program.kill();
  EXPECT_TRUE(comes_true([&] { return subscriber.newest("site/dfd/online") == "0"; }));
  Subscriber later(port);
  EXPECT_TRUE(comes_true([&] { return !later.newest("site/dfd/streams/ch1/down").empty(); }));
  EXPECT_EQ(later.newest("site/dfd/online"), "0");
}

}  // namespace
