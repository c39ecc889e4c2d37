// SPDX-License-Identifier: LGPL-2.1-or-later

#include "secrets.h"

#include <glib.h>

#include <algorithm>
#include <mutex>
#include <vector>

namespace dfd::monitor {
namespace {

constexpr std::string_view kMask = "***";

class Secrets {
 public:
  void add(std::string secret) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (secret.empty() || std::find(all_.begin(), all_.end(), secret) != all_.end()) return;
    all_.push_back(std::move(secret));
    // A secret that holds another one goes first, or its rest would stay.
    std::sort(all_.begin(), all_.end(),
              [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }
  std::vector<std::string> all() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

Secrets& secrets() {
  // Never destroyed: threads may log while the process ends.
  static auto* const all = new Secrets;
  return *all;
}

void replace_all(std::string& text, const std::string& secret) {
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += kMask.size()) {
    text.replace(at, secret.size(), kMask);
  }
}

// A password may hold a slash that nobody escaped, so the last @ of the word counts, wherever it
// is.
std::string mask_uris(std::string_view text) {
  constexpr std::string_view kMark = "://";
  constexpr std::string_view kEnds = " \t\r\n\"'<>";
  std::string result;
  std::size_t done = 0;
  for (std::size_t mark = 0; (mark = text.find(kMark, done)) != std::string_view::npos;) {
    const std::size_t begin = mark + kMark.size();
    const std::size_t end = std::min(text.find_first_of(kEnds, begin), text.size());
    std::string_view rest = text.substr(begin, end - begin);
    result += text.substr(done, begin - done);
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
      result += kMask;
      rest = rest.substr(at);
    }
    const std::size_t query = rest.find('?');
    result += rest.substr(0, query);
    if (query != std::string_view::npos) result.append("?").append(kMask);
    done = end;
  }
  return result.append(text.substr(done));
}

std::string escaped(const std::string& text) {
  char* made = g_uri_escape_string(text.c_str(), nullptr, FALSE);
  std::string result = made;
  g_free(made);
  return result;
}

// As the Basic scheme of RTSP and HTTP sends it.
std::string basic(const Credentials& credentials) {
  const std::string both = credentials.user + ":" + credentials.password;
  char* made = g_base64_encode(reinterpret_cast<const guchar*>(both.data()), both.size());
  std::string result = made;
  g_free(made);
  return result;
}

}  // namespace

void remember_secret(const Credentials& credentials) {
  if (credentials.password.empty()) return;
  secrets().add(credentials.password);
  secrets().add(escaped(credentials.password));
  secrets().add(basic(credentials));
}

std::string masked(std::string_view text) {
  std::string result = mask_uris(text);
  for (const std::string& secret : secrets().all()) replace_all(result, secret);
  return result;
}

}  // namespace dfd::monitor
