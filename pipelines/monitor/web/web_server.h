// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The monitor over HTTP: pages of the main loop, the API, events and the page for people. It has a
// thread of its own, so that neither its readers nor the database hold up a stream.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/board.h"
#include "store/changes.h"
#include "web/access.h"
#include "web/http.h"
#include "web/limits.h"

namespace dfd::monitor {

struct WebSettings {
  std::string address;
  // 0 lets the system choose.
  int port = 0;
  // Files that were read before; empty: no TLS.
  std::string tls_certificate;
  std::string tls_key;
  bool behind_proxy = false;
  std::vector<WebToken> tokens;
  // Of the store.
  std::string state_folder;
  WebLimits limits;
};

class WebServer {
 public:
  // Asked anew for each request, on the thread of the default main context; a 503 where that does
  // not come in time.
  using Page = std::function<HttpResponse()>;

  // Has a change kept, and says what came of it, once, on any thread. Called on the server's.
  using Wish = std::function<void(const Change&, std::function<void(const ChangeResult&)> done)>;

  // `pages` by path. `board` outlives it. Throws std::runtime_error where the address cannot be
  // had.
  WebServer(const WebSettings& settings, std::map<std::string, Page> pages, const Board& board,
            Wish wish);
  // On the main loop's thread.
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // In place of those that were. Any thread.
  void set_tokens(std::vector<WebToken> tokens);

  // "http://127.0.0.1:8088"
  const std::string& address() const { return address_; }

 private:
  class Shared;
  std::shared_ptr<Shared> shared_;
  std::string address_;
};

}  // namespace dfd::monitor
