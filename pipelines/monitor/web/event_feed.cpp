// SPDX-License-Identifier: LGPL-2.1-or-later

#include "event_feed.h"

#include <algorithm>
#include <string>
#include <utility>

#include "web/connections.h"
#include "web/soup_message.h"

namespace dfd::monitor {
namespace {

// About 100 kB of alarms with some faces.
constexpr std::size_t kBatch = 50;

}  // namespace

struct EventFeed::Client {
  Client(SoupServerMessage* served, std::int64_t last, Time now, MayRead may)
      : message(SOUP_SERVER_MESSAGE(g_object_ref(served))),
        may_read(std::move(may)),
        cursor(last),
        progress(now),
        sent(now) {}
  ~Client() {
    g_signal_handlers_disconnect_by_data(message, this);
    g_object_unref(message);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(Time now, const std::string& text);
  void cut(Time now);

  static void on_wrote(SoupServerMessage* message, guint size, gpointer data);
  static void on_finished(SoupServerMessage* message, gpointer data);

  SoupServerMessage* message;
  MayRead may_read;
  // The number of the last event that was sent.
  std::int64_t cursor;
  // Bytes on their way.
  std::size_t pending = 0;
  Time progress;
  Time sent;
  bool finished = false;
};

void EventFeed::Client::on_wrote(SoupServerMessage* /*message*/, guint size, gpointer data) {
  auto* self = static_cast<Client*>(data);
  self->pending -= std::min<std::size_t>(size, self->pending);
  self->progress = now().steady;
}

void EventFeed::Client::on_finished(SoupServerMessage* /*message*/, gpointer data) {
  static_cast<Client*>(data)->finished = true;
}

void EventFeed::Client::send(Time now, const std::string& text) {
  if (pending == 0) progress = now;
  pending += text.size();
  sent = now;
  soup_message_body_append(soup_server_message_get_response_body(message), SOUP_MEMORY_COPY,
                           text.data(), text.size());
  soup_server_message_unpause(message);
}

// libsoup notices a closed socket only where it has something to write.
void EventFeed::Client::cut(Time now) {
  cut_off(message);
  send(now, ":\n\n");
}

EventFeed::EventFeed(Reader reader, const WebLimits& limits)
    : reader_(std::move(reader)), limits_(limits) {}

EventFeed::~EventFeed() = default;

bool EventFeed::add(Time now, SoupServerMessage* message, std::optional<std::int64_t> last,
                    MayRead may_read) {
  if (clients_.size() >= limits_.readers) return false;
  const std::int64_t from = last ? *last : reader_.last_event();
  soup_server_message_set_status(message, SOUP_STATUS_OK, nullptr);
  set_headers(message);
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  soup_message_headers_set_content_type(headers, "text/event-stream", nullptr);
  // HTTP 1.0 knows no chunks.
  soup_message_headers_set_encoding(headers,
                                    soup_server_message_get_http_version(message) == SOUP_HTTP_1_0
                                        ? SOUP_ENCODING_EOF
                                        : SOUP_ENCODING_CHUNKED);
  soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
  clients_.push_back(std::make_unique<Client>(message, from, now, std::move(may_read)));
  Client* client = clients_.back().get();
  g_signal_connect(message, "wrote-body-data", G_CALLBACK(Client::on_wrote), client);
  g_signal_connect(message, "finished", G_CALLBACK(Client::on_finished), client);
  // The pause of a reader that was cut off, in milliseconds.
  client->send(now, "retry: 2000\n\n");
  return true;
}

void EventFeed::feed(Time now, Client& client, std::int64_t last_event) {
  if (!client.may_read(now)) return client.cut(now);
  if (client.pending > 0) {
    if (now - client.progress > limits_.write) client.cut(now);
    return;
  }
  std::string text;
  if (client.cursor > last_event) {
    // A damaged database was put aside, and numbers begin anew.
    client.cursor = last_event;
    text = "event: reset\nid: " + std::to_string(last_event) + "\ndata: {}\n\n";
  } else if (client.cursor < last_event) {
    for (const KeptEvent& kept : reader_.events_after(client.cursor, kBatch)) {
      text += "id: " + std::to_string(kept.sequence) + "\ndata: " + kept.event + "\n\n";
      client.cursor = kept.sequence;
    }
  } else if (now - client.sent >= limits_.heart_beat) {
    text = ": here\n\n";
  }
  if (!text.empty()) client.send(now, text);
}

void EventFeed::update(Time now) {
  clients_.remove_if([](const auto& client) { return client->finished; });
  if (clients_.empty()) return;
  try {
    const std::int64_t last_event = reader_.last_event();
    for (const auto& client : clients_) feed(now, *client, last_event);
  } catch (const StoreError&) {
    // The store says so, and tries on; so do we.
  }
}

}  // namespace dfd::monitor
