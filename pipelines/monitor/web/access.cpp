// SPDX-License-Identifier: LGPL-2.1-or-later

#include "access.h"

#include <sys/random.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/digest.h"

namespace dfd::monitor {
namespace {

// Without an early end, which would tell how much of it was right.
bool are_equal(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

// 256 bits by chance, as digits.
std::string make_session_id() {
  unsigned char bytes[32];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) {
    throw std::runtime_error("the system has no random bytes");
  }
  constexpr const char* kDigits = "0123456789abcdef";
  std::string id;
  for (const unsigned char byte : bytes) {
    id += kDigits[byte / 16];
    id += kDigits[byte % 16];
  }
  return id;
}

}  // namespace

const WebToken* Access::token_of(const std::string& digest) const {
  const WebToken* found = nullptr;
  for (const WebToken& token : tokens_) {
    if (are_equal(token.digest, digest)) found = &token;
  }
  return found;
}

std::optional<WebUser> Access::user_of_token(const std::string& token) const {
  const WebToken* found = token_of(sha256_of(token));
  if (found == nullptr) return std::nullopt;
  return WebUser{found->name, found->is_operator};
}

std::optional<WebUser> Access::user_of_session(Time now, const std::string& session) const {
  const std::string digest = sha256_of(session);
  const Session* found = nullptr;
  for (const Session& one : sessions_) {
    if (are_equal(one.digest, digest)) found = &one;
  }
  if (found == nullptr || now - found->begin >= kSessionLife) return std::nullopt;
  const WebToken* token = token_of(found->token_digest);
  if (token == nullptr) return std::nullopt;
  return WebUser{token->name, token->is_operator};
}

std::optional<std::string> Access::log_in(Time now, const std::string& token) {
  const WebToken* found = token_of(sha256_of(token));
  if (found == nullptr) return std::nullopt;
  const auto is_own = [&](const Session& one) { return one.token_digest == found->digest; };
  const auto is_over = [&](const Session& one) {
    return now - one.begin >= kSessionLife || token_of(one.token_digest) == nullptr;
  };
  sessions_.erase(std::remove_if(sessions_.begin(), sessions_.end(), is_over), sessions_.end());
  const auto count = std::count_if(sessions_.begin(), sessions_.end(), is_own);
  if (static_cast<std::size_t>(count) >= kMostSessions) {
    sessions_.erase(std::find_if(sessions_.begin(), sessions_.end(), is_own));
  }
  const std::string id = make_session_id();
  sessions_.push_back({sha256_of(id), found->digest, now});
  return id;
}

void Access::log_out(const std::string& session) {
  const std::string digest = sha256_of(session);
  const auto is_it = [&](const Session& one) { return are_equal(one.digest, digest); };
  sessions_.erase(std::remove_if(sessions_.begin(), sessions_.end(), is_it), sessions_.end());
}

void LoginLimit::forget(Time now) {
  while (!failures_.empty() && now - failures_.front().first >= kWithin) failures_.pop_front();
}

bool LoginLimit::allows(Time now, const std::string& address) {
  forget(now);
  const auto own = std::count_if(failures_.begin(), failures_.end(),
                                 [&](const auto& failure) { return failure.second == address; });
  return failures_.size() < kMostOfAll && static_cast<std::size_t>(own) < kMostOfOne;
}

void LoginLimit::failed(Time now, const std::string& address) {
  forget(now);
  failures_.emplace_back(now, address);
}

}  // namespace dfd::monitor
