// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is asked and answered, apart from how it crosses the wire.

#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace dfd::monitor {

using Json = nlohmann::ordered_json;

struct HttpRequest {
  std::string method;
  // As it was sent: no path of ours needs an escape.
  std::string path;
  // Unescaped.
  std::map<std::string, std::string> query;
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

}  // namespace dfd::monitor
