// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What stands before everything else that is asked: whether the request may come from where it
// comes, who sends it, and how he logs in and out. Used on the server's thread.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "web/access.h"
#include "web/http.h"

namespace dfd::monitor {

struct GateSettings {
  // The server has TLS.
  bool has_tls = false;
  // Somebody else has TLS and passes requests on, with the names that he was asked for.
  bool behind_proxy = false;
  std::vector<WebToken> tokens;
};

class Gate {
 public:
  explicit Gate(GateSettings settings)
      : has_tls_(settings.has_tls),
        behind_proxy_(settings.behind_proxy),
        access_(std::move(settings.tokens)) {}

  void set_tokens(std::vector<WebToken> tokens) { access_.set_tokens(std::move(tokens)); }

  // What is wrong about where it comes from: a name that is not ours, a page of somebody else's.
  std::optional<HttpResponse> refuse(const HttpRequest& request) const;

  // Who asks. Where nobody is, `denied` says so.
  WebUser user(Time now, const HttpRequest& request, std::optional<HttpResponse>& denied) const;

  // /login, /logout and /api/v1/session; nothing of other paths.
  std::optional<HttpResponse> answer(Time now, const HttpRequest& request);

 private:
  HttpResponse log_in(Time now, const HttpRequest& request);
  HttpResponse log_out(const HttpRequest& request);
  HttpResponse session(Time now, const HttpRequest& request) const;
  std::string address_of(const HttpRequest& request) const;
  std::string cookie(const HttpRequest& request, const std::string& value, Duration life) const;

  bool has_tls_;
  bool behind_proxy_;
  Access access_;
  LoginLimit limit_;
};

}  // namespace dfd::monitor
