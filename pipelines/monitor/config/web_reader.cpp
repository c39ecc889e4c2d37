// SPDX-License-Identifier: LGPL-2.1-or-later

#include "web_reader.h"

#include <gio/gio.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

#include "base/digest.h"

namespace dfd::monitor {
namespace {

bool is_loopback(const std::string& address) { return address == "127.0.0.1" || address == "::1"; }

bool is_address(const std::string& text) {
  GInetAddress* address = g_inet_address_new_from_string(text.c_str());
  if (address != nullptr) g_object_unref(address);
  return address != nullptr;
}

void read_listen(TableReader& monitor, WebConfig& web) {
  const auto listen = monitor.text("listen");
  if (!listen) return;
  const std::size_t colon = listen->rfind(':');
  std::string address = listen->substr(0, colon);
  const std::string port = colon == std::string::npos ? "" : listen->substr(colon + 1);
  constexpr std::size_t kDigits = 5;
  constexpr int kMostPort = 65535;
  if (port.empty() || port.size() > kDigits ||
      port.find_first_not_of("0123456789") != std::string::npos || std::stoi(port) > kMostPort) {
    monitor.fail("listen", "must be ADDRESS:PORT, such as \"127.0.0.1:8088\"");
  }
  if (address.size() > 2 && address.front() == '[') address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  if (!is_address(address)) {
    monitor.fail("listen", "must begin with an address, such as 127.0.0.1, [::1] or 0.0.0.0");
  }
  web.address = address;
  web.port = std::stoi(port);
}

// Whoever reads a secret must be meant to. `what` is the file's, for people.
void check_mode(TableReader& table, const std::string& key, const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    table.fail(key, "names " + path + ", which cannot be read: " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode)) table.fail(key, "names " + path + ", which is no file");
  // Services are given theirs with mode 0440.
  constexpr mode_t kOthers = S_IWGRP | S_IXGRP | S_IRWXO;
  if ((status.st_mode & kOthers) != 0) {
    table.fail(key, "names " + path + ", which others may read or change: chmod 0600 it");
  }
}

void read_tls(TableReader& monitor, WebConfig& web) {
  const auto certificate = monitor.text("tls_certificate");
  const auto key = monitor.text("tls_key");
  if (certificate.has_value() != key.has_value()) {
    monitor.fail(certificate ? "tls_certificate" : "tls_key",
                 "needs the other one of tls_certificate and tls_key beside it");
  }
  if (!certificate) return;
  check_mode(monitor, "tls_key", *key);
  GError* error = nullptr;
  GTlsCertificate* both =
      g_tls_certificate_new_from_files(certificate->c_str(), key->c_str(), &error);
  if (both == nullptr) {
    const std::string what = error->message;
    g_error_free(error);
    monitor.fail("tls_certificate", "and tls_key cannot be used: " + what);
  }
  g_object_unref(both);
  web.tls_certificate = *certificate;
  web.tls_key = *key;
}

// The digest of what stands in the file; the token itself is kept nowhere.
std::string read_token_file(TableReader& table, const std::string& path) {
  // So many letters by chance are not guessed, whatever the letters are.
  constexpr std::size_t kLeast = 20;
  constexpr std::size_t kMost = 512;
  check_mode(table, "file", path);
  std::ifstream stream(path);
  std::string token;
  std::getline(stream, token);
  // Written by an editor of another system.
  if (!token.empty() && token.back() == '\r') token.pop_back();
  const bool is_plain =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.size() < kLeast || token.size() > kMost || !is_plain) {
    table.fail("file",
               "must hold a token of 20 to 512 letters without blanks on its first line: "
               "openssl rand -base64 32");
  }
  remember_secret({"", token});
  return sha256_of(token);
}

TokenConfig read_token(TableReader& table) {
  TokenConfig token;
  token.name = table.text("name").value_or("");
  constexpr std::size_t kMostName = 64;
  const bool is_plain = std::all_of(token.name.begin(), token.name.end(),
                                    [](char c) { return c >= ' ' && c < '\x7f'; });
  if (token.name.empty() || token.name.size() > kMostName || !is_plain) {
    table.fail("name", "must have 1 to 64 letters of ASCII: it stands beside what was changed");
  }
  const std::string role = table.text("role").value_or("");
  if (role != "viewer" && role != "operator") {
    table.fail("role", "must be \"viewer\" or \"operator\"");
  }
  token.is_operator = role == "operator";
  const auto file = table.text("file");
  if (!file || file->empty()) table.fail("file", "is missing: a token itself never stands here");
  token.digest = read_token_file(table, *file);
  table.finish();
  return token;
}

void read_tokens(TableReader& root, WebConfig& web) {
  std::set<std::string> names;
  std::set<std::string> digests;
  for (TableReader& table : root.tables("token")) {
    TokenConfig token = read_token(table);
    if (!names.insert(token.name).second) table.fail("name", "is there twice");
    if (!digests.insert(token.digest).second) {
      table.fail("file", "holds the same token as another one's");
    }
    web.tokens.push_back(std::move(token));
  }
}

}  // namespace

bool needs_token(const WebConfig& web) { return !is_loopback(web.address) || web.behind_proxy; }

void read_web(TableReader& root, TableReader* monitor, WebConfig& web) {
  read_tokens(root, web);
  if (monitor == nullptr) return;
  read_listen(*monitor, web);
  read_tls(*monitor, web);
  web.behind_proxy = monitor->flag("behind_proxy").value_or(false);
  const bool is_far = !is_loopback(web.address);
  if (is_far && web.tls_key.empty() && !web.behind_proxy) {
    monitor->fail("listen",
                  "is an address for other machines: it needs tls_certificate and tls_key, or "
                  "behind_proxy = true where a proxy has TLS");
  }
  if (needs_token(web) && web.tokens.empty()) {
    monitor->fail(is_far ? "listen" : "behind_proxy",
                  "needs a [[token]], or everybody could read what is watched");
  }
}

}  // namespace dfd::monitor
