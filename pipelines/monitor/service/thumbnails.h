// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Small pictures of streams for those who look; streams that nobody looks at cost nothing. Used on
// the main loop's thread.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "evidence/picture_maker.h"
#include "service/watched_stream.h"
#include "store/board.h"

namespace dfd::monitor {

class Thumbnails {
 public:
  // The board says who looks, and is given the pictures, as long as there is `maker`; it outlives
  // that.
  Thumbnails(Board& board, const std::shared_ptr<PictureMaker>& maker);

  // Asks for those that are due.
  void update(Moment now, const std::vector<std::unique_ptr<WatchedStream>>& streams);

 private:
  void ask(Connection& connection, const std::string& id) const;

  Board* board_;
  // What a pipeline that is left behind may still bring is not made any more.
  std::weak_ptr<PictureMaker> maker_;
  // By stream.
  std::map<std::string, Time> wanted_until_;
  Time asked_;
};

}  // namespace dfd::monitor
