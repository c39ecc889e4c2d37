// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the configuration file says, checked and with all defaults filled in. docs/monitor.md has
// the keys. Where their numbers come from stands beside them here.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/secrets.h"
#include "base/shard.h"

namespace dfd::monitor {

// In the file, both from 1.
struct Position {
  std::size_t line = 0;
  std::size_t column = 0;
};

// "FILE:LINE:COLUMN: what is wrong, and what to do".
class ConfigError : public std::runtime_error {
 public:
  ConfigError(const std::string& file, Position position, const std::string& text);
};

struct BackoffConfig {
  double min_s = 0.5;
  double max_s = 30;
  double factor = 2;
  // Each wait is longer or shorter by up to this part, so that streams of one server do not all
  // come back at once.
  double jitter = 0.2;
};

// Probabilities in [0, 1]; none: the element's threshold, and that less its hysteresis.
struct AlarmConfig {
  bool face = true;
  bool down = true;
  // Quiet unless asked for: slates and black between programmes are nothing wrong.
  bool frozen = false;
  bool black = false;
  std::optional<double> on;
  std::optional<double> off;
  // An alarm fires when 2.4 of the last 4 s were over `on`: one bad second is none.
  double window_s = 4;
  double min_over_ratio = 0.6;
  // Long enough for somebody to turn away and back.
  double hold_s = 20;
  double cooldown_s = 60;
};

// A property of the element deepfakedetect, in GStreamer's text form.
struct DetectProperty {
  std::string name;
  std::string value;
  std::string file;
  Position position;
};

// Hours of a week.
struct OffAir {
  // From Monday.
  std::array<bool, 7> days{};
  // Of the day, by the zone's clocks: 0 to 1439, and 1 to 1440. Where the end is not after the
  // beginning it is on the next day.
  int from_minute = 0;
  int to_minute = 0;
  // As IANA calls it: "Europe/Berlin".
  std::string zone;
};

// What is kept of an alarm.
struct EvidenceConfig {
  // Pictures of people are kept only where somebody asked for it.
  bool wanted = false;
  double pre_roll_s = 10;
  double post_roll_s = 10;
  // Of the whole clip: it is held in memory until it is made.
  double max_clip_s = 60;
  // Made while an alarm of faces goes on.
  bool heatmap = true;
};

// Of all streams.
struct EvidenceLimits {
  double max_bytes = 10e9;
  double retain_days = 30;
  // What the last seconds of all streams may take in ring_dir; nothing: half of its file system.
  std::optional<double> ring_max_bytes;
};

struct StreamConfig {
  std::string id;
  std::string name;
  std::string group;
  // Without user and password: these are in `credentials`.
  std::string uri;
  Credentials credentials;
  double stall_timeout_s = 10;
  // Cameras that wake up and a wait for the first keyframe take long.
  double first_frame_timeout_s = 30;
  BackoffConfig backoff;
  AlarmConfig alarm;
  EvidenceConfig evidence;
  std::vector<DetectProperty> detect;
  // Alarms are kept, and nobody is told.
  bool observe = false;
  std::vector<OffAir> schedule;
  Position position;
};

struct JsonLinesConfig {
  // "-" is standard output.
  std::string path;
};

// Who may ask over HTTP.
struct TokenConfig {
  std::string name;
  // SHA-256 of the token, as digits.
  std::string digest;
  // May change things; others read.
  bool is_operator = false;
};

struct WebConfig {
  // Port 0 lets the system choose.
  std::string address = "127.0.0.1";
  int port = 8088;
  // Files; both or none.
  std::string tls_certificate;
  std::string tls_key;
  // Somebody else has TLS and passes requests on.
  bool behind_proxy = false;
  // None: whoever reaches the address may read, and nobody may change anything.
  std::vector<TokenConfig> tokens;
};

// What outputs over a network share.
struct RemoteOutputConfig {
  // Of its spool and in metrics; as ids of streams are. Each its own.
  std::string name;
  Credentials credentials;
  // PEM file of the authorities that are trusted; empty: those of the system.
  std::string tls_authorities;
  // Of events that wait on disk: at 2 kB an event those of a busy week.
  std::int64_t spool_max_bytes = 64LL << 20;
  // Between two signs of life; nothing: none.
  std::optional<double> heartbeat_s;
};

struct WebhookConfig : RemoteOutputConfig {
  // http(s), without user and password.
  std::string url;
  // Signs what is sent; empty: nothing does.
  std::string secret;
};

struct MqttConfig : RemoteOutputConfig {
  std::string host;
  int port = 1883;
  bool tls = false;
  // Before all topics.
  std::string topic = "deepfake-monitor";
};

struct Config {
  std::string file;
  WebConfig web;
  // Where what outlives the program is kept; empty: where such things are.
  std::string state_dir;
  // Where the last seconds of streams are; empty: where such things are.
  std::string ring_dir;
  EvidenceLimits evidence;
  // A stream whose `face` alarm has to fire, to see that alarms do; empty: none. For how long it
  // may not fire: a clip that is played over and over is warmed up anew now and then.
  std::string canary;
  double canary_timeout_s = 300;
  // Alarms told of, over all streams; nothing: no limit.
  std::optional<int> max_notify_per_hour;
  // Those that fall to this process.
  std::vector<StreamConfig> streams;
  Shard shard;
  std::vector<JsonLinesConfig> json_lines;
  std::vector<WebhookConfig> webhooks;
  std::vector<MqttConfig> mqtt;
};

// [a-z0-9][a-z0-9_-]{0,63}: ids are parts of paths, topics and labels.
bool is_id(const std::string& id);

// Throws ConfigError. Credentials are read here, and remembered for masked().
Config read_config(const std::string& file);

// The same from text, `file` being its name in errors.
Config parse_config(const std::string& text, const std::string& file);

}  // namespace dfd::monitor
