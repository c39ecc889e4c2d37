// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The whole: streams, what is said of them, and where it is said. Everything of it runs on the
// thread of the main loop; pipelines and files have threads of their own.

#pragma once

#include <glib.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "outputs/outputs.h"
#include "service/watched_stream.h"
#include "store/board.h"
#include "store/store.h"
#include "streams/model_holder.h"
#include "web/web_server.h"

namespace dfd::monitor {

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
  void note_stuck(Moment now);
  void begin_stop();
  void tell(const WatchedStream::Told& told);
  void keep(Moment now);
  void beat(Moment now);
  std::string metrics() const;
  HttpResponse ready_page() const;
  void show(Moment now);
  void apply_changes(Moment now);
  std::unique_ptr<WebServer> make_web();

  enum class Phase { kLoading, kWatching, kStopping };

  Config config_;
  ModelHolder models_;
  NotifyLimit limit_;
  std::unique_ptr<Outputs> outputs_;
  std::unique_ptr<Store> store_;
  Time kept_;
  Board board_;
  // By hand, by stream; those that are over among them.
  std::map<std::string, Mute> mutes_;
  Time shown_;
  std::vector<std::unique_ptr<WatchedStream>> streams_;
  Phase phase_ = Phase::kLoading;
  int exit_code_ = 0;
  std::deque<Time> stuck_;
  Moment heartbeat_;
  GMainLoop* loop_;
  std::vector<guint> sources_;
  std::unique_ptr<WebServer> web_;
};

}  // namespace dfd::monitor
