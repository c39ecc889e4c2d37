// SPDX-License-Identifier: LGPL-2.1-or-later

#include "mqtt.h"

#include <mosquitto.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/secrets.h"

namespace dfd::monitor {
namespace {

// A broker that has taken a message says so at once; one that does not is away.
constexpr auto kAnswerLimit = std::chrono::seconds(10);
// The broker tells the last will after one and a half of it.
constexpr int kKeepAliveSeconds = 15;
constexpr int kQos = 1;

}  // namespace

std::string topic_of(const std::string& event) {
  const auto json = nlohmann::json::parse(event);
  const auto& data = json.at("data");
  if (!data.contains("stream")) return "monitor";
  std::string topic = "streams/" + data["stream"].at("id").get<std::string>();
  if (data.contains("alarm")) topic += "/" + data["alarm"].at("rule").get<std::string>();
  return topic;
}

Mqtt::Mqtt(MqttConfig config, std::string id)
    : config_(std::move(config)), id_(std::move(id)), online_(config_.topic + "/online") {
  // Never cleaned up: threads may be left at the end.
  static const int initialised = mosquitto_lib_init();
  static_cast<void>(initialised);
  set_up();
}

void Mqtt::set_up() {
  client_ = mosquitto_new(id_.c_str(), /*clean_session=*/true, this);
  if (client_ == nullptr) return;
  mosquitto_threaded_set(client_, true);
  const Credentials& credentials = config_.credentials;
  if (!credentials.user.empty()) {
    mosquitto_username_pw_set(client_, credentials.user.c_str(), credentials.password.c_str());
  }
  if (config_.tls) {
    const bool own = !config_.tls_authorities.empty();
    mosquitto_tls_set(client_, own ? config_.tls_authorities.c_str() : nullptr,
                      own ? nullptr : "/etc/ssl/certs", nullptr, nullptr, nullptr);
  }
  mosquitto_will_set(client_, online_.c_str(), 1, "0", kQos, /*retain=*/true);
  mosquitto_connect_callback_set(client_, on_connect);
  mosquitto_disconnect_callback_set(client_, on_disconnect);
  mosquitto_publish_callback_set(client_, on_publish);
}

Mqtt::~Mqtt() {
  if (client_ == nullptr) return;
  disconnect();
  mosquitto_destroy(client_);
}

void Mqtt::disconnect() {
  bool connected = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    connected = connected_;
  }
  // Who goes in peace leaves no will.
  if (connected) mosquitto_publish(client_, nullptr, online_.c_str(), 1, "0", kQos, true);
  mosquitto_disconnect(client_);
  if (network_.joinable()) network_.join();
}

void Mqtt::on_connect(mosquitto* client, void* data, int code) {
  auto* self = static_cast<Mqtt*>(data);
  if (code == 0) mosquitto_publish(client, nullptr, self->online_.c_str(), 1, "1", kQos, true);
  const std::lock_guard<std::mutex> lock(self->mutex_);
  self->connected_ = code == 0;
  self->trouble_ = code == 0 ? "" : mosquitto_connack_string(code);
  self->changed_.notify_all();
}

void Mqtt::on_disconnect(mosquitto* /*client*/, void* data, int code) {
  auto* self = static_cast<Mqtt*>(data);
  const std::lock_guard<std::mutex> lock(self->mutex_);
  self->connected_ = false;
  if (self->trouble_.empty()) self->trouble_ = mosquitto_strerror(code);
  self->changed_.notify_all();
}

void Mqtt::on_publish(mosquitto* /*client*/, void* data, int message) {
  auto* self = static_cast<Mqtt*>(data);
  const std::lock_guard<std::mutex> lock(self->mutex_);
  self->published_.insert(message);
  self->changed_.notify_all();
}

void Mqtt::cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

Delivery Mqtt::later(const std::string& text) const {
  return {Delivery::Result::kLater, masked(text)};
}

std::string Mqtt::connect() {
  if (client_ == nullptr) return "out of memory";
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (connected_) return "";
    trouble_.clear();
  }
  // The one before is at its end.
  if (network_.joinable()) network_.join();
  const int code =
      mosquitto_connect(client_, config_.host.c_str(), config_.port, kKeepAliveSeconds);
  if (code == MOSQ_ERR_ERRNO) return std::strerror(errno);
  if (code != MOSQ_ERR_SUCCESS) return mosquitto_strerror(code);
  network_ = std::thread([this] {
    constexpr int kTurnMs = 200;
    int turn = MOSQ_ERR_SUCCESS;
    while (turn == MOSQ_ERR_SUCCESS) turn = mosquitto_loop(client_, kTurnMs, /*max_packets=*/1);
    on_disconnect(client_, this, turn);
  });
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, kAnswerLimit,
                    [this] { return connected_ || cancelled_ || !trouble_.empty(); });
  if (connected_) return "";
  const std::string trouble = trouble_.empty() ? "the broker does not answer" : trouble_;
  lock.unlock();
  disconnect();
  return trouble;
}

Delivery Mqtt::send(const std::string& /*id*/, const std::string& event) {
  if (const std::string trouble = connect(); !trouble.empty()) return later(trouble);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    published_.clear();
  }
  // It calls back with its own locks held, so ours is not.
  const std::string topic = config_.topic + "/" + topic_of(event);
  int message = 0;
  const int code =
      mosquitto_publish(client_, &message, topic.c_str(), static_cast<int>(event.size()),
                        event.data(), kQos, /*retain=*/true);
  if (code != MOSQ_ERR_SUCCESS) return later(mosquitto_strerror(code));
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait_for(lock, kAnswerLimit,
                    [&] { return published_.count(message) > 0 || cancelled_ || !connected_; });
  if (published_.count(message) > 0) return {};
  return later(connected_ ? "the broker does not answer" : trouble_);
}

}  // namespace dfd::monitor
