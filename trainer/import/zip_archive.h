// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A zip archive of torch.save or torch.jit.save, whose members all lie in one folder.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct zip;

namespace dfd {

// Thread-compatible. What throws, throws Error(kCorruptModel) that names the archive and the
// member.
class ZipArchive {
 public:
  // Throws Error(kUnsupportedModel) where there is no data.pkl, which both write.
  explicit ZipArchive(const std::string& path);
  ~ZipArchive();
  ZipArchive(const ZipArchive&) = delete;
  ZipArchive& operator=(const ZipArchive&) = delete;

  // Names without the folder.
  bool has(const std::string& name) const;

  // A member that claims more bytes than limit is refused before any is read.
  std::vector<std::uint8_t> read(const std::string& name, std::uint64_t limit) const;

  const std::string& path() const { return path_; }

 private:
  std::string find_folder() const;

  std::string path_;
  zip* zip_ = nullptr;
  std::string folder_;  // With its "/".
};

}  // namespace dfd
