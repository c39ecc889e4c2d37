// SPDX-License-Identifier: LGPL-2.1-or-later

#include "mqtt.h"

#include <mosquitto.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/secrets.h"

namespace dfd::monitor {
namespace {

// A broker that has taken a message says so at once; one that does not is away.
constexpr auto kAnswerLimit = std::chrono::seconds(10);
// The broker tells the last will after one and a half of it.
constexpr int kKeepAliveSeconds = 15;
constexpr int kQos = 1;

}  // namespace

Topic topic_of(const std::string& event) {
  const Json json = Json::parse(event);
  const auto& data = json.at("data");
  if (!data.contains("stream")) return {"monitor"};
  const std::string stream = "streams/" + data["stream"].at("id").get<std::string>();
  if (data.contains("clip")) return {stream + "/clip", false};
  if (!data.contains("alarm")) return {stream};
  return {stream + "/" + data["alarm"].at("rule").get<std::string>(), !data.contains("change")};
}

// What threads share that outlive the sender.
struct Mqtt::Link {
  explicit Link(const std::string& id) : client(mosquitto_new(id.c_str(), true, this)) {}
  ~Link() {
    if (client != nullptr) mosquitto_destroy(client);
    if (wake >= 0) close(wake);
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  static void on_connect(mosquitto* client, void* data, int code);
  static void on_disconnect(mosquitto* client, void* data, int code);
  static void on_publish(mosquitto* client, void* data, int message);

  // Waits for the host's name and for its answer for as long as the kernel does: minutes.
  void open(const std::string& host, int port);
  // Until the connection ends. mosquitto's own loop does not bear a socket above 1023.
  void run();
  int turn();
  // What is to be sent is there.
  void nudge() { eventfd_write(wake, 1); }

  mosquitto* const client;
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::string online;
  // There is no connection yet, and nobody waits for it any more.
  std::atomic<bool> given_up{false};

  std::mutex mutex;  // Of all that follows.
  std::condition_variable changed;
  enum class State { kClosed, kOpening, kOpen, kConnected };
  State state = State::kClosed;
  bool cancelled = false;
  std::set<int> published;
  std::string trouble;
};

void Mqtt::Link::on_connect(mosquitto* client, void* data, int code) {
  auto* self = static_cast<Link*>(data);
  if (code == 0) mosquitto_publish(client, nullptr, self->online.c_str(), 1, "1", kQos, true);
  const std::lock_guard<std::mutex> lock(self->mutex);
  if (code == 0) self->state = State::kConnected;
  self->trouble = code == 0 ? "" : mosquitto_connack_string(code);
  self->changed.notify_all();
}

void Mqtt::Link::on_disconnect(mosquitto* /*client*/, void* data, int code) {
  auto* self = static_cast<Link*>(data);
  const std::lock_guard<std::mutex> lock(self->mutex);
  self->state = State::kClosed;
  if (self->trouble.empty()) self->trouble = mosquitto_strerror(code);
  self->changed.notify_all();
}

void Mqtt::Link::on_publish(mosquitto* /*client*/, void* data, int message) {
  auto* self = static_cast<Link*>(data);
  const std::lock_guard<std::mutex> lock(self->mutex);
  self->published.insert(message);
  self->changed.notify_all();
}

void Mqtt::Link::open(const std::string& host, int port) {
  const int code = mosquitto_connect(client, host.c_str(), port, kKeepAliveSeconds);
  const std::string text = code == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(code);
  const std::lock_guard<std::mutex> lock(mutex);
  state = code == MOSQ_ERR_SUCCESS ? State::kOpen : State::kClosed;
  if (code != MOSQ_ERR_SUCCESS) trouble = text;
  changed.notify_all();
}

int Mqtt::Link::turn() {
  // So often it looks whether a sign of life is due.
  constexpr int kTurnMs = 1000;
  // Reads also go on with what TLS begins with.
  const short wanted = mosquitto_want_write(client) ? POLLIN | POLLOUT : POLLIN;
  pollfd sources[] = {{mosquitto_socket(client), wanted, 0}, {wake, POLLIN, 0}};
  if (poll(sources, 2, kTurnMs) < 0 && errno != EINTR) return MOSQ_ERR_ERRNO;
  eventfd_t ignored = 0;
  eventfd_read(wake, &ignored);
  int code = MOSQ_ERR_SUCCESS;
  if (sources[0].revents != 0) code = mosquitto_loop_read(client, 1);
  if (code == MOSQ_ERR_SUCCESS) code = mosquitto_loop_write(client, 1);
  return code == MOSQ_ERR_SUCCESS ? mosquitto_loop_misc(client) : code;
}

void Mqtt::Link::run() {
  int code = MOSQ_ERR_SUCCESS;
  while (code == MOSQ_ERR_SUCCESS && !given_up) code = turn();
  on_disconnect(client, this, code);
}

Mqtt::Mqtt(MqttConfig config, std::string id)
    : config_(std::move(config)), id_(std::move(id)), online_(config_.topic + "/online") {
  // Never cleaned up: threads may be left at the end.
  static const int initialised = mosquitto_lib_init();
  static_cast<void>(initialised);
  set_up();
}

void Mqtt::set_up() {
  link_ = std::make_shared<Link>(id_);
  link_->online = online_;
  mosquitto* client = link_->client;
  if (client == nullptr) return;
  mosquitto_threaded_set(client, true);
  const Credentials& credentials = config_.credentials;
  if (!credentials.user.empty()) {
    mosquitto_username_pw_set(client, credentials.user.c_str(), credentials.password.c_str());
  }
  if (config_.tls) {
    const bool own = !config_.tls_authorities.empty();
    mosquitto_tls_set(client, own ? config_.tls_authorities.c_str() : nullptr,
                      own ? nullptr : "/etc/ssl/certs", nullptr, nullptr, nullptr);
  }
  mosquitto_will_set(client, online_.c_str(), 1, "0", kQos, /*retain=*/true);
  mosquitto_connect_callback_set(client, Link::on_connect);
  mosquitto_disconnect_callback_set(client, Link::on_disconnect);
  mosquitto_publish_callback_set(client, Link::on_publish);
}

Mqtt::~Mqtt() {
  if (link_->client != nullptr) disconnect();
}

void Mqtt::disconnect() {
  Link::State state{};
  {
    const std::lock_guard<std::mutex> lock(link_->mutex);
    state = link_->state;
  }
  // The thread that opens it is left to itself.
  if (state == Link::State::kOpening) return;
  mosquitto* client = link_->client;
  // Who goes in peace leaves no will.
  if (state == Link::State::kConnected) {
    mosquitto_publish(client, nullptr, online_.c_str(), 1, "0", kQos, true);
  }
  mosquitto_disconnect(client);
  link_->given_up = state != Link::State::kConnected;
  link_->nudge();
  if (network_.joinable()) network_.join();
}

void Mqtt::cancel() {
  const std::lock_guard<std::mutex> lock(link_->mutex);
  link_->cancelled = true;
  link_->changed.notify_all();
}

Delivery Mqtt::later(const std::string& text) const {
  return {Delivery::Result::kLater, masked(text)};
}

std::string Mqtt::connect() {
  using State = Link::State;
  if (link_->client == nullptr) return "out of memory";
  std::unique_lock<std::mutex> lock(link_->mutex);
  if (link_->state == State::kConnected) return "";
  if (link_->state == State::kClosed) {
    lock.unlock();
    // The one before is at its end, and says so once more.
    if (network_.joinable()) network_.join();
    lock.lock();
    link_->state = State::kOpening;
    link_->trouble.clear();
    std::thread([link = link_, host = config_.host, port = config_.port] {
      link->open(host, port);
    }).detach();
  }
  const auto limit = std::chrono::steady_clock::now() + kAnswerLimit;
  link_->changed.wait_until(lock, limit,
                            [&] { return link_->state != State::kOpening || link_->cancelled; });
  if (link_->state == State::kOpen) {
    link_->given_up = false;
    network_ = std::thread([link = link_] { link->run(); });
    link_->changed.wait_until(lock, limit,
                              [&] { return link_->state != State::kOpen || link_->cancelled; });
  }
  if (link_->state == State::kConnected) return "";
  const bool gives_up = link_->state == State::kOpen;
  const std::string trouble =
      link_->trouble.empty() ? "the broker does not answer" : link_->trouble;
  lock.unlock();
  if (gives_up) disconnect();
  return trouble;
}

Delivery Mqtt::send(const std::string& /*id*/, const std::string& event) {
  if (const std::string trouble = connect(); !trouble.empty()) return later(trouble);
  {
    const std::lock_guard<std::mutex> lock(link_->mutex);
    link_->published.clear();
  }
  // It calls back with its own locks held, so ours is not.
  const Topic behind = topic_of(event);
  const std::string topic = config_.topic + "/" + behind.name;
  int message = 0;
  const int code =
      mosquitto_publish(link_->client, &message, topic.c_str(), static_cast<int>(event.size()),
                        event.data(), kQos, behind.retained);
  if (code != MOSQ_ERR_SUCCESS) return later(mosquitto_strerror(code));
  link_->nudge();
  std::unique_lock<std::mutex> lock(link_->mutex);
  const auto is_away = [&] { return link_->state != Link::State::kConnected; };
  link_->changed.wait_for(lock, kAnswerLimit, [&] {
    return link_->published.count(message) > 0 || link_->cancelled || is_away();
  });
  if (link_->published.count(message) > 0) return {};
  return later(is_away() ? link_->trouble : "the broker does not answer");
}

}  // namespace dfd::monitor
