// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events to an MQTT broker, QoS 1 and retained, so that who comes later knows how things stand:
//
//   TOPIC/online              1, and 0 by the last will
//   TOPIC/monitor             events of the program itself
//   TOPIC/streams/ID          of a stream
//   TOPIC/streams/ID/RULE     of its alarm of that rule

#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "config/config.h"
#include "outputs/sender.h"

struct mosquitto;

namespace dfd::monitor {

// Of an event, behind TOPIC/; never one with a wildcard.
std::string topic_of(const std::string& event);

class Mqtt : public Sender {
 public:
  // `id`: of this program, the same after a restart.
  Mqtt(MqttConfig config, std::string id);
  ~Mqtt() override;

  Delivery send(const std::string& id, const std::string& event) override;
  void idle() override { connect(); }
  void cancel() override;

 private:
  static void on_connect(mosquitto* client, void* data, int code);
  static void on_disconnect(mosquitto* client, void* data, int code);
  static void on_publish(mosquitto* client, void* data, int message);

  void set_up();
  // Where there is no connection yet, or none any more. Returns what went wrong, or nothing.
  std::string connect();
  void disconnect();
  Delivery later(const std::string& text) const;

  MqttConfig config_;
  std::string id_;
  std::string online_;
  mosquitto* client_ = nullptr;
  // Reads and keeps the connection alive, as long as there is one.
  std::thread network_;

  std::mutex mutex_;  // Of all that follows.
  std::condition_variable changed_;
  bool connected_ = false;
  bool cancelled_ = false;
  std::set<int> published_;
  std::string trouble_;
};

}  // namespace dfd::monitor
