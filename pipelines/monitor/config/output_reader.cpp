// SPDX-License-Identifier: LGPL-2.1-or-later

#include "output_reader.h"

#include <gio/gio.h>

#include <set>
#include <stdexcept>
#include <utility>

#include "config/source_uri.h"

namespace dfd::monitor {
namespace {

using Names = std::set<std::string>;

struct Url {
  std::string scheme, user, host, path;
  int port = -1;
  bool has_query = false;
};

std::optional<Url> parse_url(const std::string& text) {
  GUri* parsed = g_uri_parse(text.c_str(), G_URI_FLAGS_NONE, nullptr);
  if (parsed == nullptr) return std::nullopt;
  const auto text_of = [](const char* part) { return std::string(part == nullptr ? "" : part); };
  const Url url{text_of(g_uri_get_scheme(parsed)),
                text_of(g_uri_get_userinfo(parsed)),
                text_of(g_uri_get_host(parsed)),
                text_of(g_uri_get_path(parsed)),
                g_uri_get_port(parsed),
                g_uri_get_query(parsed) != nullptr || g_uri_get_fragment(parsed) != nullptr};
  g_uri_unref(parsed);
  return url;
}

// Of one of two schemes, with a host and no user.
Url read_url(TableReader& table, const std::string& plain, const std::string& secured) {
  const auto text = table.text("url");
  if (!text) table.fail("url", "is missing");
  const auto url = parse_url(*text);
  if (!url || url->host.empty() || (url->scheme != plain && url->scheme != secured)) {
    // It may hold a password, so it is not repeated.
    table.fail("url", "must have the form " + plain + "://HOST or " + secured + "://HOST");
  }
  if (!url->user.empty()) {
    table.fail("url", "holds a user or a password: give them by `credentials`");
  }
  return *url;
}

// A PEM file of certificates, checked now: not when the first event is to be sent.
std::string read_authorities(TableReader& output, bool secured) {
  auto table = output.table("tls");
  if (!table) return "";
  if (!secured) output.fail("tls", "is of no use: the url has no TLS");
  const auto path = table->text("authorities");
  table->finish();
  if (!path) return "";
  GError* error = nullptr;
  GList* all = g_tls_certificate_list_new_from_file(path->c_str(), &error);
  if (error != nullptr || all == nullptr) {
    const std::string what = error != nullptr ? error->message : "there is no certificate in it";
    g_clear_error(&error);
    table->fail("authorities", "names " + *path + ", which cannot be used: " + what);
  }
  g_list_free_full(all, g_object_unref);
  return *path;
}

void read_remote(TableReader& table, bool secured, Names& names, RemoteOutputConfig& output) {
  output.name = table.text("name").value_or(output.name);
  if (!is_id(output.name)) {
    table.fail("name", "must be 1 to 64 of a-z, 0-9, _ and -, and begin with a letter or digit");
  }
  if (!names.insert(output.name).second) {
    table.fail("name", "\"" + output.name + "\" is there twice: give each output one of its own");
  }
  output.tls_authorities = read_authorities(table, secured);
  if (const auto place = table.text("credentials")) {
    try {
      output.credentials = read_credentials(*place, SourceKind::kHls);
    } catch (const std::invalid_argument& error) {
      throw ConfigError(table.file(), table.position("credentials"), error.what());
    }
    remember_secret(output.credentials);
  }
  // An event is never larger; less than some would drop what has just been told.
  constexpr double kLeast = 64 * 1024;
  constexpr double kMost = 1e12;
  output.spool_max_bytes = static_cast<std::int64_t>(
      table.number("spool_max_bytes", kLeast, kMost).value_or(double(output.spool_max_bytes)));
  output.heartbeat_s = table.number("heartbeat_s", 1, 86400);
}

WebhookConfig read_webhook(TableReader& table, Names& names) {
  WebhookConfig output;
  output.name = "webhook";
  const Url url = read_url(table, "http", "https");
  output.url = table.text("url").value();
  read_remote(table, url.scheme == "https", names, output);
  if (const auto place = table.text("secret")) {
    try {
      output.secret = read_secret(*place, "secret");
    } catch (const std::invalid_argument& error) {
      throw ConfigError(table.file(), table.position("secret"), error.what());
    }
    // Below, it is guessed.
    constexpr std::size_t kLeast = 16;
    if (output.secret.size() < kLeast) {
      table.fail("secret", "must have 16 letters and more: openssl rand -base64 32");
    }
    remember_secret({"", output.secret});
  }
  table.finish();
  return output;
}

MqttConfig read_mqtt(TableReader& table, Names& names) {
  MqttConfig output;
  output.name = "mqtt";
  const Url url = read_url(table, "mqtt", "mqtts");
  if (!url.path.empty() || url.has_query) {
    table.fail("url", "must end after host and port: topics begin with `topic`");
  }
  constexpr int kPlainPort = 1883;
  constexpr int kSecuredPort = 8883;
  output.tls = url.scheme == "mqtts";
  output.host = url.host;
  output.port = url.port > 0 ? url.port : (output.tls ? kSecuredPort : kPlainPort);
  read_remote(table, output.tls, names, output);
  output.topic = table.text("topic").value_or(output.topic);
  constexpr std::size_t kMostTopic = 256;
  if (output.topic.empty() || output.topic.size() > kMostTopic || output.topic.front() == '/' ||
      output.topic.front() == '$' || output.topic.back() == '/' ||
      output.topic.find_first_of(std::string_view("+#\0", 3)) != std::string::npos) {
    table.fail("topic", "must be a topic without + and #, such as \"site/deepfake\"");
  }
  table.finish();
  return output;
}

}  // namespace

void read_outputs(TableReader& root, Config& config) {
  auto outputs = root.table("output");
  if (!outputs) return;
  Names paths;
  for (TableReader& table : outputs->tables("jsonl")) {
    const auto path = table.text("path");
    if (!path || path->empty()) table.fail("path", "is missing");
    if (!paths.insert(*path).second) table.fail("path", "is there twice");
    config.json_lines.push_back({*path});
    table.finish();
  }
  Names names;
  for (TableReader& table : outputs->tables("webhook")) {
    config.webhooks.push_back(read_webhook(table, names));
  }
  for (TableReader& table : outputs->tables("mqtt")) {
    config.mqtt.push_back(read_mqtt(table, names));
  }
  outputs->finish();
}

}  // namespace dfd::monitor
