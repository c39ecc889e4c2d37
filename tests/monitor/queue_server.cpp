// SPDX-License-Identifier: LGPL-2.1-or-later

#include "queue_server.h"

#include <filesystem>
#include <stdexcept>
#include <utility>

#include "program.h"

namespace dfd::monitor::test {
namespace {

void require(natsStatus status, const char* what) {
  if (status != NATS_OK) {
    throw std::runtime_error(std::string(what) + ": " + natsStatus_GetText(status));
  }
}

bool listens(const std::string& port) {
  GSocketClient* client = g_socket_client_new();
  GSocketConnection* connection =
      g_socket_client_connect_to_host(client, ("127.0.0.1:" + port).c_str(), 0, nullptr, nullptr);
  const bool there = connection != nullptr;
  g_clear_object(&connection);
  g_object_unref(client);
  return there;
}

}  // namespace

QueueServer::QueueServer(std::string port, std::vector<std::string> more)
    : port_(std::move(port)), arguments_(std::move(more)) {
  const std::string folder = scratch("nats-" + port_);
  std::filesystem::remove_all(folder);
  for (const std::string& word : {std::string("-js"), std::string("-a"), std::string("127.0.0.1"),
                                  std::string("-p"), port_, std::string("-sd"), folder}) {
    arguments_.push_back(word);
  }
  start();
}

QueueServer::~QueueServer() { kill(); }

void QueueServer::start() {
  std::vector<const char*> words = {"/usr/sbin/nats-server"};
  for (const std::string& argument : arguments_) words.push_back(argument.c_str());
  words.push_back(nullptr);
  GError* error = nullptr;
  process_ = g_subprocess_newv(words.data(),
                               static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDERR_SILENCE |
                                                             G_SUBPROCESS_FLAGS_STDOUT_SILENCE),
                               &error);
  if (process_ == nullptr) throw std::runtime_error(error->message);
  if (!comes_true([this] { return listens(port_); })) {
    throw std::runtime_error("nats-server does not listen");
  }
}

void QueueServer::kill() {
  if (process_ == nullptr) return;
  g_subprocess_force_exit(process_);
  g_subprocess_wait(process_, nullptr, nullptr);
  g_clear_object(&process_);
}

std::string QueueServer::uri(const std::string& scheme) const {
  return scheme + "://localhost:" + port_ + "/SCAN/scan";
}

QueueClient::QueueClient(const QueueServer& server, std::int64_t ack_wait_ms, int max_deliver) {
  constexpr std::int64_t kNanosecondsPerMs = 1'000'000;
  const std::string uri = server.uri();
  require(natsConnection_ConnectTo(&connection_, uri.substr(0, uri.find("/SCAN")).c_str()),
          "connect");
  require(natsConnection_JetStream(&jetstream_, connection_, nullptr), "JetStream");
  const char* subject = "SCAN";
  jsStreamConfig stream;
  jsStreamConfig_Init(&stream);
  stream.Name = subject;
  stream.Subjects = &subject;
  stream.SubjectsLen = 1;
  stream.Retention = js_WorkQueuePolicy;
  require(js_AddStream(nullptr, jetstream_, &stream, nullptr, nullptr), "stream");
  jsConsumerConfig consumer;
  jsConsumerConfig_Init(&consumer);
  consumer.Durable = "scan";
  consumer.AckPolicy = js_AckExplicit;
  consumer.AckWait = ack_wait_ms * kNanosecondsPerMs;
  consumer.MaxDeliver = max_deliver;
  require(js_AddConsumer(nullptr, jetstream_, subject, &consumer, nullptr, nullptr), "consumer");
}

QueueClient::~QueueClient() {
  jsCtx_Destroy(jetstream_);
  natsConnection_Destroy(connection_);
}

void QueueClient::put(const std::string& message) {
  require(js_Publish(nullptr, jetstream_, "SCAN", message.data(), static_cast<int>(message.size()),
                     nullptr, nullptr),
          "put");
}

void QueueClient::take_and_die() {
  constexpr std::int64_t kLongestMs = 10'000;
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = "SCAN";
  options.Consumer = "scan";
  natsSubscription* subscription = nullptr;
  require(js_PullSubscribe(&subscription, jetstream_, nullptr, nullptr, nullptr, &options, nullptr),
          "subscribe");
  natsMsgList list{};
  require(natsSubscription_Fetch(&list, subscription, 1, kLongestMs, nullptr), "fetch");
  natsMsgList_Destroy(&list);
  natsSubscription_Destroy(subscription);
}

std::uint64_t QueueClient::waiting() const {
  jsStreamInfo* info = nullptr;
  require(js_GetStreamInfo(&info, jetstream_, "SCAN", nullptr, nullptr), "stream");
  const std::uint64_t messages = info->State.Msgs;
  jsStreamInfo_Destroy(info);
  return messages;
}

std::int64_t QueueClient::in_hand() const {
  jsConsumerInfo* info = nullptr;
  require(js_GetConsumerInfo(&info, jetstream_, "SCAN", "scan", nullptr, nullptr), "consumer");
  const std::int64_t pending = info->NumAckPending;
  jsConsumerInfo_Destroy(info);
  return pending;
}

}  // namespace dfd::monitor::test
