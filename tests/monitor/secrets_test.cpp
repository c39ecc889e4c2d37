// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What text looks like once secrets are out of it.

#include "base/secrets.h"

#include <string>

#include <gtest/gtest.h>

namespace {

using dfd::monitor::masked;

TEST(Secrets, UserAndPasswordOfAUriAreHidden) {
  EXPECT_EQ(masked("rtsp://me:pw@host:554/a"), "rtsp://***@host:554/a");
  EXPECT_EQ(masked("cannot open 'rtsp://me:pw@host/a': no"), "cannot open 'rtsp://***@host/a': no");
  EXPECT_EQ(masked("rtsp://a:b@c and http://d@e/"), "rtsp://***@c and http://***@e/");
}

TEST(Secrets, ASlashOrAnAtInAPasswordHidesNothingLess) {
  EXPECT_EQ(masked("rtsp://me:p/w@host/a"), "rtsp://***@host/a");
  EXPECT_EQ(masked("rtsp://me:p@w@host/a"), "rtsp://***@host/a");
}

TEST(Secrets, QueriesAreHidden) {
  EXPECT_EQ(masked("rtsp://host/a?token=abc"), "rtsp://host/a?***");
  EXPECT_EQ(masked("rtsp://me:pw@host/a?token=abc rest?"), "rtsp://***@host/a?*** rest?");
}

TEST(Secrets, OtherTextStays) {
  for (const std::string text : {"", "no uri", "rtsp://host/a", "a@b", "://", "what? nothing"}) {
    EXPECT_EQ(masked(text), text);
  }
}

TEST(Secrets, ARememberedPasswordIsHiddenInAllItsForms) {
  dfd::monitor::remember_secret({"operator", "tr0ub/4dor"});
  EXPECT_EQ(masked("password tr0ub/4dor!"), "password ***!");
  EXPECT_EQ(masked("tr0ub%2F4dor"), "***");
  // printf 'operator:tr0ub/4dor' | base64
  EXPECT_EQ(masked("Authorization: Basic b3BlcmF0b3I6dHIwdWIvNGRvcg=="),
            "Authorization: Basic ***");
}

TEST(Secrets, ASecretWithinASecretLeavesNoRest) {
  dfd::monitor::remember_secret({"a", "xyzzy"});
  dfd::monitor::remember_secret({"b", "xyzzy-plugh"});
  EXPECT_EQ(masked("xyzzy-plugh"), "***");
}

}  // namespace
