// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The commands that look and end.

#include <cmath>
#include <exception>
#include <iostream>
#include <stdexcept>

#include "base/exit_code.h"
#include "base/json.h"
#include "base/log.h"
#include "commands/commands.h"
#include "commands/schema.h"
#include "config/config.h"
#include "config/source_uri.h"
#include "streams/pipeline.h"
#include "streams/probe.h"

namespace dfd::monitor {
namespace {

Json json_of(const ProbeResult& result) {
  Json object = {{"frames", result.frames}};
  if (result.frames > 0) {
    object["width"] = result.width;
    object["height"] = result.height;
    if (result.fps > 0) object["fps"] = std::round(result.fps * 10) / 10;
    object["first_frame_s"] = std::round(result.first_frame_s * 1000) / 1000;
    if (!result.codec.empty()) object["codec"] = result.codec;
  }
  if (result.failure) {
    object["reason"] = name_of(result.failure->reason);
    object["text"] = result.failure->text;
  }
  return object;
}

void print(const Json& object) { std::cout << text_of(object) << std::endl; }

// All sources, one after the other.
bool connect_all(const Config& config) {
  bool all = true;
  for (const StreamConfig& stream : config.streams) {
    const ProbeResult result = probe(stream.uri, stream.credentials, stream.first_frame_timeout_s);
    Json object = {{"stream", stream.id}};
    object.update(json_of(result));
    print(object);
    all = all && result.frames > 0;
  }
  return all;
}

}  // namespace

int check_config(const std::string& config_file, bool connect) {
  return with_config([&] {
    const Config config = read_config(config_file);
    for (const StreamConfig& stream : config.streams) make_detect(stream.id, stream.detect);
    log_line(config_file + ": no faults; streams: " + std::to_string(config.streams.size()));
    return !connect || connect_all(config) ? kExitDone : kExitUnreachable;
  });
}

int probe_source(const std::string& uri, const std::string& credentials_file, double timeout_s) {
  try {
    SourceUri source = split_source_uri(uri);
    if (!credentials_file.empty()) {
      source.credentials = read_credentials_file(credentials_file, kind_of(source.uri));
    }
    remember_secret(source.credentials);
    const ProbeResult result = probe(source.uri, source.credentials, timeout_s);
    Json object = {{"uri_masked", masked(source.uri)}};
    object.update(json_of(result));
    print(object);
    if (result.frames > 0) return kExitDone;
    return result.failure && result.failure->reason == FailureReason::kAuth ? kExitNotAuthorized
                                                                            : kExitUnreachable;
  } catch (const std::invalid_argument& error) {
    log_line(error.what());
    return kExitUsage;
  } catch (const std::exception& error) {
    log_line(error.what());
    return kExitFailed;
  }
}

int print_schema() {
  std::cout << kEventSchema;
  return kExitDone;
}

}  // namespace dfd::monitor
