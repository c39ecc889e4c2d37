// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pages over HTTP, on the main loop's thread.

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace dfd::monitor {

struct WebPage {
  // 200 or 503.
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
};

class WebServer {
 public:
  // Asked anew for each request.
  using Page = std::function<WebPage()>;

  // By path. Others are 404, and methods other than GET and HEAD 405. Port 0 lets the system
  // choose. Throws std::runtime_error where the address cannot be had.
  WebServer(const std::string& address, int port, std::map<std::string, Page> pages);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // "http://127.0.0.1:8088"
  std::string address() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace dfd::monitor
