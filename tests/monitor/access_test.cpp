// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who may ask: tokens, sessions, log-ins that fail.

#include "web/access.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/digest.h"

namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): 5s
using dfd::monitor::Access;
using dfd::monitor::LoginLimit;
using dfd::monitor::sha256_of;
using dfd::monitor::Time;
using dfd::monitor::WebToken;

const Time kStart(100h);

std::vector<WebToken> two_tokens() {
  return {{"wall", sha256_of("correct-horse-battery"), false},
          {"desk", sha256_of("staple-correct-horse!"), true}};
}

TEST(Access, KnowsTokensAndTheirRoles) {
  const Access access(two_tokens());
  EXPECT_FALSE(access.is_open());
  ASSERT_TRUE(access.user_of_token("correct-horse-battery"));
  EXPECT_EQ(access.user_of_token("correct-horse-battery")->name, "wall");
  EXPECT_FALSE(access.user_of_token("correct-horse-battery")->is_operator);
  EXPECT_TRUE(access.user_of_token("staple-correct-horse!")->is_operator);
  for (const std::string wrong :
       {"", "correct-horse-batter", "correct-horse-batteryy", "wall", "Correct-horse-battery"}) {
    EXPECT_FALSE(access.user_of_token(wrong)) << wrong;
  }
  // Nor does what the configuration holds open anything.
  EXPECT_FALSE(access.user_of_token(sha256_of("correct-horse-battery")));
  EXPECT_TRUE(Access({}).is_open());
  EXPECT_FALSE(Access({}).user_of_token(""));
}

TEST(Access, ASessionLastsUntilItsEnd) {
  Access access(two_tokens());
  EXPECT_FALSE(access.log_in(kStart, "wrong-horse-battery-s"));
  const auto session = access.log_in(kStart, "correct-horse-battery");
  ASSERT_TRUE(session);
  EXPECT_GE(session->size(), 64U);
  EXPECT_EQ(access.user_of_session(kStart, *session)->name, "wall");
  EXPECT_TRUE(access.user_of_session(kStart + Access::kSessionLife - 1s, *session));
  EXPECT_FALSE(access.user_of_session(kStart + Access::kSessionLife, *session));
  EXPECT_FALSE(access.user_of_session(kStart, ""));
  EXPECT_FALSE(access.user_of_session(kStart, sha256_of(*session)));
  access.log_out("another");
  EXPECT_TRUE(access.user_of_session(kStart, *session));
  access.log_out(*session);
  EXPECT_FALSE(access.user_of_session(kStart, *session));
}

TEST(Access, ASessionEndsWithItsToken) {
  Access access(two_tokens());
  const auto session = access.log_in(kStart, "correct-horse-battery");
  // Its role is the token's at the time.
  access.set_tokens({{"wall", sha256_of("correct-horse-battery"), true}});
  EXPECT_TRUE(access.user_of_session(kStart, *session)->is_operator);
  access.set_tokens({{"wall", sha256_of("another-horse-battery"), true}});
  EXPECT_FALSE(access.user_of_session(kStart, *session));
}

TEST(Access, TheOldestSessionOfATokenMakesRoom) {
  Access access(two_tokens());
  const auto other = access.log_in(kStart, "staple-correct-horse!");
  std::vector<std::string> sessions;
  for (std::size_t i = 0; i <= Access::kMostSessions; ++i) {
    sessions.push_back(*access.log_in(kStart, "correct-horse-battery"));
  }
  EXPECT_FALSE(access.user_of_session(kStart, sessions[0]));
  EXPECT_TRUE(access.user_of_session(kStart, sessions[1]));
  EXPECT_TRUE(access.user_of_session(kStart, sessions.back()));
  EXPECT_TRUE(access.user_of_session(kStart, *other));
}

TEST(LoginLimit, StopsAnAddressForAWhile) {
  LoginLimit limit;
  for (std::size_t i = 0; i < LoginLimit::kMostOfOne; ++i) {
    EXPECT_TRUE(limit.allows(kStart, "10.0.0.1"));
    limit.failed(kStart, "10.0.0.1");
  }
  EXPECT_FALSE(limit.allows(kStart, "10.0.0.1"));
  EXPECT_TRUE(limit.allows(kStart, "10.0.0.2"));
  EXPECT_FALSE(limit.allows(kStart + LoginLimit::kWithin - 1s, "10.0.0.1"));
  EXPECT_TRUE(limit.allows(kStart + LoginLimit::kWithin, "10.0.0.1"));
}

TEST(LoginLimit, StopsManyAddressesToo) {
  LoginLimit limit;
  for (std::size_t i = 0; i < LoginLimit::kMostOfAll; ++i) {
    limit.failed(kStart, std::to_string(i));
  }
  EXPECT_FALSE(limit.allows(kStart, "another"));
  EXPECT_TRUE(limit.allows(kStart + LoginLimit::kWithin, "another"));
}

}  // namespace
