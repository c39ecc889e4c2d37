// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/result_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace dfd::monitor {
namespace {

[[noreturn]] void fail(const std::string& path, const char* what) {
  throw std::runtime_error(path + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

ResultFile::ResultFile(const std::string& path, bool resume) : path_(path), file_(STDOUT_FILENO) {
  if (path == "-") return;
  file_ = open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (file_ < 0) fail(path_, "cannot be opened for writing");
  try {
    open_file(resume);
  } catch (...) {
    close(file_);
    throw;
  }
}

ResultFile::~ResultFile() {
  if (file_ != STDOUT_FILENO) close(file_);
}

void ResultFile::open_file(bool resume) {
  // File systems without locks have to trust their users.
  if (flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw std::runtime_error(path_ + ": another scan is writing it");
  }
  if (resume) {
    read_recorded();
  } else {
    end_cut_line();
  }
}

void ResultFile::read_recorded() {
  std::ifstream stream(path_, std::ios::binary);
  off_t end = 0;
  off_t keep = 0;
  for (std::string line; std::getline(stream, line);) {
    // The last line has no newline: it was cut, or its newline was.
    if (stream.eof()) break;
    end += static_cast<off_t>(line.size()) + 1;
    const Json object = parsed(line);
    if (is_summary(object)) continue;
    // Of summaries only the last is dropped: it is not true any more.
    keep = end;
    if (auto file = file_in(object)) {
      const std::string path = file->path;
      recorded_.insert_or_assign(path, std::move(*file));
    }
  }
  if (stream.bad()) fail(path_, "cannot be read");
  struct stat facts {};
  const bool regular = fstat(file_, &facts) == 0 && S_ISREG(facts.st_mode);
  if (regular && ftruncate(file_, keep) != 0) fail(path_, "cannot be cut");
}

void ResultFile::end_cut_line() {
  struct stat facts {};
  if (fstat(file_, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size == 0) return;
  char last = '\n';
  if (pread(file_, &last, 1, facts.st_size - 1) == 1 && last != '\n') write("");
}

void ResultFile::write(std::string line) {
  line += '\n';
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t count = ::write(file_, line.data() + done, line.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path_, "cannot be written");
    done += static_cast<std::size_t>(count);
  }
  // Pipes and terminals cannot be synced, and need not be.
  if (file_ != STDOUT_FILENO && fdatasync(file_) != 0 && errno != EINVAL) {
    fail(path_, "cannot be written");
  }
}

}  // namespace dfd::monitor
