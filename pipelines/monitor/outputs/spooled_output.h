// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events to somebody who may be away: on disk first, then sent in their order, each until it is
// taken. What was sent just before a crash is sent again, with its id.

#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/leavable_thread.h"
#include "outputs/output.h"
#include "outputs/sender.h"

namespace dfd::monitor {

struct SpoolSettings {
  std::string name;  // For people.
  std::string path;
  std::int64_t most_bytes = 0;
};

class SpooledOutput : public Output {
 public:
  // Made on the output's own thread, which alone uses it.
  using MakeSender = std::function<std::unique_ptr<Sender>()>;

  // Nothing is opened or sent before start().
  SpooledOutput(SpoolSettings settings, MakeSender make_sender);

  // Waits for what is not on disk yet, for no longer than kCloseLimit, and leaves the thread to
  // itself then.
  ~SpooledOutput() override;
  SpooledOutput(const SpooledOutput&) = delete;
  SpooledOutput& operator=(const SpooledOutput&) = delete;

  void start();

  // The destructor's limit counts from here on, so that many end at once. Nothing is sent any more.
  void end();

  // Of more than kMostUnkept that the disk does not take the oldest is dropped.
  void write(std::string event) override;
  // Of this moment alone: it takes the place of an earlier one, waits on no disk, and is not sent
  // where events wait.
  void beat(std::string event);

  std::size_t unkept() const override;
  std::size_t waiting() const override;
  std::uint64_t dropped() const override;

  static constexpr std::size_t kMostUnkept = 10000;
  static constexpr Duration kCloseLimit = std::chrono::seconds(5);

 private:
  struct Shared;
  static void run(Shared& shared);
  class Worker;

  std::shared_ptr<Shared> shared_;
  LeavableThread thread_;
};

}  // namespace dfd::monitor
