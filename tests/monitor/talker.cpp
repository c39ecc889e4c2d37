// SPDX-License-Identifier: LGPL-2.1-or-later

#include "talker.h"

#include <utility>

namespace dfd::monitor::test {

Talker::Talker(std::string first, std::string again, std::chrono::milliseconds pause)
    : port_(g_socket_listener_add_any_inet_port(listener_, nullptr, nullptr)),
      thread_([this, first = std::move(first), again = std::move(again), pause] {
        talk(first, again, pause);
      }) {}

Talker::~Talker() {
  g_cancellable_cancel(cancellable_);
  thread_.join();
  g_object_unref(cancellable_);
  g_object_unref(listener_);
}

std::string Talker::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/" + path;
}

void Talker::talk(const std::string& first, const std::string& again,
                  std::chrono::milliseconds pause) {
  while (GSocketConnection* guest =
             g_socket_listener_accept(listener_, nullptr, cancellable_, nullptr)) {
    GOutputStream* out = g_io_stream_get_output_stream(G_IO_STREAM(guest));
    const auto says = [&](const std::string& text) {
      return g_output_stream_write_all(out, text.data(), text.size(), nullptr, cancellable_,
                                       nullptr) != FALSE;
    };
    for (bool listens = says(first); listens; listens = says(again)) {
      std::this_thread::sleep_for(pause);
    }
    g_object_unref(guest);
  }
}

}  // namespace dfd::monitor::test
