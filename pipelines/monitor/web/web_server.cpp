// SPDX-License-Identifier: LGPL-2.1-or-later

#include "web_server.h"

#include <libsoup/soup.h>

#include <stdexcept>
#include <utility>

namespace dfd::monitor {

struct WebServer::Shared {
  static void answer(SoupServer* server, SoupServerMessage* message, const char* path,
                     GHashTable* query, gpointer data);

  SoupServer* server = nullptr;
  std::map<std::string, Page> pages;
};

void WebServer::Shared::answer(SoupServer* /*server*/, SoupServerMessage* message, const char* path,
                               GHashTable* /*query*/, gpointer data) {
  const auto* self = static_cast<Shared*>(data);
  SoupMessageHeaders* headers = soup_server_message_get_response_headers(message);
  // What a browser makes of it is text and nothing else.
  soup_message_headers_append(headers, "X-Content-Type-Options", "nosniff");
  soup_message_headers_append(headers, "Cache-Control", "no-store");
  // libsoup 3.2 keeps the socket of a client that has gone without saying so.
  soup_message_headers_append(headers, "Connection", "close");
  const std::string method = soup_server_message_get_method(message);
  if (method != "GET" && method != "HEAD") {
    soup_message_headers_append(headers, "Allow", "GET, HEAD");
    soup_server_message_set_status(message, SOUP_STATUS_METHOD_NOT_ALLOWED, nullptr);
    return;
  }
  const auto found = self->pages.find(path);
  if (found == self->pages.end()) {
    soup_server_message_set_status(message, SOUP_STATUS_NOT_FOUND, nullptr);
    return;
  }
  const WebPage page = found->second();
  soup_server_message_set_status(message, static_cast<guint>(page.status), nullptr);
  soup_server_message_set_response(message, page.type.c_str(), SOUP_MEMORY_COPY, page.body.data(),
                                   page.body.size());
}

WebServer::WebServer(const std::string& address, int port, std::map<std::string, Page> pages)
    : shared_(std::make_unique<Shared>()) {
  shared_->pages = std::move(pages);
  shared_->server = soup_server_new("server-header", "deepfake-monitor ", nullptr);
  soup_server_add_handler(shared_->server, nullptr, Shared::answer, shared_.get(), nullptr);
  GSocketAddress* place =
      g_inet_socket_address_new_from_string(address.c_str(), static_cast<guint>(port));
  GError* error = nullptr;
  if (soup_server_listen(shared_->server, place, SoupServerListenOptions(0), &error) == FALSE) {
    const std::string what = "listen = \"" + address + ":" + std::to_string(port) +
                             "\" cannot be had: " + error->message;
    g_error_free(error);
    g_object_unref(place);
    g_object_unref(shared_->server);
    throw std::runtime_error(what);
  }
  g_object_unref(place);
}

WebServer::~WebServer() {
  soup_server_disconnect(shared_->server);
  g_object_unref(shared_->server);
}

std::string WebServer::address() const {
  GSList* uris = soup_server_get_uris(shared_->server);
  std::string result;
  for (GSList* uri = uris; uri != nullptr; uri = uri->next) {
    char* text = g_uri_to_string(static_cast<GUri*>(uri->data));
    result = text;
    g_free(text);
  }
  g_slist_free_full(uris, reinterpret_cast<GDestroyNotify>(g_uri_unref));
  // soup ends it with the path of all paths.
  if (!result.empty() && result.back() == '/') result.pop_back();
  return result;
}

}  // namespace dfd::monitor
