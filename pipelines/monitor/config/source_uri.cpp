// SPDX-License-Identifier: LGPL-2.1-or-later

#include "source_uri.h"

#include <glib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace dfd::monitor {
namespace {

struct Scheme {
  std::string_view name;
  SourceKind kind;
};

// rtspsrc's say how it is carried: over TCP, TLS, TCP, UDP.
constexpr std::array<Scheme, 11> kSchemes = {{{"rtsp", SourceKind::kRtsp},
                                              {"rtsps", SourceKind::kRtsp},
                                              {"rtspt", SourceKind::kRtsp},
                                              {"rtspu", SourceKind::kRtsp},
                                              {"srt", SourceKind::kSrt},
                                              {"rtmp", SourceKind::kRtmp},
                                              {"rtmps", SourceKind::kRtmp},
                                              {"udp", SourceKind::kUdp},
                                              {"http", SourceKind::kHls},
                                              {"https", SourceKind::kHls},
                                              {"file", SourceKind::kFile}}};

std::string unescaped(std::string_view text) {
  char* made = g_uri_unescape_segment(text.data(), text.data() + text.size(), nullptr);
  if (made == nullptr)
    throw std::invalid_argument("user, password or query of the uri has a wrong %-escape");
  std::string result = made;
  g_free(made);
  return result;
}

// SRT's own rule.
void check_passphrase(const std::string& passphrase) {
  constexpr std::size_t kLeast = 10;
  constexpr std::size_t kMost = 79;
  if (passphrase.size() >= kLeast && passphrase.size() <= kMost) return;
  throw std::invalid_argument("a passphrase of SRT has 10 to 79 letters");
}

Credentials split_credentials(std::string_view text, const std::string& place, SourceKind kind) {
  const std::size_t colon = text.find(':');
  const bool srt = kind == SourceKind::kSrt;
  if (kind == SourceKind::kUdp || kind == SourceKind::kFile) {
    throw std::invalid_argument("UDP and files know no credentials");
  }
  if (colon == std::string_view::npos || (colon == 0) != srt) {
    throw std::invalid_argument(place + " does not hold " +
                                (srt ? ":PASSPHRASE, which SRT needs" : "USER:PASSWORD"));
  }
  Credentials result{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
  if (srt) check_passphrase(result.password);
  return result;
}

const Scheme& scheme_of(std::string_view uri) {
  const std::string_view name = uri.substr(0, uri.find("://"));
  const auto* const found = std::find_if(kSchemes.begin(), kSchemes.end(),
                                         [&](const Scheme& scheme) { return scheme.name == name; });
  if (found != kSchemes.end()) return *found;
  std::string names;
  for (const Scheme& scheme : kSchemes) {
    if (!names.empty()) names += scheme.name == kSchemes.back().name ? " or " : ", ";
    names += scheme.name;
  }
  throw std::invalid_argument("uri: sources of this kind cannot be watched: use " + names);
}

// Each of the query's "NAME=VALUE", still escaped.
std::vector<std::string_view> parameters_of(std::string_view uri) {
  std::vector<std::string_view> result;
  const std::size_t mark = uri.find('?');
  if (mark == std::string_view::npos) return result;
  for (std::size_t begin = mark + 1; begin < uri.size();) {
    const std::size_t end = std::min(uri.find('&', begin), uri.size());
    result.push_back(uri.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

std::string_view name_of_parameter(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

// The passphrase goes from the query to the credentials.
void take_passphrase(SourceUri& source) {
  const std::string passphrase = query_parameter(source.uri, "passphrase");
  if (passphrase.empty()) return;
  check_passphrase(passphrase);
  source.credentials = {"", passphrase};
  std::string rest;
  for (const std::string_view parameter : parameters_of(source.uri)) {
    if (name_of_parameter(parameter) == "passphrase") continue;
    rest.append(rest.empty() ? "?" : "&").append(parameter);
  }
  source.uri = source.uri.substr(0, source.uri.find('?')) + rest;
}

// Elsewhere the query is the server's.
void check_parameters(const std::string& uri, SourceKind kind) {
  const std::string names = kind == SourceKind::kSrt
                                ? "mode, latency, streamid, pbkeylen, passphrase"
                                : "buffer_bytes, timeout_s, interface";
  for (const std::string_view parameter : parameters_of(uri)) {
    const std::string name(name_of_parameter(parameter));
    if (name.empty() || (", " + names + ",").find(", " + name + ",") == std::string::npos) {
      throw std::invalid_argument("uri: behind the ? there may be " + names + " only");
    }
  }
  const auto check_number = [&](const char* name, double least, double most) {
    const std::string text = query_parameter(uri, name);
    if (text.empty()) return;
    char* end = nullptr;
    const double number = g_ascii_strtod(text.c_str(), &end);
    if (*end == '\0' && number >= least && number <= most) return;
    throw std::invalid_argument(std::string("uri: ") + name + " is no number, or out of range");
  };
  check_number("buffer_bytes", 0, 1 << 30);
  check_number("timeout_s", 0.1, 86400);
  // In milliseconds.
  check_number("latency", 0, 60000);
  const std::string mode = query_parameter(uri, "mode");
  if (!mode.empty() && mode != "caller" && mode != "listener") {
    throw std::invalid_argument("uri: mode must be caller or listener");
  }
}

// What is asked of the parts of a URI, by kind.
void check_parts(const std::string& uri, SourceKind kind) {
  GUri* parsed = g_uri_parse(uri.c_str(), G_URI_FLAGS_NONE, nullptr);
  const auto text_of = [](const char* text) { return std::string(text == nullptr ? "" : text); };
  const bool is_uri = parsed != nullptr;
  const std::string host = is_uri ? text_of(g_uri_get_host(parsed)) : "";
  const std::string path = is_uri ? text_of(g_uri_get_path(parsed)) : "";
  const int port = is_uri ? g_uri_get_port(parsed) : -1;
  if (is_uri) g_uri_unref(parsed);
  const bool listens = kind == SourceKind::kUdp || query_parameter(uri, "mode") == "listener";
  if (!is_uri || (host.empty() && !listens && kind != SourceKind::kFile)) {
    throw std::invalid_argument(
        "uri cannot be read: host and port have wrong letters, or a password has some that must "
        "be %-escaped; give user and password by `credentials`");
  }
  if ((kind == SourceKind::kSrt || kind == SourceKind::kUdp) && port <= 0) {
    throw std::invalid_argument("uri needs a port");
  }
  const std::string_view kPlaylist = ".m3u8";
  if (kind == SourceKind::kHls &&
      (path.size() < kPlaylist.size() ||
       path.compare(path.size() - kPlaylist.size(), kPlaylist.size(), kPlaylist) != 0)) {
    throw std::invalid_argument("uri: over HTTP only HLS is watched, whose path ends in .m3u8");
  }
  if (kind == SourceKind::kRtmp && (path.size() < 4 || path.find('/', 1) == std::string::npos)) {
    throw std::invalid_argument("uri needs the form rtmp://HOST/APPLICATION/STREAM");
  }
  if (kind == SourceKind::kFile && (!host.empty() || path.size() < 2)) {
    throw std::invalid_argument("uri needs the form file:///PATH");
  }
}

}  // namespace

SourceUri split_source_uri(const std::string& uri) {
  const std::size_t mark = uri.find("://");
  if (mark == std::string::npos) {
    throw std::invalid_argument("uri is none: it needs the form rtsp://HOST/PATH");
  }
  const SourceKind kind = scheme_of(uri).kind;
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
  check_parts(result.uri, kind);
  if (kind == SourceKind::kSrt || kind == SourceKind::kUdp) {
    if (!result.credentials.user.empty() || !result.credentials.password.empty()) {
      throw std::invalid_argument("uri: SRT and UDP know no users");
    }
    check_parameters(result.uri, kind);
    take_passphrase(result);
  }
  return result;
}

SourceKind kind_of(const std::string& uri) { return scheme_of(uri).kind; }

std::string query_parameter(const std::string& uri, const std::string& name) {
  for (const std::string_view parameter : parameters_of(uri)) {
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || parameter.substr(0, equals) != name) continue;
    return unescaped(parameter.substr(equals + 1));
  }
  return "";
}

std::string read_secret(const std::string& place, const std::string& what) {
  constexpr std::string_view kVariable = "env:";
  constexpr std::string_view kFile = "file:";
  std::string line;
  if (place.compare(0, kFile.size(), kFile) == 0) {
    const std::string path = place.substr(kFile.size());
    std::ifstream stream(path);
    if (!std::getline(stream, line)) {
      throw std::invalid_argument("file of " + what + " " + path + " cannot be read");
    }
    // Written by an editor of another system.
    if (!line.empty() && line.back() == '\r') line.pop_back();
  } else if (place.compare(0, kVariable.size(), kVariable) == 0) {
    const std::string variable = place.substr(kVariable.size());
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr) {
      throw std::invalid_argument("environment variable " + variable + " for " + what +
                                  " is not set");
    }
    line = value;
  } else {
    // It may be a password that somebody wrote here, so it is not repeated.
    throw std::invalid_argument(what + " must be \"env:VARIABLE\" or \"file:PATH\"");
  }
  return line;
}

Credentials read_credentials_file(const std::string& path, SourceKind kind) {
  return read_credentials("file:" + path, kind);
}

Credentials read_credentials(const std::string& place, SourceKind kind) {
  return split_credentials(read_secret(place, "credentials"), place, kind);
}

}  // namespace dfd::monitor
