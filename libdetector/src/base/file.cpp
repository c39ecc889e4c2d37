// SPDX-License-Identifier: LGPL-2.1-or-later

#include "base/file.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <memory>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"

namespace dfd {
namespace {

std::string errno_text() { return std::strerror(errno); }

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

Descriptor open_regular(const std::string& path, struct stat& status) {
  // O_NONBLOCK: a named pipe must not hang the caller; it is refused below.
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  DFD_REQUIRE(file.get() >= 0, errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              path << ": cannot be opened: " << errno_text());
  DFD_REQUIRE(fstat(file.get(), &status) == 0, ErrorCode::kIo, path << ": " << errno_text());
  DFD_REQUIRE(S_ISREG(status.st_mode), ErrorCode::kIo, path << ": not a regular file");
  return file;
}

// Where a link leads to, and the next, though there may be nothing yet.
std::string end_of_links(const std::string& path) {
  namespace fs = std::filesystem;
  fs::path place = path;
  std::error_code error;
  constexpr int kMostLinks = 40;  // As many as Linux follows.
  for (int i = 0; fs::is_symlink(place, error); ++i) {
    DFD_REQUIRE(i < kMostLinks, ErrorCode::kIo, path << ": links that lead to each other");
    place = place.parent_path() / fs::read_symlink(place);
  }
  return place.string();
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  struct stat status {};
  const Descriptor file = open_regular(path, status);
  size_ = static_cast<std::size_t>(status.st_size);
  if (size_ == 0) return;  // mmap refuses empty files; readers say what is missing.
  void* address = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  DFD_REQUIRE(address != MAP_FAILED, ErrorCode::kIo,
              path << ": cannot be mapped: " << errno_text());
  data_ = static_cast<const std::uint8_t*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::uint8_t*>(data_), size_);
}

FileReplacement::FileReplacement(const std::string& path) : path_(path) {
  struct stat status {};
  const bool exists = stat(path.c_str(), &status) == 0;
  DFD_REQUIRE(!exists || !S_ISDIR(status.st_mode), ErrorCode::kIo,
              path << ": cannot be written: it is a folder");
  // /dev/stdout may be a link to a regular file.
  const bool device = path.rfind("/dev/", 0) == 0 || path.rfind("/proc/", 0) == 0;
  if (exists && (device || !S_ISREG(status.st_mode))) {
    temporary_ = path;
    open_ = false;
    return;
  }
  path_ = end_of_links(path);
  // Process numbers would not do: in containers that share a folder they are all the same.
  std::random_device random;
  int descriptor = -1;
  do {
    std::ostringstream name;
    name << path_ << ".part-" << std::hex << std::setw(8) << std::setfill('0') << random();
    temporary_ = name.str();
    descriptor = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (descriptor < 0 && errno == EEXIST);
  const Descriptor file(descriptor);
  DFD_REQUIRE(file.get() >= 0, errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              path << ": cannot be written: " << errno_text());
}

FileReplacement::~FileReplacement() {
  if (open_) unlink(temporary_.c_str());
}

void FileReplacement::commit() {
  if (!open_) return;
  const Descriptor file(open(temporary_.c_str(), O_RDONLY | O_CLOEXEC));
  DFD_REQUIRE(file.get() >= 0 && fsync(file.get()) == 0, ErrorCode::kIo,
              path_ << ": syncing failed: " << errno_text());
  // Best effort: whoever could read what was there should be able to read what comes.
  struct stat status {};
  if (stat(path_.c_str(), &status) == 0) {
    static_cast<void>(!fchown(file.get(), status.st_uid, status.st_gid));
    static_cast<void>(fchmod(file.get(), status.st_mode & 07777));
  }
  DFD_REQUIRE(rename(temporary_.c_str(), path_.c_str()) == 0, ErrorCode::kIo,
              path_ << ": cannot be replaced: " << errno_text());
  open_ = false;
  // So that the new name outlives a power cut; not every file system can.
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  const Descriptor place(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (place.get() >= 0) static_cast<void>(fsync(place.get()));
}

void replace_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  FileReplacement file(path);
  errno = 0;
  std::ofstream out(file.temporary(), std::ios::binary | std::ios::trunc);
  DFD_REQUIRE(out.is_open(), ErrorCode::kIo, path << ": cannot be written: " << errno_text());
  write(out);
  out.close();
  DFD_REQUIRE(out.good(), ErrorCode::kIo,
              path << ": writing failed: " << (errno != 0 ? errno_text() : "unknown reason"));
  file.commit();
}

std::string sha256(const void* data, std::size_t size) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  DFD_CHECK(EVP_Digest(data, size, digest.data(), &length, EVP_sha256(), nullptr) == 1);
  return hexadecimal({reinterpret_cast<const char*>(digest.data()), length});
}

std::string sha256_of_file(const std::string& path) {
  // Not mapped: a file that is cut meanwhile, or a bad sector, would kill the process.
  struct stat status {};
  const Descriptor file = open_regular(path, status);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  DFD_CHECK(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  std::vector<char> part(1U << 20);
  while (true) {
    const ssize_t size = read(file.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    DFD_REQUIRE(size >= 0, ErrorCode::kIo, path << ": reading failed: " << errno_text());
    if (size == 0) break;
    DFD_CHECK(EVP_DigestUpdate(context.get(), part.data(), static_cast<std::size_t>(size)) == 1);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  DFD_CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), &length) == 1);
  return hexadecimal({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace dfd
