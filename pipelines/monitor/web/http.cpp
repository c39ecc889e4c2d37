// SPDX-License-Identifier: LGPL-2.1-or-later

#include "http.h"

namespace dfd::monitor {

HttpResponse json_response(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.type = "application/json";
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
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

}  // namespace dfd::monitor
