// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/queue_address.h"

#include <glib.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "config/source_uri.h"

namespace dfd::monitor {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::invalid_argument("the queue " + what);
}

struct UnrefUri {
  void operator()(GUri* uri) const { g_uri_unref(uri); }
};

// Stream and consumer become parts of subjects, where dots, stars and blanks have a meaning.
bool is_name(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char letter) {
           return g_ascii_isalnum(letter) != FALSE || letter == '_' || letter == '-';
         });
}

void read_path(std::string_view path, QueueAddress& address) {
  if (!path.empty()) path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  address.stream = path.substr(0, slash);
  address.consumer = slash == std::string_view::npos ? "scan" : path.substr(slash + 1);
  if (!is_name(address.stream) || !is_name(address.consumer)) {
    fail(
        "must have the form nats://HOST:PORT/STREAM/CONSUMER, with names of letters, digits, _ "
        "and -");
  }
}

// The first line of what NATS's own tools write.
bool begins_credentials_file(std::string_view line) {
  return line.find("BEGIN NATS USER JWT") != std::string_view::npos;
}

void read_queue_credentials(const std::string& place, QueueAddress& address) {
  constexpr std::string_view kFile = "file:";
  if (place.empty()) return;
  const std::string line = read_secret(place, "credentials");
  if (begins_credentials_file(line)) {
    if (place.compare(0, kFile.size(), kFile) != 0) {
      throw std::invalid_argument(place +
                                  " holds NATS's own credentials: name their file as file:PATH");
    }
    address.credentials_file = place.substr(kFile.size());
    return;
  }
  const std::size_t colon = line.find(':');
  const bool token = colon == std::string::npos;
  const Credentials credentials{token ? "" : line.substr(0, colon),
                                token ? line : line.substr(colon + 1)};
  if (credentials.password.empty() || (!token && credentials.user.empty())) {
    throw std::invalid_argument(place + " holds neither USER:PASSWORD nor a token");
  }
  remember_secret(credentials);
  address.credentials = credentials;
}

}  // namespace

QueueAddress parse_queue_address(const std::string& uri, const std::string& credentials) {
  constexpr int kDefaultPort = 4222;
  const std::unique_ptr<GUri, UnrefUri> parsed(g_uri_parse(uri.c_str(), G_URI_FLAGS_NONE, nullptr));
  const std::string scheme = parsed ? g_uri_get_scheme(parsed.get()) : "";
  const char* host = parsed ? g_uri_get_host(parsed.get()) : nullptr;
  // It may hold a password, so it is not repeated.
  if ((scheme != "nats" && scheme != "tls") || host == nullptr || *host == '\0') {
    fail("must have the form nats://HOST:PORT/STREAM/CONSUMER, or tls://...");
  }
  if (g_uri_get_userinfo(parsed.get()) != nullptr) {
    fail("holds a user or a password: give them by --queue-credentials");
  }
  if (g_uri_get_query(parsed.get()) != nullptr || g_uri_get_fragment(parsed.get()) != nullptr) {
    fail("must end after its stream and consumer");
  }
  QueueAddress address;
  address.tls = scheme == "tls";
  const int port = g_uri_get_port(parsed.get());
  const std::string name = host;
  const bool is_ipv6 = name.find(':') != std::string::npos;
  address.server = "nats://" + (is_ipv6 ? "[" + name + "]" : name) + ":" +
                   std::to_string(port > 0 ? port : kDefaultPort);
  read_path(g_uri_get_path(parsed.get()), address);
  read_queue_credentials(credentials, address);
  return address;
}

}  // namespace dfd::monitor
