// SPDX-License-Identifier: LGPL-2.1-or-later

#include "outputs.h"

#include <glib.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "outputs/json_lines.h"
#include "outputs/mqtt.h"
#include "outputs/spooled_output.h"
#include "outputs/webhook.h"

namespace dfd::monitor {
namespace {

SpoolSettings spool_settings(const RemoteOutputConfig& config, const std::string& state_folder) {
  return {config.name, state_folder + "/spool-" + config.name + ".sqlite", config.spool_max_bytes};
}

// A broker knows its clients by it, and ends the older one of two that are called the same.
std::string client_id(const std::string& state_folder, const std::string& name) {
  constexpr std::size_t kDigits = 12;
  const std::string all = std::string(g_get_host_name()) + '\n' + state_folder + '\n' + name;
  return "deepfake-" + sha256_of(all).substr(0, kDigits);
}

}  // namespace

Outputs::Outputs(const Config& config, std::string state_folder)
    : state_folder_(std::move(state_folder)) {
  for (const JsonLinesConfig& output : config.json_lines) {
    all_.push_back({"jsonl:" + output.path, std::make_unique<JsonLines>(output.path)});
  }
  for (const WebhookConfig& output : config.webhooks) {
    add(output, std::make_unique<SpooledOutput>(spool_settings(output, state_folder_), [output] {
          return std::make_unique<Webhook>(output);
        }));
  }
  for (const MqttConfig& output : config.mqtt) {
    add(output,
        std::make_unique<SpooledOutput>(spool_settings(output, state_folder_),
                                        [output, id = client_id(state_folder_, output.name)] {
                                          return std::make_unique<Mqtt>(output, id);
                                        }));
  }
}

Outputs::~Outputs() = default;

void Outputs::add(const RemoteOutputConfig& config, std::unique_ptr<SpooledOutput> output) {
  SpooledOutput* remote = output.get();
  const Duration every = config.heartbeat_s ? from_seconds(*config.heartbeat_s) : Duration();
  all_.push_back({config.name, std::move(output), remote, every});
}

void Outputs::start() {
  for (const One& one : all_) {
    if (one.remote != nullptr) one.remote->start();
  }
}

void Outputs::write(const std::string& event) const {
  for (const One& one : all_) one.output->write(event);
}

bool Outputs::have_all() const {
  return std::all_of(all_.begin(), all_.end(),
                     [](const One& one) { return one.output->unkept() == 0; });
}

void Outputs::beat(One& one, const std::string& event) { one.remote->beat(event); }

std::vector<Outputs::State> Outputs::states() const {
  std::vector<State> states;
  for (const One& one : all_) {
    states.push_back({one.name, one.output->waiting(), one.output->dropped()});
  }
  return states;
}

}  // namespace dfd::monitor
