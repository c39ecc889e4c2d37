// SPDX-License-Identifier: LGPL-2.1-or-later

#include "web/forgotten_sockets.h"

#include <gtest/gtest.h>

namespace {

using dfd::monitor::Duration;
using dfd::monitor::ForgottenSockets;
using dfd::monitor::Time;

// With one reference, which a library forgot or did not.
GSocket* new_socket() {
  return g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr);
}

const Time kBegin{};
const Time kLater = kBegin + ForgottenSockets::kAfter;

class ForgottenSocketsTest : public testing::Test {
 protected:
  void add() {
    g_object_add_weak_pointer(G_OBJECT(socket_), reinterpret_cast<gpointer*>(&socket_));
    sockets_.add(kBegin, socket_);
  }

  GSocket* socket_ = new_socket();
  ForgottenSockets sockets_;
};

TEST_F(ForgottenSocketsTest, AClosedOneThatOnlyOneStillHoldsIsLetGoOf) {
  add();
  g_socket_close(socket_, nullptr);
  sockets_.update(kLater - Duration(1));
  EXPECT_NE(socket_, nullptr);
  sockets_.update(kLater);
  EXPECT_EQ(socket_, nullptr);
  sockets_.update(kLater);
}

TEST_F(ForgottenSocketsTest, OneThatIsOpenIsNot) {
  add();
  sockets_.update(kLater);
  ASSERT_NE(socket_, nullptr);
  g_socket_close(socket_, nullptr);
  sockets_.update(kLater);
  EXPECT_EQ(socket_, nullptr);
}

TEST_F(ForgottenSocketsTest, OneThatAnotherUsesIsNot) {
  add();
  g_socket_close(socket_, nullptr);
  g_object_ref(socket_);
  sockets_.update(kLater);
  ASSERT_NE(socket_, nullptr);
  g_object_unref(socket_);
  sockets_.update(kLater);
  EXPECT_EQ(socket_, nullptr);
}

TEST_F(ForgottenSocketsTest, OneThatWasLetGoOfIsLeftAlone) {
  add();
  g_object_unref(socket_);
  EXPECT_EQ(socket_, nullptr);
  sockets_.update(kLater);
}

}  // namespace
