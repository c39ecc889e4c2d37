// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What /api/v1 answers; docs/monitor-api.md. Events are in event_feed.h.

#pragma once

#include <string>
#include <vector>

#include "store/board.h"
#include "store/reader.h"
#include "web/http.h"

namespace dfd::monitor {

class Api {
 public:
  // `board` outlives it. The reader's thread is the one that asks.
  Api(const Board& board, Reader reader) : board_(&board), reader_(std::move(reader)) {}

  // Of a path that begins with /api/v1. What cannot be read is a 503.
  HttpResponse answer(const HttpRequest& request) const;

  // After a change that was kept: what it was made to, an alarm or a stream.
  HttpResponse changed(const Change& change) const;

 private:
  using Segments = std::vector<std::string>;
  HttpResponse route(const HttpRequest& request) const;
  HttpResponse streams(const HttpRequest& request) const;
  HttpResponse stream(const HttpRequest& request, const std::string& id) const;
  HttpResponse thumbnail(const HttpRequest& request, const std::string& id) const;
  HttpResponse alarms(const HttpRequest& request) const;
  HttpResponse alarm(const std::string& id) const;

  const Board* board_;
  Reader reader_;
};

}  // namespace dfd::monitor
