// SPDX-License-Identifier: LGPL-2.1-or-later

#include "commands/console.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>

#include "base/check.h"

namespace dfd::commands {
namespace {

std::atomic<bool> stop{false};

void request_stop(int signal) {
  stop = true;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void say(const std::string& text) { std::cerr << text << std::endl; }

void show_progress(const std::string& what, int done, int of) {
  static const bool kTerminal = isatty(STDERR_FILENO) != 0;
  constexpr int kWidth = 30;
  if (kTerminal) {
    const int filled = kWidth * done / std::max(1, of);
    std::cerr << '\r' << what << " [" << std::string(static_cast<std::size_t>(filled), '#')
              << std::string(static_cast<std::size_t>(kWidth - filled), '.') << "] " << done << '/'
              << of << (done == of ? "\n" : "") << std::flush;
  } else if (done == of || done % std::max(1, of / 5) == 0) {
    say(what + " " + std::to_string(done) + "/" + std::to_string(of));
  }
}

EmbedProgress embed_progress() {
  return {say, [](int done, int of, int computed) {
            show_progress("embedding clips (" + std::to_string(computed) + " new)", done, of);
          }};
}

void print(const Json& line) {
  // Texts are UTF-8 where they are made; should one not be, the line is worth more than its bytes.
  std::cout << line.dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  DFD_REQUIRE(std::cout.good(), ErrorCode::kIo, "standard output cannot be written to");
}

int status_of(std::size_t failed, std::size_t clips) {
  return failed * 10 > clips ? kManyFailed : kDone;
}

void heed_stop_signals() {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
}

const std::atomic<bool>& stop_requested() { return stop; }

}  // namespace dfd::commands
