// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How an event goes over a network.

#pragma once

#include <string>

namespace dfd::monitor {

struct Delivery {
  enum class Result {
    kTaken,    // The receiver has it.
    kRefused,  // It will never take this one.
    kLater,    // Nobody has it; worth another try.
  };
  Result result = Result::kTaken;
  // Why it was not taken, for people, masked.
  std::string text;
};

// Used by one thread, but for cancel().
class Sender {
 public:
  virtual ~Sender() = default;

  // Waits for the receiver's word, for some seconds.
  virtual Delivery send(const std::string& id, const std::string& event) = 0;

  // Called some seconds apart while there is nothing to send: connections are kept up.
  virtual void idle() {}

  // What waits comes back, and nothing waits any more. Any thread.
  virtual void cancel() = 0;
};

}  // namespace dfd::monitor
