// SPDX-License-Identifier: LGPL-2.1-or-later

#include "import/zip_archive.h"

#include <zip.h>

#include "base/check.h"

namespace dfd {

ZipArchive::ZipArchive(const std::string& path) : path_(path) {
  int code = 0;
  zip_ = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (zip_ == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    throw Error(ErrorCode::kCorruptModel, path + ": damaged archive: " + text);
  }
  folder_ = find_folder();
  if (folder_.empty()) {
    zip_discard(zip_);
    throw Error(ErrorCode::kUnsupportedModel, path + ": a zip file, but not one of torch.save");
  }
}

ZipArchive::~ZipArchive() { zip_discard(zip_); }

std::string ZipArchive::find_folder() const {
  const std::string end = "/data.pkl";
  for (zip_int64_t i = 0; i < zip_get_num_entries(zip_, 0); ++i) {
    const char* name = zip_get_name(zip_, static_cast<zip_uint64_t>(i), 0);
    const std::string text = name == nullptr ? "" : name;
    if (text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0) {
      return text.substr(0, text.size() - end.size() + 1);
    }
  }
  return "";
}

bool ZipArchive::has(const std::string& name) const {
  return zip_name_locate(zip_, (folder_ + name).c_str(), 0) >= 0;
}

std::vector<std::uint8_t> ZipArchive::read(const std::string& name, std::uint64_t limit) const {
  const std::string whole = folder_ + name;
  zip_stat_t status;
  DFD_INTACT(zip_stat(zip_, whole.c_str(), 0, &status) == 0,
             path_ << ": \"" << whole << "\" is missing");
  DFD_INTACT((status.comp_method == ZIP_CM_STORE || status.comp_method == ZIP_CM_DEFLATE) &&
                 status.size <= limit,
             path_ << ": \"" << whole << "\" claims " << status.size << " bytes where " << limit
                   << " may be");
  std::vector<std::uint8_t> bytes(status.size);
  zip_file_t* file = zip_fopen(zip_, whole.c_str(), 0);
  const bool read = file != nullptr && zip_fread(file, bytes.data(), bytes.size()) ==
                                           static_cast<zip_int64_t>(bytes.size());
  if (file != nullptr) zip_fclose(file);
  DFD_INTACT(read, path_ << ": \"" << whole << "\" is truncated or damaged");
  return bytes;
}

}  // namespace dfd
