// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Records one stream, and asks for the evidence of its alarms. Used on the main loop's thread.

#pragma once

#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "alarms/alarm.h"
#include "base/clock.h"
#include "config/config.h"
#include "evidence/best_picture.h"
#include "evidence/clip_maker.h"
#include "evidence/picture_maker.h"
#include "evidence/ring.h"
#include "findings/verdict_log.h"
#include "streams/connection.h"

namespace dfd::monitor {

class Recorder {
 public:
  // `config` and `clips` outlive it.
  Recorder(const StreamConfig& config, const RingPlace& rings, ClipMaker& clips,
           const std::shared_ptr<PictureMaker>& pictures);

  std::shared_ptr<Tap> tap() const;

  // An alarm changed its state. `data` is what its event says; `connection` may be null.
  void note(Moment now, const std::string& rule, const AlarmTransition& transition,
            const Json& data, bool notified, Connection* connection);

  // Something was found in the stream's pictures.
  void note_finding(Connection& connection);

  // The stream's configuration has changed.
  void configure();
  // How long a window is: alarms begin by so much before they are told.
  void set_window(Duration window);

  // Asks for the clips that are due.
  void update(Moment now);

  // Takes no more. Comes back at once; has_ended() tells when close() is not waited for any more.
  void end();
  bool has_ended() const;
  // Asks for all that fired, as they are.
  void close(Moment now);

  RingStats stats() const;

 private:
  // What streams give away.
  struct Taken;
  struct Clip {
    std::string rule;
    EvidencePlace place;
    bool notified = true;
    bool fired = false;
    // All is there that it has room for.
    bool full = false;
    // Nothing is collected any more.
    bool done = false;
    Json data;
    // When the alarm began, and from when on it is wanted.
    Moment started;
    Time from;
    // Nothing while it goes on.
    std::optional<Time> until;
    std::uint64_t connection = 0;
    std::uint64_t next_number = 0;
    std::vector<Segment> segments;
    std::shared_ptr<BestPicture> best;
  };

  Clip& begin(Moment now, const std::string& rule, const AlarmRecord& record);
  void collect(Clip& clip, const std::vector<Segment>& segments) const;
  Time end_of(const Clip& clip) const;
  bool is_due(Moment now, const Clip& clip) const;
  void ask(Moment now, Clip& clip);
  // Its pictures are of faces, and the alarm goes on.
  static bool shows_faces(const Clip& clip);
  static void want_next(const Clip& clip, Connection& connection);
  void want_faces(Connection& connection);

  const StreamConfig* config_;
  Duration window_{};
  std::shared_ptr<Taken> taken_;
  ClipMaker* clips_;
  std::weak_ptr<PictureMaker> pictures_;
  // The connection whose element makes heatmaps; 0: none.
  std::uint64_t explained_ = 0;
  // By alarm, of those that are open, and of the last ones until their clips are made.
  std::list<Clip> open_;
};

}  // namespace dfd::monitor
