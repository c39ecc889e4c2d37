// SPDX-License-Identifier: LGPL-2.1-or-later

#include "config.h"

#include <glob.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "config/evidence_reader.h"
#include "config/output_reader.h"
#include "config/schedule_reader.h"
#include "config/source_uri.h"
#include "config/table_reader.h"
#include "config/web_reader.h"

namespace dfd::monitor {
namespace {

constexpr double kDay = 86400;

void read_backoff(TableReader& table, BackoffConfig& backoff) {
  auto entry = table.table("backoff");
  if (!entry) return;
  // Below a tenth of a second a source that is away would be hammered.
  backoff.min_s = entry->number("min_ms", 100, kDay * 1000).value_or(backoff.min_s * 1000) / 1000;
  backoff.max_s = entry->number("max_ms", 100, kDay * 1000).value_or(backoff.max_s * 1000) / 1000;
  backoff.factor = entry->number("factor", 1, 10).value_or(backoff.factor);
  backoff.jitter = entry->number("jitter", 0, 0.9).value_or(backoff.jitter);
  if (backoff.max_s < backoff.min_s) entry->fail("max_ms", "must not be less than min_ms");
  entry->finish();
}

void read_rules(TableReader& table, AlarmConfig& alarm) {
  const auto rules = table.texts("rules");
  if (!rules) return;
  const std::map<std::string, bool*> known = {{"face", &alarm.face},
                                              {"down", &alarm.down},
                                              {"frozen", &alarm.frozen},
                                              {"black", &alarm.black}};
  for (const auto& [name, wanted] : known) *wanted = false;
  for (const std::string& rule : *rules) {
    const auto at = known.find(rule);
    if (at == known.end()) {
      table.fail("rules",
                 "may hold \"face\", \"down\", \"frozen\" and \"black\", not \"" + rule + "\"");
    }
    *at->second = true;
  }
}

void read_alarm(TableReader& table, AlarmConfig& alarm) {
  auto entry = table.table("alarm");
  if (!entry) return;
  read_rules(*entry, alarm);
  if (const auto on = entry->number("on", 0, 1)) alarm.on = on;
  if (const auto off = entry->number("off", 0, 1)) alarm.off = off;
  if (alarm.on && alarm.off && *alarm.off > *alarm.on) {
    entry->fail("off", "must not be greater than on");
  }
  alarm.window_s = entry->number("window_s", 0, 3600).value_or(alarm.window_s);
  alarm.min_over_ratio = entry->number("min_over_ratio", 0, 1).value_or(alarm.min_over_ratio);
  alarm.hold_s = entry->number("hold_s", 0, kDay).value_or(alarm.hold_s);
  alarm.cooldown_s = entry->number("cooldown_s", 0, kDay).value_or(alarm.cooldown_s);
  entry->finish();
}

void read_detect(TableReader& table, std::vector<DetectProperty>& detect) {
  auto entry = table.table("detect");
  if (!entry) return;
  for (DetectProperty& property : entry->properties()) {
    const auto same = std::find_if(detect.begin(), detect.end(),
                                   [&](const auto& old) { return old.name == property.name; });
    if (same == detect.end()) {
      detect.push_back(std::move(property));
    } else {
      *same = std::move(property);
    }
  }
}

// What [defaults] and [[stream]] share.
void read_common(TableReader& table, StreamConfig& stream) {
  stream.group = table.text("group").value_or(stream.group);
  // Less than a second is less than the distance of two keyframes: nothing would ever be up.
  stream.stall_timeout_s =
      table.number("stall_timeout_s", 1, kDay).value_or(stream.stall_timeout_s);
  stream.first_frame_timeout_s =
      table.number("first_frame_timeout_s", 1, kDay).value_or(stream.first_frame_timeout_s);
  if (const auto mode = table.text("mode")) {
    if (*mode != "notify" && *mode != "observe") {
      table.fail("mode", "must be \"notify\" or \"observe\"");
    }
    stream.observe = *mode == "observe";
  }
  read_schedule(table, stream.schedule);
  read_backoff(table, stream.backoff);
  read_alarm(table, stream.alarm);
  read_evidence(table, stream.evidence);
  read_detect(table, stream.detect);
}

void read_source(TableReader& table, StreamConfig& stream) {
  const auto uri = table.text("uri");
  if (!uri) table.fail("uri", "is missing");
  const auto place = table.text("credentials");
  try {
    SourceUri source = split_source_uri(*uri);
    if (place && !(source.credentials.user + source.credentials.password).empty()) {
      table.fail("credentials", "stand in the uri too: leave one of them out");
    }
    stream.uri = std::move(source.uri);
    stream.credentials = std::move(source.credentials);
  } catch (const std::invalid_argument& error) {
    throw ConfigError(table.file(), table.position("uri"), error.what());
  }
  try {
    if (place) stream.credentials = read_credentials(*place, kind_of(stream.uri));
  } catch (const std::invalid_argument& error) {
    throw ConfigError(table.file(), table.position("credentials"), error.what());
  }
  remember_secret(stream.credentials);
}

StreamConfig read_stream(TableReader& table, const StreamConfig& defaults) {
  StreamConfig stream = defaults;
  stream.position = table.position();
  const auto id = table.text("id");
  if (!id) table.fail("id", "is missing");
  if (!is_id(*id)) {
    table.fail("id", "must be 1 to 64 of a-z, 0-9, _ and -, and begin with a letter or digit");
  }
  stream.id = *id;
  stream.name = table.text("name").value_or(stream.id);
  read_source(table, stream);
  read_common(table, stream);
  table.finish();
  return stream;
}

toml::table parse_toml(const std::string& text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const toml::source_position place = error.source().begin;
    throw ConfigError(file, {place.line, place.column}, std::string(error.description()));
  }
}

std::string read_text(const std::string& file) {
  std::error_code none;
  std::ifstream stream;
  // A folder would open, and fail later.
  if (!std::filesystem::is_directory(file, none)) stream.open(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad() || text.empty()) {
    throw ConfigError(file, {1, 1}, "cannot be read, or there is nothing in it");
  }
  return text;
}

// All streams of a configuration, in whatever file.
class StreamReader {
 public:
  explicit StreamReader(Config& config) : config_(config) {}

