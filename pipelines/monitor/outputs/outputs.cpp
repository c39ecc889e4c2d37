// SPDX-License-Identifier: LGPL-2.1-or-later

#include "outputs.h"

#include <glib.h>

#include <algorithm>
#include <thread>
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

std::string key_of(const RemoteOutputConfig& config) {
  return config.name + '\n' + config.credentials.user + '\n' + config.credentials.password + '\n' +
         config.tls_authorities + '\n' + std::to_string(config.spool_max_bytes) + '\n';
}

// A broker knows its clients by it, and ends the older one of two that are called the same.
std::string client_id(const std::string& state_folder, const std::string& name) {
  constexpr std::size_t kDigits = 12;
  const std::string all = std::string(g_get_host_name()) + '\n' + state_folder + '\n' + name;
  return "deepfake-" + sha256_of(all).substr(0, kDigits);
}

}  // namespace

std::vector<Outputs::Wanted> Outputs::wanted_of(const Config& config) const {
  std::vector<Wanted> wanted;
  for (const JsonLinesConfig& output : config.json_lines) {
    const std::string name = "jsonl:" + output.path;
    wanted.push_back(
        {One{name, name, nullptr}, [output] { return std::make_shared<JsonLines>(output.path); }});
  }
  const auto add = [&](const RemoteOutputConfig& output, const std::string& key,
                       const SpooledOutput::MakeSender& make_sender) {
    One one{output.name, key_of(output) + key, nullptr};
    if (output.heartbeat_s) one.every = from_seconds(*output.heartbeat_s);
    const SpoolSettings settings = spool_settings(output, state_folder_);
    wanted.push_back({one, [settings, make_sender] {
                        return std::make_shared<SpooledOutput>(settings, make_sender);
                      }});
  };
  for (const WebhookConfig& output : config.webhooks) {
    add(output, "webhook\n" + output.url + '\n' + output.secret,
        [output] { return std::make_unique<Webhook>(output); });
  }
  for (const MqttConfig& output : config.mqtt) {
    const std::string key = "mqtt\n" + output.host + '\n' + std::to_string(output.port) + '\n' +
                            output.topic + (output.tls ? "\ntls" : "");
    add(output, key, [output, id = client_id(state_folder_, output.name)] {
      return std::make_unique<Mqtt>(output, id);
    });
  }
  return wanted;
}

Outputs::Outputs(const Config& config, std::string state_folder)
    : state_folder_(std::move(state_folder)) {
  for (Wanted& wanted : wanted_of(config)) {
    wanted.one.output = wanted.make();
    wanted.one.remote = dynamic_cast<SpooledOutput*>(wanted.one.output.get());
    all_.push_back(std::move(wanted.one));
  }
}

Outputs::~Outputs() {
  for (const One& one : all_) {
    if (one.remote != nullptr) one.remote->end();
  }
}

void Outputs::start() {
  for (const One& one : all_) {
    if (one.remote != nullptr) one.remote->start();
  }
}

void Outputs::reload(const Config& config) {
  std::vector<One> all;
  std::vector<std::shared_ptr<SpooledOutput>> fresh;
  for (Wanted& wanted : wanted_of(config)) {
    const auto same = std::find_if(all_.begin(), all_.end(),
                                   [&](const One& one) { return one.key == wanted.one.key; });
    if (same != all_.end()) {
      all.push_back(*same);
      all.back().every = wanted.one.every;
      continue;
    }
    wanted.one.output = wanted.make();
    const auto remote = std::dynamic_pointer_cast<SpooledOutput>(wanted.one.output);
    wanted.one.remote = remote.get();
    if (remote != nullptr) fresh.push_back(remote);
    all.push_back(std::move(wanted.one));
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    all_.swap(all);
  }
  // Old ones end, which may take some seconds, before new ones take over their spools.
  ++*ending_;
  std::thread([old = std::move(all), fresh = std::move(fresh), ending = ending_]() mutable {
    old.clear();
    --*ending;
    for (const auto& output : fresh) output->start();
  }).detach();
}

void Outputs::write(const std::string& event) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const One& one : all_) one.output->write(event);
}

bool Outputs::have_all() const {
  return *ending_ == 0 && std::all_of(all_.begin(), all_.end(),
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
