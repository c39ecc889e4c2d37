// SPDX-License-Identifier: LGPL-2.1-or-later

#include "nats_credentials.h"

#include <glib.h>
#include <nats/nats.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "program.h"

namespace dfd::monitor::test {
namespace {

// As NATS writes them, 32 times one letter; but nats_Sign() takes the keys of users alone, so that
// all are written as such.
struct Key {
  const char* seed;
  const char* name;
};
constexpr Key kOperator = {"SUAG633PN5XW633PN5XW633PN5XW633PN5XW633PN5XW633PN5XW637FYQ",
                           "ODEG2ANNRMX3NFFSF73A4PE5TZ7NSDNVMBDXFN2EKDKASE5ZVHF26G3S"};
constexpr Key kAccount = {"SUAGCYLBMFQWCYLBMFQWCYLBMFQWCYLBMFQWCYLBMFQWCYLBMFQWCYM73Y",
                          "ACXQNI7DFELRJZHTK3AZZGYVZUMVD3DOMZRKU556A5KH6KETQM2B2LMB"};
constexpr Key kSystem = {"SUAHG43TONZXG43TONZXG43TONZXG43TONZXG43TONZXG43TONZXG4YR6A",
                         "AD7MCQUGOP3K72ESMSZYA42EV2FSNHISLJIDQVJAE2D5WWTRFBLZ62TF"};
constexpr Key kUser = {"SUAHK5LVOV2XK5LVOV2XK5LVOV2XK5LVOV2XK5LVOV2XK5LVOV2XK5MT74",
                       "UAWJXGSC2V5N77KQ43VR3JKD32J23F6TNWLW2KRLS426OFBPH64FTSL2"};
constexpr int kNoLimit = -1;

std::string base64url(const void* data, std::size_t size) {
  gchar* made = g_base64_encode(static_cast<const guchar*>(data), size);
  std::string text = made;
  g_free(made);
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string base64url(const std::string& text) { return base64url(text.data(), text.size()); }

// That `by` says so of `of`. It holds for ever.
std::string token(const Key& by, const Key& of, Json claims) {
  claims["version"] = 2;
  const Json said = {{"iat", 1},       {"iss", by.name}, {"sub", of.name},
                     {"name", "test"}, {"jti", "test"},  {"nats", claims}};
  const std::string text =
      base64url(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." + base64url(said.dump());
  unsigned char* signature = nullptr;
  int size = 0;
  if (nats_Sign(by.seed, text.c_str(), &signature, &size) != NATS_OK) {
    throw std::runtime_error("nats_Sign");
  }
  const std::string end = base64url(signature, static_cast<std::size_t>(size));
  std::free(signature);
  return text + "." + end;
}

Json account(bool has_jetstream) {
  Json limits = {{"wildcards", true}};
  for (const char* limit : {"subs", "data", "payload", "imports", "exports", "conn", "leaf"}) {
    limits[limit] = kNoLimit;
  }
  if (has_jetstream) {
    for (const char* limit : {"mem_storage", "disk_storage", "streams", "consumer"}) {
      limits[limit] = kNoLimit;
    }
  }
  return {{"type", "account"}, {"limits", limits}};
}

}  // namespace

NatsCredentials make_nats_credentials(const std::string& folder) {
  // Without it nats_Sign() reads no keys.
  if (nats_Open(-1) != NATS_OK) throw std::runtime_error("nats_Open");
  const NatsCredentials made = {folder + "/server.conf", folder + "/user.creds"};
  const Json operators = {{"type", "operator"}};
  std::ofstream(made.server) << "operator: " << token(kOperator, kOperator, operators)
                             << "\nsystem_account: " << kSystem.name
                             << "\nresolver: MEMORY\nresolver_preload: {\n"
                             << kAccount.name << ": "
                             << token(kOperator, kAccount, account(/*has_jetstream=*/true)) << "\n"
                             << kSystem.name << ": "
                             << token(kOperator, kSystem, account(/*has_jetstream=*/false))
                             << "\n}\n";
  const Json user = {
      {"type", "user"}, {"subs", kNoLimit}, {"data", kNoLimit}, {"payload", kNoLimit}};
  std::ofstream(made.user) << "-----BEGIN NATS USER JWT-----\n"
                           << token(kAccount, kUser, user) << "\n------END NATS USER JWT------\n\n"
                           << "-----BEGIN USER NKEY SEED-----\n"
                           << kUser.seed << "\n------END USER NKEY SEED------\n";
  return made;
}

}  // namespace dfd::monitor::test
