// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/preparation.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "streams/file_pipeline.h"

namespace dfd::monitor {
namespace {

class OpenFile {
 public:
  // Without O_NONBLOCK the opening of a pipe would wait for its writer.
  explicit OpenFile(const std::string& path)
      : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (file_ >= 0) close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return file_; }

 private:
  int file_;
};

FileError unreadable(int number) { return {"unreadable", std::strerror(number)}; }

// -1 with errno where it fails; less than asked for only at the file's end.
ssize_t read_full(int file, char* data, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = read(file, data + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

// Beginning and digest in one go, so that each byte is read once.
void read_content(int file, bool named, Prepared& prepared) {
  // Large enough that calls cost nothing beside the digest.
  constexpr std::size_t kPiece = 1024 * 1024;
  static_assert(kPiece >= kVideoBeginning);
  std::vector<char> piece(kPiece);
  const auto next = [&] {
    const ssize_t count = read_full(file, piece.data(), piece.size());
    if (count < 0) prepared.error = unreadable(errno);
    return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
  };
  std::size_t size = next();
  if (prepared.error) return;
  if (!looks_like_video({piece.data(), std::min(size, kVideoBeginning)})) {
    prepared.skipped = !named;
    if (named) prepared.error = FileError{"no_video", "no video of a kind that is known"};
    return;
  }
  GChecksum* checksum = g_checksum_new(G_CHECKSUM_SHA256);
  for (; size > 0; size = next()) {
    g_checksum_update(checksum, reinterpret_cast<const guchar*>(piece.data()),
                      static_cast<gssize>(size));
  }
  if (!prepared.error) prepared.sha256 = g_checksum_get_string(checksum);
  g_checksum_free(checksum);
}

}  // namespace

Prepared prepare(const ListedFile& file, const std::optional<RecordedFile>& earlier) {
  Prepared prepared;
  if (!file.error.empty()) {
    prepared.error = FileError{"unreadable", file.error};
    prepared.known = earlier && earlier->failed;
    return prepared;
  }
  struct stat facts {};
  const OpenFile opened(file.path);
  if (opened.get() < 0 || fstat(opened.get(), &facts) != 0) {
    prepared.error = unreadable(errno);
    prepared.known = earlier && earlier->failed;
    return prepared;
  }
  if (!S_ISREG(facts.st_mode)) {
    prepared.error = FileError{"unreadable", "this is no regular file"};
    prepared.known = earlier && earlier->failed;
    return prepared;
  }
  constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
  const FileIdentity identity{static_cast<std::uint64_t>(facts.st_size),
                              facts.st_mtim.tv_sec * kNanosecondsPerSecond + facts.st_mtim.tv_nsec};
  prepared.identity = identity;
  prepared.known = earlier && earlier->identity.size == identity.size &&
                   earlier->identity.modified_ns == identity.modified_ns;
  if (prepared.known) return prepared;
  read_content(opened.get(), file.named, prepared);
  prepared.known = earlier && !prepared.sha256.empty() && earlier->sha256 == prepared.sha256;
  return prepared;
}

struct Preparation::Shared {
  std::mutex mutex;
  std::optional<Prepared> result;
};

Preparation::Preparation(ListedFile file, std::optional<RecordedFile> earlier)
    : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_, file = std::move(file), earlier = std::move(earlier)] {
    Prepared prepared = prepare(file, earlier);
    {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->result = std::move(prepared);
    }
    g_main_context_wakeup(nullptr);
  }).detach();
}

std::optional<Prepared> Preparation::result() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->result;
}

}  // namespace dfd::monitor
