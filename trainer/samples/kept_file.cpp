// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/kept_file.h"

#include <filesystem>
#include <sstream>

#include "base/check.h"

namespace dfd {
namespace {

constexpr const char* kChecksum = "checksum";

std::string checksum_of(const KeptFile& content) {
  std::ostringstream layout;
  for (const auto& [name, tensor] : content.tensors) {
    layout << name << ' ' << tensor.scalar_type() << ' ' << tensor.sizes() << '\n';
  }
  std::string all = digest_of(content.tensors) + layout.str();
  for (const auto& [key, value] : content.metadata) {
    if (key == kChecksum) continue;
    all.append(key).append(1, '\0').append(value).append(1, '\0');
  }
  return sha256(all.data(), all.size());
}

}  // namespace

void write_kept(const std::string& path, const std::string& kind, const KeptFile& content) {
  KeptFile whole = content;
  whole.metadata["kind"] = kind;
  whole.metadata[kChecksum] = checksum_of(whole);
  write_tensors(path, whole.metadata, whole.tensors);
}

KeptFile read_kept(const std::string& path, const std::string& kind) {
  const SafetensorsFile file(path);
  KeptFile content{file.metadata(), {}};
  try {
    content.tensors = read_tensors(file);
  } catch (const Error& error) {  // A type that is never written.
    throw Error(ErrorCode::kCorruptModel, error.what());
  }
  DFD_INTACT(content.metadata["kind"] == kind, path << ": not of kind \"" << kind << '"');
  DFD_INTACT(content.metadata[kChecksum] == checksum_of(content),
             path << ": its checksum is another than that of what is in it");
  return content;
}

std::string set_aside(const std::string& path) {
  std::string aside = path + ".damaged";
  std::error_code error;
  std::filesystem::rename(path, aside, error);
  // Another process may have done it.
  DFD_REQUIRE(!error || error == std::errc::no_such_file_or_directory, ErrorCode::kIo,
              path << ": is damaged and cannot be set aside: " << error.message());
  return aside;
}

}  // namespace dfd
