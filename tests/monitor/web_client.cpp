// SPDX-License-Identifier: LGPL-2.1-or-later

#include "web_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace dfd::monitor::test {

WebClient::WebClient(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&place), sizeof place) != 0) {
    close(socket_);
    throw std::runtime_error("no server at port " + std::to_string(port));
  }
}

WebClient::~WebClient() { close(socket_); }

bool WebClient::send(const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t count = ::send(socket_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return true;
}

bool WebClient::read_more() {
  // Against hanging only.
  constexpr int kLongestMs = 60000;
  pollfd wait{socket_, POLLIN, 0};
  if (ended_ || poll(&wait, 1, kLongestMs) <= 0) return false;
  char bytes[65536];
  const ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
  ended_ = count <= 0;
  if (!ended_) read_.append(bytes, static_cast<std::size_t>(count));
  return !ended_;
}

bool WebClient::reads(const std::string& text) {
  while (read_.find(text) == std::string::npos) {
    if (!read_more()) return false;
  }
  return true;
}

bool WebClient::is_ended() {
  while (read_more()) {
  }
  return ended_;
}

std::string answer_to(int port, const std::string& bytes) {
  WebClient client(port);
  client.send(bytes);
  return client.is_ended() ? client.read() : "no end";
}

}  // namespace dfd::monitor::test
