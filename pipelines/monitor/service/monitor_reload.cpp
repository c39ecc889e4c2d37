// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The configuration read anew: what changed is touched, and nothing else.

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/log.h"
#include "config/web_reader.h"
#include "monitor.h"
#include "service/config_change.h"
#include "service/notify.h"
#include "store/state_folder.h"

namespace dfd::monitor {

// Nothing changes before all that the new configuration names is known to be good.
void Monitor::begin_reload() {
  reload_wanted_ = false;
  next_.reset();
  next_models_.reset();
  log_line("reading " + config_.file + " anew");
  notify_reloading();
  try {
    Config config = read_config(config_.file);
    next_models_ = std::make_unique<ModelHolder>(config.streams);
    next_ = std::move(config);
  } catch (const PropertyError& error) {
    log_line(ConfigError(error.file(), error.position(), error.what()).what());
  } catch (const std::exception& error) {
    log_line(error.what());
  }
  if (next_) return;
  log_line("the configuration stays as it was");
  notify_ready();
}

void Monitor::finish_reload(Moment now) {
  if (next_models_->state() == ModelHolder::State::kLoading) return;
  try {
    if (next_models_->state() == ModelHolder::State::kFailed) {
      throw std::runtime_error("the model cannot be loaded: " + next_models_->error());
    }
    keep_what_needs_a_start(*next_);
    // What can fail comes before all that changes something.
    evidence_->prepare(*next_);
    outputs_->reload(*next_);
    take_over(now, std::move(*next_));
  } catch (const std::exception& error) {
    log_line(std::string(error.what()) + "; the configuration stays as it was");
  }
  next_.reset();
  // To take an element down takes as long as it does.
  giving_back_.erase(std::remove_if(giving_back_.begin(), giving_back_.end(),
                                    [](const std::future<void>& one) {
                                      return one.wait_for(std::chrono::seconds(0)) ==
                                             std::future_status::ready;
                                    }),
                     giving_back_.end());
  giving_back_.push_back(
      std::async(std::launch::async, [last = std::move(next_models_)]() mutable { last.reset(); }));
  notify_ready();
}

void Monitor::keep_what_needs_a_start(Config& config) const {
  // The server stays where it is, whatever address was read.
  if (needs_token(config_.web) && config.web.tokens.empty()) {
    throw std::runtime_error(config.file +
                             ": others reach the address that is listened on until the program is "
                             "started anew: it needs a [[token]]");
  }
  if (config.state_dir.empty()) config.state_dir = default_state_folder();
  for (const std::string& key : changed_at_start(config_, config)) {
    log_line("monitor." + key + " takes effect when the program is started anew");
  }
  config.state_dir = config_.state_dir;
  config.ring_dir = config_.ring_dir;
  config.max_notify_per_hour = config_.max_notify_per_hour;
  std::vector<TokenConfig> tokens = std::move(config.web.tokens);
  config.web = config_.web;
  config.web.tokens = std::move(tokens);
}

void Monitor::take_over(Moment now, Config config) {
  evidence_->configure(config);
  std::swap(models_, next_models_);
  web_->set_tokens(web_tokens(config));
  take_over_streams(now, config.streams);
  const bool other_canary =
      config.canary != config_.canary || config.canary_timeout_s != config_.canary_timeout_s;
  config_ = std::move(config);
  set_canary(other_canary);
  // That alarms which came back have lost data is kept at once.
  kept_ = {};
  log_line("the configuration was read anew; streams: " + std::to_string(streams_.size()));
  tell({monitor_event(now, "reloaded", config_), std::nullopt, {}, true});
}

void Monitor::take_over_streams(Moment now, const std::vector<StreamConfig>& configs) {
  auto before = std::exchange(streams_, {});
  for (const StreamConfig& config : configs) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const auto& stream) {
      return stream != nullptr && stream->stream().config().id == config.id;
    });
    if (same == before.end()) {
      streams_.push_back(make_stream(config));
      continue;
    }
    streams_.push_back(std::move(*same));
    streams_.back()->change(now, config, read_hysteresis(models_->element(config)));
  }
  for (auto& stream : before) {
    if (stream == nullptr) continue;
    const std::string& id = stream->stream().config().id;
    log_line(id + ": not watched any more");
    stream->leave(now);
    left_[id] = stream->snapshot();
    store_->add(id, left_[id]);
    leaving_.push_back(std::move(stream));
  }
}

}  // namespace dfd::monitor
