// SPDX-License-Identifier: LGPL-2.1-or-later

#include "connections.h"

#include <algorithm>

namespace dfd::monitor {
namespace {

// What a message is followed by.
constexpr const char* kKey = "deepfake-monitor-connection";

}  // namespace

struct Connections::Connection {
  enum class Phase {
    kReading,
    kWaiting,  // For the answer.
    kWriting,
    kOver,  // Answered, or cut off; whoever still holds the message holds no place.
  };

  static void on_got_chunk(SoupServerMessage* message, GBytes* chunk, gpointer data);
  static void on_got_body(SoupServerMessage* message, gpointer data);
  static void on_wrote_headers(SoupServerMessage* message, gpointer data);
  static void on_wrote(SoupServerMessage* message, guint size, gpointer data);
  static void on_finished(SoupServerMessage* message, gpointer data);
  static void on_gone(gpointer data);

  explicit Connection(SoupServerMessage* of) : message(of) {
    g_weak_ref_init(&socket, soup_server_message_get_socket(of));
  }
  ~Connection() { g_weak_ref_clear(&socket); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Connections* owner = nullptr;
  SoupServerMessage* message;
  GWeakRef socket;
  Phase phase = Phase::kReading;
  // When the phase began, or the last byte was taken.
  Time since;
  std::size_t body = 0;
};

void cut_off(SoupServerMessage* message) {
  GSocket* socket = soup_server_message_get_socket(message);
  // libsoup reads the end of it then, and lets the connection go.
  if (socket != nullptr) g_socket_shutdown(socket, TRUE, TRUE, nullptr);
}

// What is too much is not kept; the answer says so once it has all come, if that does not take for
// ever.
void Connections::Connection::on_got_chunk(SoupServerMessage* message, GBytes* chunk,
                                           gpointer data) {
  constexpr std::size_t kCut = 1024 * 1024;
  auto* self = static_cast<Connection*>(data);
  self->body += g_bytes_get_size(chunk);
  if (self->body > kCut) {
    cut_off(message);
  } else if (self->body > self->owner->limits_.body) {
    SoupMessageBody* body = soup_server_message_get_request_body(message);
    soup_message_body_set_accumulate(body, FALSE);
    soup_message_body_truncate(body);
  }
}

void Connections::Connection::on_got_body(SoupServerMessage* /*message*/, gpointer data) {
  static_cast<Connection*>(data)->phase = Phase::kWaiting;
}

void Connections::Connection::on_wrote_headers(SoupServerMessage* message, gpointer data) {
  auto* self = static_cast<Connection*>(data);
  // Of an answer without a length nobody knows when the next byte is due but who sends it.
  const bool has_length =
      soup_message_headers_get_encoding(soup_server_message_get_response_headers(message)) ==
      SOUP_ENCODING_CONTENT_LENGTH;
  self->phase = has_length ? Phase::kWriting : Phase::kWaiting;
  self->since = now().steady;
}

void Connections::Connection::on_wrote(SoupServerMessage* /*message*/, guint /*size*/,
                                       gpointer data) {
  static_cast<Connection*>(data)->since = now().steady;
}

void Connections::Connection::on_finished(SoupServerMessage* /*message*/, gpointer data) {
  static_cast<Connection*>(data)->phase = Phase::kOver;
}

// Of those that asked nothing this is all that tells.
void Connections::Connection::on_gone(gpointer data) {
  auto* self = static_cast<Connection*>(data);
  self->owner->all_.remove(self);
  if (auto* socket = static_cast<GSocket*>(g_weak_ref_get(&self->socket))) {
    self->owner->forgotten_.add(now().steady, socket);
    g_object_unref(socket);
  }
  delete self;
}

void Connections::add(SoupServerMessage* message) {
  auto connection = std::make_unique<Connection>(message);
  connection->owner = this;
  connection->since = now().steady;
  Connection* self = connection.get();
  // libsoup remembers it then; of a socket that is gone it could not tell.
  soup_server_message_get_remote_address(message);
  const auto here = std::count_if(all_.begin(), all_.end(), [](const Connection* other) {
    return other->phase != Connection::Phase::kOver;
  });
  if (static_cast<std::size_t>(here) >= limits_.connections) {
    const auto idle = std::find_if(all_.begin(), all_.end(), [](const Connection* other) {
      return other->phase == Connection::Phase::kReading;
    });
    Connection* leaving = idle == all_.end() ? self : *idle;
    leaving->phase = Connection::Phase::kOver;
    cut_off(leaving->message);
  }
  all_.push_back(self);
  g_object_set_data_full(G_OBJECT(message), kKey, connection.release(), Connection::on_gone);
  g_signal_connect(message, "got-chunk", G_CALLBACK(Connection::on_got_chunk), self);
  g_signal_connect(message, "got-body", G_CALLBACK(Connection::on_got_body), self);
  g_signal_connect(message, "wrote-headers", G_CALLBACK(Connection::on_wrote_headers), self);
  g_signal_connect(message, "wrote-body-data", G_CALLBACK(Connection::on_wrote), self);
  g_signal_connect(message, "finished", G_CALLBACK(Connection::on_finished), self);
}

void Connections::update(Time now) {
  forgotten_.update(now);
  for (Connection* connection : all_) {
    const Duration waited = now - connection->since;
    const bool late =
        (connection->phase == Connection::Phase::kReading && waited > limits_.request) ||
        (connection->phase == Connection::Phase::kWriting && waited > limits_.write);
    if (!late) continue;
    connection->phase = Connection::Phase::kOver;
    cut_off(connection->message);
  }
}

bool Connections::is_too_long(SoupServerMessage* message) {
  const auto* connection =
      static_cast<const Connection*>(g_object_get_data(G_OBJECT(message), kKey));
  return connection != nullptr && connection->body > connection->owner->limits_.body;
}

}  // namespace dfd::monitor
