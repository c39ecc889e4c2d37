// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is asked and answered, apart from how it crosses the wire.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace dfd::monitor {

struct HttpRequest {
  std::string method;
  // As it was sent: no path of ours needs an escape.
  std::string path;
  // Unescaped.
  std::map<std::string, std::string> query;
  // By name in lower case; what was there more than once is parted by commas.
  std::map<std::string, std::string> headers;
  std::string body;
  // Of the other side.
  std::string address;

  // Empty where it is not there, both.
  std::string header(const std::string& name) const;
  std::string parameter(const std::string& name) const;
  std::string cookie(const std::string& name) const;

  bool is_get() const { return method == "GET" || method == "HEAD"; }
};

struct HttpResponse {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// What is no UTF-8 in it becomes U+FFFD.
HttpResponse json_response(int status, const Json& body);

// {"error":{"code","message"}}; `code` is for programs, `message` for people.
HttpResponse error_response(int status, const std::string& code, const std::string& message);

// Of a path's wrong method; `allowed` such as "GET, HEAD".
HttpResponse method_response(const std::string& allowed);

// The object in a request's body, an empty one where there is no body. Where it is none, or of
// another type, `fault` says so.
Json body_of(const HttpRequest& request, std::optional<HttpResponse>& fault);

// Parts between marks, empty ones too.
std::vector<std::string> split(const std::string& text, char mark);

}  // namespace dfd::monitor
