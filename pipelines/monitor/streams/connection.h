// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One pipeline from its opening to its end, on a thread of its own: changes of state wait for
// models, for cameras, and sometimes for ever.

#pragma once

#include <gst/gst.h>

#include <functional>
#include <memory>
#include <optional>

#include "base/leavable_thread.h"
#include "streams/pipeline.h"
#include "streams/watch.h"

namespace dfd::monitor {

// Used by one thread, that of the main loop, where its handler is called too.
class Connection {
 public:
  // Every message of the pipeline, until close().
  using Handler = std::function<void(GstMessage*)>;

  // Sets the pipeline to PLAYING.
  Connection(Pipeline pipeline, Handler handler);

  // Where it is not closed yet, it is left to itself with its thread: nothing is waited for.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sets the pipeline to NULL. Comes back at once; seen().closed tells when that is done.
  void close();

  Seen seen();

  // Gives the next picture, with its caps, on the thread that brings it: `take` comes back at once
  // and throws nothing. Where no picture comes any more it is not called.
  using TakePicture = std::function<void(GstSample*)>;
  void want_picture(TakePicture take);

  // Of the newest picture; 0 before the first.
  int width() const;
  int height() const;

  // Null where nothing is judged, and from close() on.
  GstElement* detect() const;

 private:
  struct Shared;
  static void run(Shared& shared);
  static gboolean on_message(GstBus* bus, GstMessage* message, gpointer data);

  std::shared_ptr<Shared> shared_;
  Handler handler_;
  std::optional<Failure> failure_;
  guint bus_watch_ = 0;
  LeavableThread thread_;
};

}  // namespace dfd::monitor
