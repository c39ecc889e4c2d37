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
// FileReplacement does.
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

// A file in the making, under a random name of its own beside its path; commit() puts it in the
// place of what was there, and without that nothing has happened. A path that is no regular file,
// as /dev/stdout, is written to as it is. Thread-compatible.
class FileReplacement {
 public:
  // Throws Error: kNotFound (no such folder), kIo.
  explicit FileReplacement(const std::string& path);
  ~FileReplacement();  // Takes the temporary file away if it is still there.
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;

  const std::string& temporary() const { return temporary_; }  // To write to; it exists.
  void commit();  // Syncs and renames; the file must be complete. Throws Error(kIo).

 private:
  std::string path_;  // Of the file itself, where a link leads to it.
  std::string temporary_;
  bool open_ = true;  // Not in its place yet.
};

// A FileReplacement by a stream. write need not check it. Throws Error as that does, and what write
// throws.
void replace_file(const std::string& path, const std::function<void(std::ostream&)>& write);

// SHA-256 as 64 lower-case hexadecimal digits.
std::string sha256(const void* data, std::size_t size);
std::string sha256_of_file(const std::string& path);

}  // namespace dfd
