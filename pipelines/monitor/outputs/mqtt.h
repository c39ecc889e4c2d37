// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events to an MQTT broker, QoS 1. What says how things stand is retained for who comes later:
//
//   TOPIC/online              1, and 0 by the last will
//   TOPIC/monitor             events of the program itself
//   TOPIC/streams/ID          of a stream
//   TOPIC/streams/ID/RULE     of its alarm of that rule
//
// Not so what is about the past: evidence, TOPIC/streams/ID/clip, and what somebody said of an
// alarm, which may be any old one.

#pragma once

#include <memory>
#include <string>
#include <thread>

#include "config/config.h"
#include "outputs/sender.h"

namespace dfd::monitor {

struct Topic {
  // Behind TOPIC/; never one with a wildcard.
  std::string name;
  bool retained = true;
};
Topic topic_of(const std::string& event);

class Mqtt : public Sender {
 public:
  // `id`: of this program, the same after a restart.
  Mqtt(MqttConfig config, std::string id);
  ~Mqtt() override;

  Delivery send(const std::string& id, const std::string& event) override;
  void idle() override { connect(); }
  void cancel() override;

 private:
  struct Link;

  void set_up();
  // Where there is no connection yet, or none any more. Returns what went wrong, or nothing.
  std::string connect();
  void disconnect();
  Delivery later(const std::string& text) const;

  MqttConfig config_;
  std::string id_;
  std::string online_;
  // Also of the thread that opens a connection, which nobody can hurry.
  std::shared_ptr<Link> link_;
  // Reads and keeps the connection alive, as long as there is one.
  std::thread network_;
};

}  // namespace dfd::monitor
