// SPDX-License-Identifier: LGPL-2.1-or-later
//
// All outputs of a configuration.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/config.h"
#include "outputs/output.h"

namespace dfd::monitor {

class SpooledOutput;

class Outputs {
 public:
  struct State {
    std::string name;
    std::size_t waiting = 0;
    std::uint64_t dropped = 0;
  };

  // `state_folder`: where spools are. Throws std::runtime_error where a file cannot be opened.
  Outputs(const Config& config, std::string state_folder);
  ~Outputs();

  // The folder of spools is there, and no other program's: what waits is sent.
  void start();

  // Those of another configuration: what is in both goes on as it is. Throws std::runtime_error as
  // the constructor, and changes nothing then.
  void reload(const Config& config);

  // To all. Any thread.
  void write(const std::string& event) const;

  // What follows is the main loop's thread's.

  // Whether each has all that it was given, where the end of the program does not take it along;
  // those of an earlier configuration too, until they have ended.
  bool have_all() const;

  // Of those that are due, a sign of life; `event` is made for them alone.
  template <typename MakeEvent>
  void beat(Time now, MakeEvent event);

  std::vector<State> states() const;

 private:
  struct One {
    std::string name;
    // All that it was made of.
    std::string key;
    std::shared_ptr<Output> output;
    // The same one; null where it is no remote one.
    SpooledOutput* remote = nullptr;
    // Between two signs of life; 0: none.
    Duration every{};
    Time last_beat{};
  };

  using MakeOutput = std::function<std::shared_ptr<Output>()>;
  // What a configuration asks for, of which there is nothing yet.
  struct Wanted {
    One one;
    MakeOutput make;
  };
  std::vector<Wanted> wanted_of(const Config& config) const;
  static void beat(One& one, const std::string& event);

  std::string state_folder_;
  // Of what follows, which the main loop's thread alone changes. Nothing is called with it held but
  // Output::write(), which waits for nothing.
  mutable std::mutex mutex_;
  std::vector<One> all_;
  // How many configurations' outputs are ending, on threads that may outlive this.
  std::shared_ptr<std::atomic<int>> ending_ = std::make_shared<std::atomic<int>>(0);
};

template <typename MakeEvent>
void Outputs::beat(Time now, MakeEvent event) {
  for (One& one : all_) {
    if (one.every == Duration() || now - one.last_beat < one.every) continue;
    one.last_beat = now;
    beat(one, event());
  }
}

}  // namespace dfd::monitor
