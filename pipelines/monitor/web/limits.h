// SPDX-License-Identifier: LGPL-2.1-or-later

#pragma once

#include <cstddef>

#include "base/clock.h"

namespace dfd::monitor {

// What those who connect may take of what is everybody's.
struct WebLimits {
  std::size_t connections = 128;
  // From the connection, with TLS, to the request's last byte.
  Duration request = std::chrono::seconds(10);
  // Without a byte of an answer being taken.
  Duration write = std::chrono::seconds(20);
  // Until the main loop has made a page.
  Duration page = std::chrono::seconds(5);
  // Of a request, in bytes.
  std::size_t body = 64 * 1024;
  // Of events.
  std::size_t readers = 32;
  // Between signs of life to readers; shorter than what proxies usually wait for.
  Duration heart_beat = std::chrono::seconds(15);
};

}  // namespace dfd::monitor
