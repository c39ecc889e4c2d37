// SPDX-License-Identifier: LGPL-2.1-or-later

#include "source_uri.h"

#include <glib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace dfd::monitor {
namespace {

// rtspsrc's: over TCP, TLS, UDP and TCP where it is said so.
constexpr std::array<std::string_view, 4> kSchemes = {"rtsp", "rtsps", "rtspt", "rtspu"};

std::string unescaped(std::string_view text) {
  char* made = g_uri_unescape_segment(text.data(), text.data() + text.size(), nullptr);
  if (made == nullptr)
    throw std::invalid_argument("user or password of the URI has a wrong %-escape");
  std::string result = made;
  g_free(made);
  return result;
}

Credentials split_credentials(std::string_view text, const std::string& place) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) {
    throw std::invalid_argument(place + " does not hold USER:PASSWORD");
  }
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace

SourceUri split_source_uri(const std::string& uri) {
  const std::size_t mark = uri.find("://");
  if (mark == std::string::npos) {
    throw std::invalid_argument("uri is none: it needs the form rtsp://HOST/PATH");
  }
  const std::string scheme = uri.substr(0, mark);
  if (std::find(kSchemes.begin(), kSchemes.end(), scheme) == kSchemes.end()) {
    throw std::invalid_argument(
        "uri: sources of this kind cannot be watched: use rtsp, rtsps, rtspt or rtspu");
  }
  const std::size_t begin = mark + 3;
  const std::size_t end = std::min(uri.find_first_of("/?#", begin), uri.size());
  const std::string authority = uri.substr(begin, end - begin);
  const std::size_t at = authority.rfind('@');
  SourceUri result;
  result.uri = uri;
  if (at != std::string::npos) {
    const std::string_view both = std::string_view(authority).substr(0, at);
    const std::size_t colon = std::min(both.find(':'), both.size());
    result.credentials.user = unescaped(both.substr(0, colon));
    if (colon < both.size()) result.credentials.password = unescaped(both.substr(colon + 1));
    result.uri.erase(begin, at + 1);
  }
  GUri* parsed = g_uri_parse(result.uri.c_str(), G_URI_FLAGS_NONE, nullptr);
  const char* host = parsed != nullptr ? g_uri_get_host(parsed) : nullptr;
  const bool good = host != nullptr && *host != '\0';
  if (parsed != nullptr) g_uri_unref(parsed);
  if (!good) {
    throw std::invalid_argument(
        "uri cannot be read: host and port have wrong letters, or a password has some that must "
        "be %-escaped; give user and password by `credentials`");
  }
  return result;
}

Credentials read_credentials_file(const std::string& path) {
  std::ifstream stream(path);
  std::string line;
  if (!std::getline(stream, line)) {
    throw std::invalid_argument("file of credentials " + path + " cannot be read");
  }
  // Written by an editor of another system.
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return split_credentials(line, "file of credentials " + path);
}

Credentials read_credentials(const std::string& place) {
  constexpr std::string_view kVariable = "env:";
  constexpr std::string_view kFile = "file:";
  if (place.compare(0, kFile.size(), kFile) == 0) {
    return read_credentials_file(place.substr(kFile.size()));
  }
  if (place.compare(0, kVariable.size(), kVariable) != 0) {
    // It may be a password that somebody wrote here, so it is not repeated.
    throw std::invalid_argument("credentials must be \"env:VARIABLE\" or \"file:PATH\"");
  }
  const std::string variable = place.substr(kVariable.size());
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr) {
    throw std::invalid_argument("environment variable " + variable + " for credentials is not set");
  }
  return split_credentials(value, "environment variable " + variable);
}

}  // namespace dfd::monitor
