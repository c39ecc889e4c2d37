// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/page_pictures.h"

#include <filesystem>
#include <system_error>

#include "base/whole_file.h"
#include "scan/face_files.h"

namespace dfd::monitor {
namespace {

namespace fs = std::filesystem;

// Others' files stay.
void remove_stale(const fs::path& folder, const std::set<std::string>& names) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (is_picture_name(name) && names.count(name) == 0) fs::remove(entry.path(), ignored);
  }
}

}  // namespace

std::set<std::string> copy_pictures(const std::vector<JoinedFile>& files, const std::string& from,
                                    const std::string& page_folder) {
  std::set<std::string> told;
  if (!from.empty()) {
    for (const JoinedFile& file : files) told.insert(file.pictures.begin(), file.pictures.end());
  }
  const fs::path target = fs::path(page_folder) / kPagePictures;
  make_folder(page_folder);
  if (!told.empty()) make_folder(target.string());
  std::set<std::string> copied;
  for (const std::string& name : told) {
    const fs::path source = fs::path(from) / name;
    // What was removed since, or is a link to who knows what, is left out.
    std::error_code unknown;
    if (!fs::is_regular_file(fs::symlink_status(source, unknown))) continue;
    fs::copy_file(source, target / name, fs::copy_options::overwrite_existing);
    copied.insert(name);
  }
  remove_stale(target, copied);
  return copied;
}

}  // namespace dfd::monitor
