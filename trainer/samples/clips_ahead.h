// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clips read ahead of whoever uses what is in them: decoding and finding faces keep one core busy,
// so several clips are read at once.

#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/resources.h"
#include "data/clip.h"
#include "data/progress.h"
#include "data/read_or_say.h"
#include "samples/prefetch.h"

namespace dfd {

// Gives what read() makes of each clip, in their order. Thread-compatible; read is called on any
// thread, for several clips at once.
template <typename Result>
class ClipsAhead {
 public:
  using Read = std::function<Result(const Clip&)>;

  ClipsAhead(std::vector<Clip> clips, Read read, Say say)
      : clips_(std::move(clips)),
        read_(std::move(read)),
        say_(std::move(say)),
        source_([this](std::int64_t number) { return make(clips_[number]); }, 0,
                static_cast<std::int64_t>(clips_.size()), threads_for(clips_.size())) {}

  // Of the next clip; nothing where it cannot be read, which is said: one bad clip must not end a
  // run over thousands. Throws Error that is not the clip's.
  std::optional<Result> next() {
    Made made = source_.next();
    for (const std::string& line : made.said) say_(line);
    return std::move(made.result);
  }

 private:
  struct Made {
    std::optional<Result> result;
    std::vector<std::string> said;
  };

  static int threads_for(std::size_t clips) {
    // Beyond these what waits, of 4K video with its decoders' pictures, needs gigabytes.
    constexpr int kMost = 8;
    return static_cast<int>(
        std::min(clips, static_cast<std::size_t>(std::min(usable_cores(), kMost))));
  }

  Made make(const Clip& clip) {
    Made made;
    made.result = read_or_say([&] { return read_(clip); },
                              [&](const std::string& line) { made.said.push_back(line); },
                              "; this clip is left out");
    return made;
  }

  std::vector<Clip> clips_;
  Read read_;
  Say say_;
  Prefetch<Made> source_;
};

}  // namespace dfd
