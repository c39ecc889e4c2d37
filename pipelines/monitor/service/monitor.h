// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The whole: streams, what is said of them, and where it is said. Everything of it runs on the
// thread of the main loop; pipelines and files have threads of their own.

#pragma once

#include <glib.h>

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "evidence/picture_maker.h"
#include "outputs/outputs.h"
#include "service/canary.h"
#include "service/evidence.h"
#include "service/thumbnails.h"
#include "service/watched_stream.h"
#include "store/board.h"
#include "store/store.h"
#include "streams/model_holder.h"
#include "streams/stuck_limit.h"
#include "web/web_server.h"

namespace dfd::monitor {

// As the configuration has them.
std::vector<WebToken> web_tokens(const Config& config);

class Monitor {
 public:
  // Opens outputs, the store and the address, and begins to load the model. Throws
  // std::runtime_error, PropertyError, MissingElement, FolderTaken.
  explicit Monitor(Config config);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  // Watches until SIGTERM or SIGINT, or until it cannot go on. Returns an exit code; after
  // kExitStuck there are threads that will never end.
  int run();

 private:
  static gboolean on_tick(gpointer data);
  static gboolean on_stop(gpointer data);
  static gboolean on_reload(gpointer data);
  void tick(Moment now);
  void start_streams();
  std::unique_ptr<WatchedStream> make_stream(const StreamConfig& config);
  void begin_reload();
  void finish_reload(Moment now);
  // Puts into the new configuration what holds until the program is started anew, and says so.
  // Throws std::runtime_error where the rest of it may not hold with that.
  void keep_what_needs_a_start(Config& config) const;
  void take_over(Moment now, Config config);
  void take_over_streams(Moment now, const std::vector<StreamConfig>& configs);
  void note_stuck(Moment now);
  void drop_closed(Moment now);
  void count_left_behind(Moment now, const std::string& id);
  void begin_stop();
  void tell(const WatchedStream::Told& told);
  void keep(Moment now);
  void take_left(Moment now);
  void restore_mute(Moment now, WatchedStream& stream) const;
  void beat(Moment now);
  void listen(Moment now);
  void set_canary(bool changed);
  std::string metrics() const;
  HttpResponse ready_page() const;
  void show(Moment now);
  void apply_changes(Moment now);
  std::unique_ptr<WebServer> make_web();

  enum class Phase { kLoading, kWatching, kStopping };

  Config config_;
  std::unique_ptr<ModelHolder> models_;
  // What was read anew, until its models are loaded.
  std::optional<Config> next_;
  std::unique_ptr<ModelHolder> next_models_;
  bool reload_wanted_ = false;
  // Models that nobody holds any more are given back, each on a thread.
  std::vector<std::future<void>> giving_back_;
  NotifyLimit limit_;
  std::unique_ptr<Outputs> outputs_;
  std::unique_ptr<Store> store_;
  Time kept_;
  Board board_;
  std::shared_ptr<PictureMaker> pictures_ = std::make_shared<PictureMaker>();
  Thumbnails thumbnails_{board_, pictures_};
  // By hand, by stream; those that are over among them.
  std::map<std::string, Mute> mutes_;
  Time shown_;
  std::unique_ptr<Evidence> evidence_;
  std::vector<std::unique_ptr<WatchedStream>> streams_;
  // Of streams that are not configured any more, until they are closed.
  std::vector<std::unique_ptr<WatchedStream>> leaving_;
  // What streams left that are not watched: from the last run, or from this one.
  std::map<std::string, StreamSnapshot> left_;
  // None where no stream of ours is it.
  std::optional<Canary> canary_;
  Phase phase_ = Phase::kLoading;
  int exit_code_ = 0;
  StuckLimit stuck_;
  Moment heartbeat_;
  GMainLoop* loop_;
  std::vector<guint> sources_;
  std::unique_ptr<WebServer> web_;
};

}  // namespace dfd::monitor
