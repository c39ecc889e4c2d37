// SPDX-License-Identifier: LGPL-2.1-or-later

#include "event_receivers.h"

#include <libsoup/soup.h>
#include <mosquitto.h>

#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "program.h"

namespace dfd::monitor::test {

struct HttpReceiver::Shared {
  static void on_request(SoupServer* server, SoupServerMessage* message, const char* path,
                         GHashTable* query, gpointer data);

  GMainContext* context = g_main_context_new();
  GMainLoop* loop = g_main_loop_new(context, FALSE);
  SoupServer* server = nullptr;
  std::thread thread;
  mutable std::mutex mutex;
  std::deque<int> statuses;
  std::vector<std::pair<Request, int>> requests;
};

void HttpReceiver::Shared::on_request(SoupServer* /*server*/, SoupServerMessage* message,
                                      const char* path, GHashTable* /*query*/, gpointer data) {
  auto* self = static_cast<Shared*>(data);
  Request request;
  SoupMessageHeadersIter headers;
  soup_message_headers_iter_init(&headers, soup_server_message_get_request_headers(message));
  const char* name = nullptr;
  const char* value = nullptr;
  while (soup_message_headers_iter_next(&headers, &name, &value)) {
    gchar* lower = g_ascii_strdown(name, -1);
    request.headers[lower] = value;
    g_free(lower);
  }
  SoupMessageBody* body = soup_server_message_get_request_body(message);
  request.body.assign(body->data, static_cast<std::size_t>(body->length));
  const std::lock_guard<std::mutex> lock(self->mutex);
  int status = SOUP_STATUS_NO_CONTENT;
  if (!self->statuses.empty()) {
    status = self->statuses.front();
    self->statuses.pop_front();
  }
  if (status / 100 == 3) {
    soup_server_message_set_redirect(message, static_cast<guint>(status), "/elsewhere");
  } else {
    soup_server_message_set_status(message, static_cast<guint>(status), nullptr);
  }
  if (std::string(path) == "/elsewhere") status = SOUP_STATUS_NOT_FOUND;
  self->requests.emplace_back(std::move(request), status);
}

HttpReceiver::HttpReceiver(const std::string& port, const std::string& certificate,
                           const std::string& key)
    : shared_(std::make_unique<Shared>()) {
  g_main_context_push_thread_default(shared_->context);
  shared_->server = soup_server_new(nullptr, nullptr);
  const bool secured = !certificate.empty();
  if (secured) {
    GTlsCertificate* both =
        g_tls_certificate_new_from_files(certificate.c_str(), key.c_str(), nullptr);
    soup_server_set_tls_certificate(shared_->server, both);
    g_object_unref(both);
  }
  soup_server_add_handler(shared_->server, nullptr, Shared::on_request, shared_.get(), nullptr);
  GError* error = nullptr;
  const auto options = static_cast<SoupServerListenOptions>(secured ? SOUP_SERVER_LISTEN_HTTPS : 0);
  soup_server_listen_local(shared_->server, static_cast<guint>(std::stoi(port)), options, &error);
  g_main_context_pop_thread_default(shared_->context);
  if (error != nullptr) throw std::runtime_error(error->message);
  shared_->thread = std::thread([loop = shared_->loop, context = shared_->context] {
    g_main_context_push_thread_default(context);
    g_main_loop_run(loop);
    g_main_context_pop_thread_default(context);
  });
}

HttpReceiver::~HttpReceiver() {
  g_main_loop_quit(shared_->loop);
  shared_->thread.join();
  soup_server_disconnect(shared_->server);
  g_object_unref(shared_->server);
  g_main_loop_unref(shared_->loop);
  g_main_context_unref(shared_->context);
}

void HttpReceiver::answer(std::deque<int> statuses) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->statuses = std::move(statuses);
}

std::string HttpReceiver::port() const {
  GSList* uris = soup_server_get_uris(shared_->server);
  const std::string port = std::to_string(g_uri_get_port(static_cast<GUri*>(uris->data)));
  g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  return port;
}

std::string HttpReceiver::url() const {
  const bool secured = soup_server_is_https(shared_->server) != FALSE;
  return (secured ? "https://localhost:" : "http://localhost:") + port() + "/events";
}

std::vector<std::pair<HttpReceiver::Request, int>> HttpReceiver::requests() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->requests;
}

std::vector<std::string> HttpReceiver::taken() const {
  std::vector<std::string> taken;
  for (const auto& [request, status] : requests()) {
    if (status / 100 == 2) taken.push_back(request.body);
  }
  return taken;
}

Broker::Broker(const std::string& port, const std::string& certificate, const std::string& key) {
  const std::string config = scratch("mosquitto-" + port + ".conf");
  std::ofstream file(config);
  file << "listener " << port << " 127.0.0.1\nallow_anonymous true\nuser root\n";
  if (!certificate.empty()) file << "certfile " << certificate << "\nkeyfile " << key << "\n";
  file.close();
  GError* error = nullptr;
  process_ = g_subprocess_new(static_cast<GSubprocessFlags>(G_SUBPROCESS_FLAGS_STDERR_SILENCE |
                                                            G_SUBPROCESS_FLAGS_STDOUT_SILENCE),
                              &error, "/usr/sbin/mosquitto", "-c", config.c_str(), nullptr);
  if (process_ == nullptr) throw std::runtime_error(error->message);
}

Broker::~Broker() {
  g_subprocess_force_exit(process_);
  g_subprocess_wait(process_, nullptr, nullptr);
  g_object_unref(process_);
}

Subscriber::Subscriber(const std::string& port) {
  mosquitto_lib_init();
  client_ = mosquitto_new(nullptr, true, this);
  mosquitto_connect_callback_set(client_, [](mosquitto* client, void* /*self*/, int code) {
    if (code == 0) mosquitto_subscribe(client, nullptr, "#", 1);
  });
  mosquitto_subscribe_callback_set(client_,
                                   [](mosquitto* /*client*/, void* data, int, int, const int*) {
                                     auto* self = static_cast<Subscriber*>(data);
                                     const std::lock_guard<std::mutex> lock(self->mutex_);
                                     self->subscribed_ = true;
                                   });
  mosquitto_message_callback_set(
      client_, [](mosquitto* /*client*/, void* data, const mosquitto_message* message) {
        auto* self = static_cast<Subscriber*>(data);
        const std::lock_guard<std::mutex> lock(self->mutex_);
        const auto* bytes = static_cast<const char*>(message->payload);
        self->messages_.push_back(
            {message->topic, std::string(bytes, static_cast<std::size_t>(message->payloadlen)),
             message->retain});
      });
  const bool connected = comes_true([&] {
    constexpr int kKeepAlive = 60;
    return mosquitto_connect(client_, "127.0.0.1", std::stoi(port), kKeepAlive) == MOSQ_ERR_SUCCESS;
  });
  if (!connected) throw std::runtime_error("the broker does not listen");
  mosquitto_loop_start(client_);
  comes_true([this] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return subscribed_;
  });
}

Subscriber::~Subscriber() {
  mosquitto_disconnect(client_);
  mosquitto_loop_stop(client_, true);
  mosquitto_destroy(client_);
}

std::vector<Subscriber::Message> Subscriber::messages() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return messages_;
}

std::string Subscriber::newest(const std::string& topic) const {
  std::string body;
  for (const Message& message : messages()) {
    if (message.topic == topic) body = message.body;
  }
  return body;
}

}  // namespace dfd::monitor::test
