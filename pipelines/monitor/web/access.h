// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who asks, and what he may. Used on the server's thread.

#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace dfd::monitor {

struct WebToken {
  std::string name;
  // SHA-256 of the token, as digits.
  std::string digest;
  bool is_operator = false;
};

struct WebUser {
  // Of the token; empty where none was asked for.
  std::string name;
  // May change things.
  bool is_operator = false;
};

class Access {
 public:
  explicit Access(std::vector<WebToken> tokens) : tokens_(std::move(tokens)) {}

  // Sessions of tokens that are gone end.
  void set_tokens(std::vector<WebToken> tokens) { tokens_ = std::move(tokens); }

  // There is no token at all: everybody may read, and nobody change anything.
  bool is_open() const { return tokens_.empty(); }

  // Takes the same time whatever is wrong about it.
  std::optional<WebUser> user_of_token(const std::string& token) const;

  // Of a session that log_in() began and that has not ended.
  std::optional<WebUser> user_of_session(Time now, const std::string& session) const;

  // A new session of the token's user, which ends by itself after kSessionLife or when it is the
  // oldest of more than kMostSessions. Nothing where there is no such token.
  std::optional<std::string> log_in(Time now, const std::string& token);
  void log_out(const std::string& session);

  static constexpr Duration kSessionLife = std::chrono::hours(12);
  // Of each token, so that nobody ends those of others.
  static constexpr std::size_t kMostSessions = 20;

 private:
  struct Session {
    // Of what the cookie holds: whoever reads memory does not have it.
    std::string digest;
    std::string token_digest;
    Time begin;
  };
  const WebToken* token_of(const std::string& digest) const;

  std::vector<WebToken> tokens_;
  // Oldest first.
  std::deque<Session> sessions_;
};

// Stops those who guess tokens: so many failures of one address, and of all, within kWithin.
class LoginLimit {
 public:
  bool allows(Time now, const std::string& address);
  void failed(Time now, const std::string& address);

  static constexpr Duration kWithin = std::chrono::minutes(5);
  static constexpr std::size_t kMostOfOne = 10;
  static constexpr std::size_t kMostOfAll = 100;

 private:
  void forget(Time now);

  // At most kMostOfAll.
  std::deque<std::pair<Time, std::string>> failures_;
};

}  // namespace dfd::monitor
