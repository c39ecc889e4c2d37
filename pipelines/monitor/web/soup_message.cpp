// SPDX-License-Identifier: LGPL-2.1-or-later

#include "soup_message.h"

#include <exception>
#include <map>
#include <string>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

constexpr std::pair<const char*, const char*> kAlways[] = {
    // What a browser makes of it is what we say it is, from here alone, and shown nowhere else.
    {"X-Content-Type-Options", "nosniff"},
    {"Content-Security-Policy",
     "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    // libsoup 3.2 keeps the socket of a client that has gone without saying so.
    {"Connection", "close"}};

// Headers that come more than once are one list.
void add_header(const char* name, const char* value, gpointer data) {
  char* lower = g_ascii_strdown(name, -1);
  std::string& all = (*static_cast<std::map<std::string, std::string>*>(data))[lower];
  g_free(lower);
  all += (all.empty() ? "" : ", ") + std::string(value);
}

}  // namespace

HttpRequest request_of(SoupServerMessage* message, const char* path, GHashTable* query) {
  HttpRequest request;
  request.method = soup_server_message_get_method(message);
  request.path = path;
  soup_message_headers_foreach(soup_server_message_get_request_headers(message), add_header,
                               &request.headers);
  // libsoup would answer any number of ranges of anything.
  soup_message_headers_remove(soup_server_message_get_request_headers(message), "Range");
  const SoupMessageBody* body = soup_server_message_get_request_body(message);
  if (body->data != nullptr)
    request.body.assign(body->data, static_cast<std::size_t>(body->length));
  const char* address = soup_server_message_get_remote_host(message);
  if (address != nullptr) request.address = address;
  GHashTableIter at;
  gpointer key = nullptr;
  gpointer value = nullptr;
  if (query != nullptr) g_hash_table_iter_init(&at, query);
  while (query != nullptr && g_hash_table_iter_next(&at, &key, &value) != FALSE) {
    request.query[static_cast<const char*>(key)] = static_cast<const char*>(value);
  }
  return request;
}

void set_headers(SoupServerMessage* message) {
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  for (const auto& [name, value] : kAlways) soup_message_headers_replace(headers, name, value);
}

void respond(SoupServerMessage* message, const HttpResponse& response) {
  set_headers(message);
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  for (const auto& [name, value] : response.headers) {
    soup_message_headers_replace(headers, name.c_str(), value.c_str());
  }
  soup_server_message_set_status(message, static_cast<guint>(response.status), nullptr);
  soup_server_message_set_response(message, response.type.c_str(), SOUP_MEMORY_COPY,
                                   response.body.data(), response.body.size());
}

void post(GMainContext* context, std::function<void()> work) {
  GSource* source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(
      source,
      [](gpointer data) {
        try {
          (*static_cast<std::function<void()>*>(data))();
        } catch (const std::exception& error) {
          log_line(std::string("HTTP: ") + error.what());
        }
        return G_SOURCE_REMOVE;
      },
      new std::function<void()>(std::move(work)),
      [](gpointer data) { delete static_cast<std::function<void()>*>(data); });
  g_source_attach(source, context);
  g_source_unref(source);
}

}  // namespace dfd::monitor