  void read_defaults(TableReader& root) {
    auto table = root.table("defaults");
    if (!table) return;
    read_common(*table, defaults_);
    table->finish();
  }

  void read(TableReader& root) {
    for (TableReader& table : root.tables("stream")) {
      StreamConfig stream = read_stream(table, defaults_);
      if (!ids_.insert(stream.id).second) {
        table.fail("id", "\"" + stream.id + "\" is there twice");
      }
      if (config_.shard.holds(stream.id)) config_.streams.push_back(std::move(stream));
    }
  }

  void read_file(const std::string& file) {
    const toml::table parsed = parse_toml(read_text(file), file);
    TableReader root(parsed, "", file);
    read(root);
    root.finish();
  }

  // That none falls to a shard is no mistake.
  void finish(const TableReader* monitor) const {
    if (ids_.empty()) {
      throw ConfigError(config_.file, {1, 1}, "there is no [[stream]] to watch");
    }
    if (config_.canary.empty() || ids_.count(config_.canary) > 0) return;
    monitor->fail("canary", "is no stream's id: \"" + config_.canary + "\"");
  }

 private:
  Config& config_;
  StreamConfig defaults_;
  std::set<std::string> ids_;
};

// Files that a pattern names, sorted; relative to the configuration's folder.
std::vector<std::string> included(TableReader& monitor, const std::string& pattern) {
  const std::string path = std::filesystem::path(monitor.file()).parent_path() / pattern;
  glob_t found{};
  const int code = glob(path.c_str(), 0, nullptr, &found);
  std::vector<std::string> files(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (code != 0 && code != GLOB_NOMATCH) monitor.fail("include", "cannot be looked up: " + path);
  // A folder of streams may be empty; a file that is named may not be missing.
  if (files.empty() && pattern.find_first_of("*?[") == std::string::npos) {
    monitor.fail("include", "names " + path + ", which is not there");
  }
  return files;
}

void read_shard(TableReader& monitor, Config& config) {
  const auto text = monitor.text("shard");
  if (!text) return;
  try {
    config.shard = parse_shard(*text, "shard");
  } catch (const std::invalid_argument& error) {
    throw ConfigError(monitor.file(), monitor.position("shard"), error.what());
  }
}

// Returns the files that hold more streams.
std::vector<std::string> read_monitor(TableReader& root, Config& config) {
  auto table = root.table("monitor");
  read_web(root, table ? &*table : nullptr, config.web);
  if (!table) return {};
  if (const auto folder = table->text("state_dir")) {
    if (folder->empty()) table->fail("state_dir", "must name a folder");
    config.state_dir = *folder;
  }
  if (const auto folder = table->text("ring_dir")) {
    if (folder->empty()) table->fail("ring_dir", "must name a folder");
    config.ring_dir = *folder;
  }
  if (const auto most = table->number("max_notify_per_hour", 1, 1e6)) {
    if (*most != std::floor(*most)) table->fail("max_notify_per_hour", "must be a whole number");
    config.max_notify_per_hour = static_cast<int>(*most);
  }
  config.canary = table->text("canary").value_or("");
  config.canary_timeout_s =
      table->number("canary_timeout_s", 1, kDay).value_or(config.canary_timeout_s);
  read_shard(*table, config);
  std::vector<std::string> files;
  if (const auto pattern = table->text("include")) files = included(*table, *pattern);
  table->finish();
  return files;
}

void read_version(TableReader& root) {
  constexpr double kVersion = 1;
  const auto version = root.number("version", 0, 1e9);
  if (!version) root.fail("version", "is missing: write version = 1 on the first line");
  if (*version != kVersion) root.fail("version", "must be 1: this program knows no other");
}

}  // namespace

bool is_id(const std::string& id) {
  constexpr std::size_t kMost = 64;
  const auto is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !id.empty() && id.size() <= kMost && is_plain(id[0]) &&
         std::all_of(id.begin(), id.end(),
                     [&](char c) { return is_plain(c) || c == '_' || c == '-'; });
}

ConfigError::ConfigError(const std::string& file, Position position, const std::string& text)
    : std::runtime_error(file + ":" + std::to_string(position.line) + ":" +
                         std::to_string(position.column) + ": " + text) {}

Config parse_config(const std::string& text, const std::string& file) {
  const toml::table parsed = parse_toml(text, file);
  Config config;
  config.file = file;
  TableReader root(parsed, "", file);
  read_version(root);
  const std::vector<std::string> more = read_monitor(root, config);
  read_outputs(root, config);
  read_evidence_limits(root, config.evidence);
  StreamReader streams(config);
  streams.read_defaults(root);
  streams.read(root);
  root.finish();
  for (const std::string& other : more) streams.read_file(other);
  const auto monitor = root.table("monitor");
  streams.finish(monitor ? &*monitor : nullptr);
  return config;
}

Config read_config(const std::string& file) { return parse_config(read_text(file), file); }

}  // namespace dfd::monitor
