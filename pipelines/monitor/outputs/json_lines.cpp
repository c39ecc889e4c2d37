// SPDX-License-Identifier: LGPL-2.1-or-later

#include "json_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/log.h"

namespace dfd::monitor {
namespace {

bool ends_in_mid_line(int file, const std::string& path) {
  struct stat facts {};
  if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size == 0) return false;
  const int reader = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (reader < 0) return false;
  char last = '\n';
  const ssize_t count = pread(reader, &last, 1, facts.st_size - 1);
  close(reader);
  return count == 1 && last != '\n';
}

}  // namespace

struct JsonLines::Shared : LeavableThread::Shared {
  ~Shared() {
    if (file > STDERR_FILENO) close(file);
  }
  // What of the line could be written is cut off from it.
  bool put(std::string& line) const;

  std::string path;
  int file = -1;
  // With the mutex held.
  std::deque<std::string> lines;
  std::uint64_t dropped = 0;
  bool writing = false;
};

bool JsonLines::Shared::put(std::string& line) const {
  while (!line.empty()) {
    const ssize_t count = ::write(file, line.data(), line.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    line.erase(0, static_cast<std::size_t>(count));
  }
  return true;
}

JsonLines::JsonLines(const std::string& path) : shared_(std::make_shared<Shared>()) {
  shared_->path = path;
  shared_->file = path == "-" ? STDOUT_FILENO
                              : open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (shared_->file < 0) {
    throw std::runtime_error(path + ": cannot be opened for writing: " + std::strerror(errno));
  }
  if (path != "-" && ends_in_mid_line(shared_->file, path)) shared_->lines.emplace_back("\n");
  thread_.start(shared_, run);
}

JsonLines::~JsonLines() {
  if (thread_.end(kCloseLimit)) return;
  log_line(shared_->path + ": events are lost, for the file takes nothing");
}

void JsonLines::run(Shared& shared) {
  // A full disk may be emptied.
  constexpr auto kRetry = std::chrono::seconds(1);
  bool complained = false;
  std::unique_lock<std::mutex> lock(shared.mutex);
  while (true) {
    shared.changed.wait(lock, [&] { return shared.end || !shared.lines.empty(); });
    if (shared.lines.empty()) return;
    std::string line = std::move(shared.lines.front());
    shared.lines.pop_front();
    shared.writing = true;
    lock.unlock();
    while (!shared.put(line)) {
      if (!std::exchange(complained, true)) {
        log_line(shared.path + ": cannot be written, trying on: " + std::strerror(errno));
      }
      std::this_thread::sleep_for(kRetry);
    }
    complained = false;
    lock.lock();
    shared.writing = false;
  }
}

void JsonLines::write(std::string line) {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  if (shared_->lines.size() >= kMostWaiting) {
    shared_->lines.pop_front();
    ++shared_->dropped;
  }
  shared_->lines.push_back(std::move(line) + "\n");
  shared_->changed.notify_all();
}

std::size_t JsonLines::waiting() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->lines.size() + (shared_->writing ? 1 : 0);
}

std::uint64_t JsonLines::dropped() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->dropped;
}

}  // namespace dfd::monitor
