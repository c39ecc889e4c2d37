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
#include <fstream>

#include "base/check.h"

namespace dfd {
namespace {

std::string errno_text() { return std::strerror(errno); }

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
};

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  // O_NONBLOCK: a named pipe must not hang the caller; it is refused below.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  DFD_REQUIRE(file.get() >= 0, errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              path << ": cannot be opened: " << errno_text());
  struct stat status {};
  DFD_REQUIRE(fstat(file.get(), &status) == 0, ErrorCode::kIo, path << ": " << errno_text());
  DFD_REQUIRE(S_ISREG(status.st_mode), ErrorCode::kIo, path << ": not a regular file");
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

void replace_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  const std::string temporary = path + ".part" + std::to_string(getpid());
  try {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    DFD_REQUIRE(out.is_open(), errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
                path << ": cannot be written: " << errno_text());
    write(out);
    out.close();
    DFD_REQUIRE(out.good(), ErrorCode::kIo, path << ": writing failed: " << errno_text());
    const Descriptor file(open(temporary.c_str(), O_RDONLY | O_CLOEXEC));
    DFD_REQUIRE(file.get() >= 0 && fsync(file.get()) == 0, ErrorCode::kIo,
                path << ": syncing failed: " << errno_text());
    DFD_REQUIRE(rename(temporary.c_str(), path.c_str()) == 0, ErrorCode::kIo,
                path << ": cannot be replaced: " << errno_text());
  } catch (...) {
    unlink(temporary.c_str());
    throw;
  }
}

std::string sha256(const void* data, std::size_t size) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  DFD_CHECK(EVP_Digest(data, size, digest.data(), &length, EVP_sha256(), nullptr) == 1);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < length; ++i) {
    text += kDigits[digest[i] >> 4];
    text += kDigits[digest[i] & 15];
  }
  return text;
}

std::string sha256_of_file(const std::string& path) {
  const MappedFile file(path);
  return sha256(file.data(), file.size());
}

}  // namespace dfd
