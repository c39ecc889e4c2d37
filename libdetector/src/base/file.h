// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whole files: mapped for reading, replaced in one step when written, and their digests.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

namespace dfd {

// The bytes of a regular file, mapped read-only and private for the life of the object. A file that
// is cut while it is mapped can still kill the process (SIGBUS): replace model files by rename, as
// replace_file() does.
class MappedFile {
 public:
  // Throws Error: kNotFound, kIo.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::uint8_t* data() const { return data_; }
  std::size_t size() const { return size_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::uint8_t* data_ = nullptr;
  std::size_t size_ = 0;
};

// Writes to a temporary name beside path, syncs, renames: a crash never leaves half a file.
// Throws Error: kNotFound (no such folder), kIo.
void replace_file(const std::string& path, const std::function<void(std::ostream&)>& write);

// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(const void* data, std::size_t size);
std::string sha256_of_file(const std::string& path);

}  // namespace dfd
