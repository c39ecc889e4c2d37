// SPDX-License-Identifier: LGPL-2.1-or-later

#include "monitor.h"

#include <glib-unix.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <utility>

#include "base/exit_code.h"
#include "base/log.h"
#include "service/monitor_metrics.h"
#include "service/notify.h"
#include "service/told.h"
#include "store/state_folder.h"

namespace dfd::monitor {
namespace {

// Short beside all that is waited for, and no load.
constexpr guint kTickMs = 100;

// What the API tells is not older than that.
constexpr auto kShowEvery = std::chrono::milliseconds(500);

WebSettings web_settings(const Config& config) {
  WebSettings settings;
  settings.address = config.web.address;
  settings.port = config.web.port;
  settings.tls_certificate = config.web.tls_certificate;
  settings.tls_key = config.web.tls_key;
  settings.behind_proxy = config.web.behind_proxy;
  settings.tokens = web_tokens(config);
  settings.state_folder = config.state_dir;
  return settings;
}

HttpResponse text_page(int status, const std::string& body) {
  HttpResponse page;
  page.status = status;
  page.body = body + "\n";
  return page;
}

}  // namespace

std::vector<WebToken> web_tokens(const Config& config) {
  std::vector<WebToken> tokens;
  for (const TokenConfig& token : config.web.tokens) {
    tokens.push_back({token.name, token.digest, token.is_operator});
  }
  return tokens;
}

Monitor::Monitor(Config config)
    : config_(std::move(config)),
      models_(std::make_unique<ModelHolder>(config_.streams)),
      limit_(config_.max_notify_per_hour),
      heartbeat_(now()),
      loop_(g_main_loop_new(nullptr, FALSE)) {
  if (config_.state_dir.empty()) config_.state_dir = default_state_folder();
  outputs_ = std::make_unique<Outputs>(config_, config_.state_dir);
  // On the store's thread, too: outputs stay what they are until its end.
  store_ = std::make_unique<Store>(config_.state_dir,
                                   [this](const std::string& event) { outputs_->write(event); });
  outputs_->start();
  take_left(now());
  evidence_ = std::make_unique<Evidence>(config_, pictures_);
  web_ = make_web();
  log_line("listening on " + web_->address());
  // Readers of a pipe may go; that is no reason to end.
  std::signal(SIGPIPE, SIG_IGN);
  sources_ = {g_unix_signal_add(SIGTERM, on_stop, this), g_unix_signal_add(SIGINT, on_stop, this),
              g_unix_signal_add(SIGHUP, on_reload, this), g_timeout_add(kTickMs, on_tick, this)};
}

std::unique_ptr<WebServer> Monitor::make_web() {
  const auto metrics_page = [this] {
    HttpResponse page;
    page.type = "text/plain; version=0.0.4; charset=utf-8";
    page.body = metrics();
    return page;
  };
  return std::make_unique<WebServer>(
      web_settings(config_),
      std::map<std::string, WebServer::Page>{{"/healthz", [] { return text_page(200, "ok"); }},
                                             {"/readyz", [this] { return ready_page(); }},
                                             {"/metrics", metrics_page}},
      board_, [this](const Change& change, Store::ChangeDone done) {
        store_->change(change, std::move(done));
      });
}

Monitor::~Monitor() {
  for (const guint source : sources_) g_source_remove(source);
  g_main_loop_unref(loop_);
}

int Monitor::run() {
  tell({monitor_event(now(), "started", config_), std::nullopt, {}, true});
  g_main_loop_run(loop_);
  web_.reset();
  pictures_.reset();
  evidence_->close(now(), streams_, [this](const WatchedStream::Told& told) { tell(told); });
  // The streams first: they tell of nothing any more.
  for (const auto& stream : streams_) {
    store_->add(stream->stream().config().id, stream->snapshot());
  }
  streams_.clear();
  leaving_.clear();
  tell({monitor_event(now(), "stopped", config_), std::nullopt, {}, true});
  store_.reset();
  outputs_.reset();
  return exit_code_;
}

gboolean Monitor::on_tick(gpointer data) {
  auto* self = static_cast<Monitor*>(data);
  try {
    self->tick(now());
  } catch (const std::exception& error) {
    // No exception crosses GLib's frames; who started us starts us anew.
    log_line(error.what());
    self->exit_code_ = kExitFailed;
    g_main_loop_quit(self->loop_);
  }
  return G_SOURCE_CONTINUE;
}

gboolean Monitor::on_stop(gpointer data) {
  static_cast<Monitor*>(data)->begin_stop();
  return G_SOURCE_CONTINUE;
}

gboolean Monitor::on_reload(gpointer data) {
  // By the next tick: not in the middle of another one, and not before the streams are there.
  static_cast<Monitor*>(data)->reload_wanted_ = true;
  return G_SOURCE_CONTINUE;
}

HttpResponse Monitor::ready_page() const {
  switch (phase_) {
    case Phase::kLoading:
      return text_page(503, "the model is being loaded");
    case Phase::kStopping:
      return text_page(503, "stopping");
    case Phase::kWatching:
      break;
  }
  return text_page(200, "ready");
}

std::string Monitor::metrics() const {
  return metrics_text(now(), heartbeat_.wall, streams_, outputs_->states(),
                      {store_->is_up(), store_->errors(), store_->waiting(), store_->dropped()},
                      {evidence_->bytes(), evidence_->ring_bytes()},
                      canary_ ? std::optional(canary_->is_heard()) : std::nullopt);
}

// What is told is kept first.
void Monitor::tell(const WatchedStream::Told& told) {
  const Moment time = now();
  Entry entry;
  entry.time = time.wall;
  entry.event_id = told.event.at("id").get<std::string>();
  entry.event = text_of(told.event);
  entry.alarm = told.alarm;
  entry.previous = told.previous;
  entry.to_tell = told.to_tell;
  entry.evidence = told.evidence;
  store_->add(time, std::move(entry));
}

void Monitor::keep(Moment now) {
  // What a crash may take from counters and coverage.
  constexpr auto kEvery = std::chrono::seconds(10);
  store_->update(now);
  take_left(now);
  // In this order: what is told in between waits in an output, or is not counted yet.
  const std::int64_t told = store_->last_told();
  if (outputs_->have_all()) store_->set_arrived(told);
  if (now.steady - kept_ < kEvery) return;
  kept_ = now.steady;
  for (const auto& stream : streams_) {
    store_->add(stream->stream().config().id, stream->snapshot());
  }
}

// At the start, or later where the store could not be opened then: what happened since stands.
void Monitor::take_left(Moment now) {
  auto left = store_->take_left();
  if (!left) return;
  mutes_.merge(left->mutes);
  for (const auto& stream : streams_) {
    const auto known = left->streams.find(stream->stream().config().id);
    if (known != left->streams.end()) stream->take_left(now, known->second);
    restore_mute(now, *stream);
  }
  left_.merge(left->streams);
}

void Monitor::restore_mute(Moment now, WatchedStream& stream) const {
  const auto mute = mutes_.find(stream.stream().config().id);
  // That one ended while nobody was there is no news: it said when it would.
  if (mute != mutes_.end() && mute->second.until > now.wall) stream.restore_mute(mute->second);
}

void Monitor::beat(Moment now) {
  outputs_->beat(now.steady, [&] {
    const auto up = std::count_if(streams_.begin(), streams_.end(), [&](const auto& stream) {
      return stream->stream().is_live(now);
    });
    Json event = monitor_event(now, "heartbeat", config_);
    event["data"]["streams_up"] = up;
    if (canary_) event["data"]["canary"] = canary_->is_heard() ? "heard" : "silent";
    return text_of(event);
  });
}

void Monitor::set_canary(bool changed) {
  const bool is_ours =
      std::any_of(config_.streams.begin(), config_.streams.end(),
                  [this](const StreamConfig& stream) { return stream.id == config_.canary; });
  if (!is_ours || changed) canary_.reset();
  if (is_ours && !canary_) canary_.emplace(from_seconds(config_.canary_timeout_s));
}

void Monitor::listen(Moment now) {
  if (!canary_) return;
  const bool seen = std::any_of(streams_.begin(), streams_.end(), [this](const auto& stream) {
    return stream->stream().config().id == config_.canary && stream->alarms().face().is_seen();
  });
  const auto heard = canary_->update(now.steady, seen);
  if (!heard) return;
  log_line(*heard ? "the canary is heard again: alarms fire"
                  : "the canary " + config_.canary + " is silent: would other alarms fire?");
  tell({monitor_event(now, *heard ? "canary-heard" : "canary-silent", config_),
        std::nullopt,
        {},
        true});
}

void Monitor::apply_changes(Moment now) {
  for (const KeptChange& kept : store_->take_changes()) {
    const Change& change = kept.change;
    if (change.kind == Change::Kind::kMute) {
      mutes_[change.subject] = {change.until, change.text, change.mark};
    } else if (change.kind == Change::Kind::kUnmute) {
      mutes_.erase(change.subject);
    }
    const std::string& id = kept.alarm ? kept.alarm->stream : change.subject;
    const auto stream = std::find_if(streams_.begin(), streams_.end(), [&](const auto& one) {
      return one->stream().config().id == id;
    });
    if (stream != streams_.end()) {
      (*stream)->apply(now, kept);
    } else if (kept.alarm) {
      const StreamConfig gone = unwatched(id);
      EventStream part;
      part.config = &gone;
      tell(told_marked(now, part, *kept.alarm, change));
    }
  }
}

void Monitor::show(Moment now) {
  if (now.steady - shown_ < kShowEvery) return;
  shown_ = now.steady;
  std::vector<StreamStatus> streams;
  for (const auto& stream : streams_) streams.push_back(stream->status(now));
  board_.put(now, std::move(streams));
}

std::unique_ptr<WatchedStream> Monitor::make_stream(const StreamConfig& config) {
  const double hysteresis = read_hysteresis(models_->element(config));
  const auto left = left_.find(config.id);
  auto stream = std::make_unique<WatchedStream>(
      config, hysteresis, left == left_.end() ? StreamSnapshot() : left->second, limit_,
      [this](const WatchedStream::Told& told) { tell(told); },
      [this](const StreamConfig& own) { return evidence_->recorder_for(own); });
  restore_mute(now(), *stream);
  return stream;
}

void Monitor::start_streams() {
  for (const StreamConfig& config : config_.streams) streams_.push_back(make_stream(config));
  phase_ = Phase::kWatching;
  set_canary(/*changed=*/true);
  // That alarms which came back have lost data is kept at once.
  kept_ = {};
  log_line("the model is loaded; streams: " + std::to_string(streams_.size()));
  notify_ready();
}

void Monitor::note_stuck(Moment now) {
  if (!stuck_.note(now.steady)) return;
  log_line("three pipelines within an hour did not stop: giving up");
  exit_code_ = kExitStuck;
  g_main_loop_quit(loop_);
}

void Monitor::drop_closed(Moment now) {
  for (auto at = leaving_.begin(); at != leaving_.end();) {
    WatchedStream& stream = **at;
    if (!stream.is_closed(now)) {
      ++at;
      continue;
    }
    if (stream.stream().is_left_behind()) count_left_behind(now, stream.stream().config().id);
    at = leaving_.erase(at);
  }
}

// Of a stream that is not watched any more, or watched again.
void Monitor::count_left_behind(Moment now, const std::string& id) {
  log_line(id + ": the pipeline does not stop and is left behind");
  const auto again = std::find_if(streams_.begin(), streams_.end(), [&](const auto& stream) {
    return stream->stream().config().id == id;
  });
  if (again != streams_.end()) {
    (*again)->count_stuck();
  } else {
    left_[id].counters[{"failures", name_of(FailureReason::kStuck)}] += 1;
    store_->add(id, left_[id]);
  }
  // Whoever stops gives them back anyway.
  if (phase_ == Phase::kWatching) note_stuck(now);
}

void Monitor::begin_stop() {
  if (phase_ == Phase::kStopping) return;
  log_line("stopping");
  notify_stopping();
  phase_ = Phase::kStopping;
  const Moment time = now();
  next_.reset();
  for (const auto& stream : streams_) stream->stream().close(time);
}

void Monitor::tick(Moment now) {
  heartbeat_ = now;
  notify_alive();
  keep(now);
  apply_changes(now);
  show(now);
  thumbnails_.update(now, streams_);
  beat(now);
  drop_closed(now);
  if (phase_ == Phase::kLoading && models_->state() == ModelHolder::State::kFailed) {
    log_line("the model cannot be loaded: " + models_->error());
    exit_code_ = kExitFailed;
    g_main_loop_quit(loop_);
  } else if (phase_ == Phase::kLoading && models_->state() == ModelHolder::State::kReady) {
    start_streams();
  } else if (phase_ == Phase::kWatching) {
    if (reload_wanted_ && !next_) begin_reload();
    if (next_) finish_reload(now);
    for (const auto& stream : streams_) {
      const auto before = stream->stream().watch().failures(FailureReason::kStuck);
      stream->update(now);
      if (stream->stream().watch().failures(FailureReason::kStuck) != before) note_stuck(now);
    }
    evidence_->update(now, streams_, left_,
                      [this](const WatchedStream::Told& told) { tell(told); });
    listen(now);
    if (limit_.take_flood()) {
      log_line("more alarms than max_notify_per_hour: the others are kept, and not told of");
      tell({monitor_event(now, "flood", config_), std::nullopt, {}, true});
    }
  } else if (phase_ == Phase::kStopping) {
    if (leaving_.empty() && std::all_of(streams_.begin(), streams_.end(), [&](const auto& stream) {
          return stream->stream().is_closed(now);
        })) {
      g_main_loop_quit(loop_);
    }
  }
}

}  // namespace dfd::monitor
