// SPDX-License-Identifier: LGPL-2.1-or-later
//
// GET /api/v1/events: kept events as server-sent events, each with its number. Whoever comes back
// with the last number that he has seen misses none. Used on the server's thread.
//
// Nothing is buffered for a slow reader but one handful of events: he is given the next ones when
// those have gone, and is cut off when they do not go.

#pragma once

#include <libsoup/soup.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "store/reader.h"
#include "web/limits.h"

namespace dfd::monitor {

class EventFeed {
 public:
  EventFeed(Reader reader, const WebLimits& limits);
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // Whether the reader may still read; asked again and again.
  using MayRead = std::function<bool(Time now)>;

  // Answers `message` from now on, beginning behind `last`, or with what comes next where there is
  // none. Cut off once he may not read any more. False where all places are taken. Throws
  // StoreError.
  bool add(Time now, SoupServerMessage* message, std::optional<std::int64_t> last,
           MayRead may_read);

  // What is due.
  void update(Time now);

 private:
  struct Client;
  void feed(Time now, Client& client, std::int64_t last_event);

  Reader reader_;
  WebLimits limits_;
  std::list<std::unique_ptr<Client>> clients_;
};

}  // namespace dfd::monitor
