// SPDX-License-Identifier: LGPL-2.1-or-later

#include "http.h"

#include <algorithm>

namespace dfd::monitor {
namespace {

std::string value_in(const std::map<std::string, std::string>& map, const std::string& name) {
  const auto found = map.find(name);
  return found == map.end() ? "" : found->second;
}

}  // namespace

std::string HttpRequest::header(const std::string& name) const { return value_in(headers, name); }

std::string HttpRequest::parameter(const std::string& name) const { return value_in(query, name); }

std::string HttpRequest::cookie(const std::string& name) const {
  for (const std::string& part : split(header("cookie"), ';')) {
    const std::size_t begin = std::min(part.find_first_not_of(' '), part.size());
    const std::size_t equals = part.find('=', begin);
    if (equals == std::string::npos || part.substr(begin, equals - begin) != name) continue;
    return part.substr(equals + 1);
  }
  return "";
}

HttpResponse json_response(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.type = "application/json";
  response.body = text_of(body) + "\n";
  return response;
}

HttpResponse error_response(int status, const std::string& code, const std::string& message) {
  return json_response(status, {{"error", {{"code", code}, {"message", message}}}});
}

HttpResponse method_response(const std::string& allowed) {
  HttpResponse response =
      error_response(405, "method_not_allowed", "this path knows " + allowed + " only");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

Json body_of(const HttpRequest& request, std::optional<HttpResponse>& fault) {
  if (request.body.empty()) return Json::object();
  const std::string type = request.header("content-type");
  if (type.substr(0, type.find(';')) != "application/json") {
    fault = error_response(415, "no_json", "the body must be of Content-Type application/json");
    return {};
  }
  Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object()) fault = error_response(400, "bad_body", "the body is no JSON object");
  return body;
}

std::vector<std::string> split(const std::string& text, char mark) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(mark, begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace dfd::monitor
