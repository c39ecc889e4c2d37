// SPDX-License-Identifier: LGPL-2.1-or-later
//
// nats-server with JetStream on loopback, and who looks into its queue from outside.

#pragma once

#include <gio/gio.h>
#include <nats/nats.h>

#include <cstdint>
#include <string>
#include <vector>

namespace dfd::monitor::test {

// Keeps its queues in a folder of its own, so that one started anew at the same port has them.
class QueueServer {
 public:
  // `more` are further arguments. Throws std::runtime_error.
  explicit QueueServer(std::string port, std::vector<std::string> more = {});
  ~QueueServer();
  QueueServer(const QueueServer&) = delete;
  QueueServer& operator=(const QueueServer&) = delete;

  // Without a word to anybody.
  void kill();
  void start();

  // Of stream "SCAN" and consumer "scan".
  std::string uri(const std::string& scheme = "nats") const;

 private:
  std::string port_;
  std::vector<std::string> arguments_;
  GSubprocess* process_ = nullptr;
};

// Of a server that lets everybody in. Throws std::runtime_error.
class QueueClient {
 public:
  // Makes stream and consumer.
  QueueClient(const QueueServer& server, std::int64_t ack_wait_ms, int max_deliver);
  ~QueueClient();
  QueueClient(const QueueClient&) = delete;
  QueueClient& operator=(const QueueClient&) = delete;

  void put(const std::string& message);
  // Takes the next message, and is never heard of again.
  void take_and_die();
  // Messages that are not settled yet; of these the ones in somebody's hands.
  std::uint64_t waiting() const;
  std::int64_t in_hand() const;

 private:
  natsConnection* connection_ = nullptr;
  jsCtx* jetstream_ = nullptr;
};

}  // namespace dfd::monitor::test
