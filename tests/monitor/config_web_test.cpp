// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the configuration says of who may reach the program.

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "config_text.h"

namespace {

using dfd::monitor::Config;
using dfd::monitor::parse_config;
using dfd::monitor::sha256_of;
using dfd::monitor::test::error_of;
using dfd::monitor::test::expect_error;
using dfd::monitor::test::kStream;

TEST(Config, ListensOnThisMachineOnlyUnlessItIsSafe) {
  const auto with_listen = [](const std::string& listen) {
    return kStream + "[monitor]\nlisten = \"" + listen + "\"\n";
  };
  EXPECT_EQ(parse_config(with_listen("[::1]:0"), "m.toml").web.address, "::1");
  EXPECT_EQ(parse_config(with_listen("localhost:9000"), "m.toml").web.port, 9000);
  for (const std::string listen : {"0.0.0.0:80", "[::]:80", "192.168.0.1:80"}) {
    expect_error(with_listen(listen), "m.toml:6:10: ", "TLS");
  }
  for (const std::string listen : {":80", "host:80", "1.2.3:80", "[::1:80"}) {
    expect_error(with_listen(listen), "m.toml:6:10: ", "address");
  }
  for (const std::string listen : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000"}) {
    expect_error(with_listen(listen), "m.toml:6:10: ", "ADDRESS:PORT");
  }
}

// A token's file of a mode, and its table.
std::string token_table(const std::string& name, const std::string& content, int mode = 0600,
                        const std::string& role = "viewer") {
  const std::string path = (std::filesystem::path(DFD_TEST_SCRATCH) / ("token_" + name)).string();
  std::filesystem::remove(path);
  std::ofstream(path) << content;
  std::filesystem::permissions(path, std::filesystem::perms(mode));
  return "[[token]]\nname = \"" + name + "\"\nrole = \"" + role + "\"\nfile = \"" + path + "\"\n";
}

constexpr const char* kGoodToken = "correct-horse-battery\n";

TEST(Config, ReadsTokensAndKeepsTheirDigests) {
  const Config config =
      parse_config(kStream + token_table("wall", kGoodToken) +
                       token_table("desk", "staple-correct-horse-battery\r\n", 0440, "operator"),
                   "m.toml");
  ASSERT_EQ(config.web.tokens.size(), 2U);
  EXPECT_EQ(config.web.tokens[0].name, "wall");
  EXPECT_FALSE(config.web.tokens[0].is_operator);
  EXPECT_EQ(config.web.tokens[0].digest, sha256_of("correct-horse-battery"));
  EXPECT_TRUE(config.web.tokens[1].is_operator);
  EXPECT_EQ(config.web.tokens[1].digest, sha256_of("staple-correct-horse-battery"));
}

TEST(Config, TokensThatAreNoneAreFaultsAndNeverRepeated) {
  for (const int mode : {0644, 0604, 0666, 0620, 0601}) {
    expect_error(kStream + token_table("a", kGoodToken, mode), "m.toml:8:8: ", "chmod");
  }
  for (const std::string content :
       {"", "short", "with a blank in the middle of it", "\n",
        "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"}) {
    const std::string error = error_of(kStream + token_table("a", content));
    EXPECT_EQ(error.substr(0, 12), "m.toml:8:8: ") << error;
    EXPECT_TRUE(content.size() < 3 || error.find(content) == std::string::npos) << error;
  }
  expect_error(kStream + token_table("a", kGoodToken, 0600, "root"), "m.toml:7:8: ", "operator");
  expect_error(kStream + "[[token]]\nname = \"a\"\nrole = \"viewer\"\n", "m.toml:5:1: ", "file");
  expect_error(kStream + "[[token]]\nname = \"a\"\nrole = \"viewer\"\nfile = \"/nowhere\"\n",
               "m.toml:8:8: ", "/nowhere");
  expect_error(kStream + "[[token]]\nname = \"a\"\nrole = \"viewer\"\nfile = \"/tmp\"\n",
               "m.toml:8:8: ", "no file");
  expect_error(kStream + token_table("a", kGoodToken) + token_table("a", kGoodToken),
               "m.toml:10:8: ", "twice");
  expect_error(kStream + token_table("a", kGoodToken) + token_table("b", kGoodToken),
               "m.toml:12:8: ", "same token");
  expect_error(kStream + "[[token]]\nname = \"\"\n", "m.toml:6:8: ", "name");
}

TEST(Config, OtherMachinesNeedTlsAndATokenToReachIt) {
  const std::string token = token_table("a", kGoodToken);
  const auto monitor = [](const std::string& keys) { return "[monitor]\n" + keys; };
  const std::string far = "listen = \"0.0.0.0:80\"\n";
  EXPECT_EQ(error_of(kStream + token + monitor(far + "behind_proxy = true\n")), "");
  expect_error(kStream + monitor(far + "behind_proxy = true\n"), "m.toml:6:10: ", "[[token]]");
  expect_error(kStream + monitor("behind_proxy = true\n"), "m.toml:6:16: ", "[[token]]");
  expect_error(kStream + token + monitor(far), "m.toml:10:10: ", "TLS");
  expect_error(kStream + monitor("tls_key = \"a\"\n"), "m.toml:6:11: ", "tls_certificate");
  expect_error(kStream + monitor("tls_certificate = \"a\"\n"), "m.toml:6:19: ", "tls_key");
  expect_error(kStream + monitor("tls_certificate = \"a\"\ntls_key = \"/nowhere\"\n"),
               "m.toml:7:11: ", "/nowhere");
  expect_error(kStream + monitor("behind_proxy = 1\n"), "m.toml:6:16: ", "true or false");
}

}  // namespace
