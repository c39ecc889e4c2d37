// SPDX-License-Identifier: LGPL-2.1-or-later

#include "gate.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

constexpr const char* kCookie = "deepfake_session";
constexpr const char* kBearer = "Bearer ";

// Without the port.
std::string name_in(const std::string& host) {
  if (!host.empty() && host.front() == '[') return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

// Behind "scheme://".
std::string host_in(const std::string& origin) {
  const std::size_t mark = origin.find("://");
  return mark == std::string::npos ? "" : origin.substr(mark + 3);
}

// The last one was written by who is nearest.
std::string last_of(const std::string& list) {
  const std::string last = split(list, ',').back();
  return last.substr(std::min(last.find_first_not_of(' '), last.size()));
}

Json user_json(const WebUser& user) {
  return {{"name", user.name}, {"role", user.is_operator ? "operator" : "viewer"}};
}

}  // namespace

std::optional<HttpResponse> Gate::refuse(const HttpRequest& request) const {
  const std::string host = request.header("host");
  // Whoever can make a name of his own point to this machine would have browsers in it read for
  // him. With TLS the certificate stands against that, behind a proxy the cookie of another name.
  // Browsers always send one.
  if (!has_tls_ && !behind_proxy_ && !host.empty()) {
    const std::string name = name_in(host);
    if (name != "localhost" && name != "127.0.0.1" && name != "[::1]") {
      return error_response(421, "wrong_host", "this server is localhost, 127.0.0.1 and [::1]");
    }
  }
  if (request.is_get()) return std::nullopt;
  const std::string origin = request.header("origin");
  const std::string asked = behind_proxy_ && !request.header("x-forwarded-host").empty()
                                ? last_of(request.header("x-forwarded-host"))
                                : host;
  const std::string site = request.header("sec-fetch-site");
  const bool is_foreign =
      (!origin.empty() && host_in(origin) != asked) || site == "cross-site" || site == "same-site";
  if (!is_foreign) return std::nullopt;
  return error_response(403, "foreign_origin", "another site's page may change nothing here");
}

WebUser Gate::user(Time now, const HttpRequest& request,
                   std::optional<HttpResponse>& denied) const {
  const std::string authorization = request.header("authorization");
  const std::string bearer = kBearer;
  std::optional<WebUser> user;
  if (authorization.compare(0, bearer.size(), bearer) == 0) {
    user = access_.user_of_token(authorization.substr(bearer.size()));
  } else if (const std::string session = request.cookie(kCookie); !session.empty()) {
    user = access_.user_of_session(now, session);
  }
  // Whoever shows something that is wrong is told so, even where nothing is asked for.
  if (user) return *user;
  const bool shows_nothing = authorization.empty();
  if (access_.is_open() && request.is_get() && shows_nothing) return {};
  denied = error_response(401, "not_authorized",
                          access_.is_open() ? "changes need a token, and none is configured"
                                            : "log in, or send a token");
  denied->headers.emplace_back("WWW-Authenticate", "Bearer");
  return {};
}

std::optional<HttpResponse> Gate::answer(Time now, const HttpRequest& request) {
  if (request.path == "/login") {
    return request.method == "POST" ? log_in(now, request) : method_response("POST");
  }
  if (request.path == "/logout") {
    return request.method == "POST" ? log_out(request) : method_response("POST");
  }
  if (request.path == "/api/v1/session") {
    return request.is_get() ? session(now, request) : method_response("GET, HEAD");
  }
  return std::nullopt;
}

// Behind a proxy all come from one address.
std::string Gate::address_of(const HttpRequest& request) const {
  // No address is longer.
  constexpr std::size_t kMost = 64;
  const std::string forwarded = last_of(request.header("x-forwarded-for")).substr(0, kMost);
  return behind_proxy_ && !forwarded.empty() ? forwarded : request.address;
}

HttpResponse Gate::log_in(Time now, const HttpRequest& request) {
  const std::string address = address_of(request);
  if (!limit_.allows(now, address)) {
    HttpResponse wait = error_response(429, "too_many_failures", "too many log-ins failed; wait");
    wait.headers.emplace_back("Retry-After", "300");
    return wait;
  }
  std::optional<HttpResponse> fault;
  const Json body = body_of(request, fault);
  if (fault) return *fault;
  if (!body.contains("token") || !body["token"].is_string()) {
    return error_response(400, "bad_body", "the body must be {\"token\": \"...\"}");
  }
  const std::string token = body["token"].get<std::string>();
  const auto session = access_.log_in(now, token);
  if (!session) {
    limit_.failed(now, address);
    log_line("a log-in from " + address + " failed");
    return error_response(401, "not_authorized", "there is no such token");
  }
  HttpResponse response = json_response(200, user_json(*access_.user_of_token(token)));
  response.headers.emplace_back("Set-Cookie", cookie(request, *session, Access::kSessionLife));
  return response;
}

HttpResponse Gate::log_out(const HttpRequest& request) {
  access_.log_out(request.cookie(kCookie));
  HttpResponse response = json_response(200, Json::object());
  response.headers.emplace_back("Set-Cookie", cookie(request, "", Duration::zero()));
  return response;
}

HttpResponse Gate::session(Time now, const HttpRequest& request) const {
  std::optional<HttpResponse> denied;
  const WebUser who = user(now, request, denied);
  return denied ? *denied : json_response(200, user_json(who));
}

std::string Gate::cookie(const HttpRequest& request, const std::string& value,
                         Duration life) const {
  const bool is_secure =
      has_tls_ || (behind_proxy_ && last_of(request.header("x-forwarded-proto")) == "https");
  return std::string(kCookie) + "=" + value + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(life).count()) +
         (is_secure ? "; Secure" : "");
}

}  // namespace dfd::monitor
