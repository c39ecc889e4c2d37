// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/clip_files.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "base/check.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

std::string ending_of(const std::string& file) {
  std::string ending = fs::path(file).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

// What is in a folder, sorted.
std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::directory_entry> entries;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    entries.push_back(*entry);
  }
  DFD_REQUIRE(!error, ErrorCode::kIo, folder.string() << ": cannot be read: " << error.message());
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool is_hidden(const fs::directory_entry& entry) {
  return entry.path().filename().string()[0] == '.';
}

// A named pipe would be waited for. A link that leads nowhere is named when it is read.
bool can_be_file(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_regular_file(error) || !entry.exists(error);
}

bool is_folder(const fs::directory_entry& entry) {
  std::error_code error;
  return entry.is_directory(error);
}

class Lister {
 public:
  Lister(std::string root, Depth depth, const std::function<bool(const std::string&)>& wanted)
      : root_(std::move(root)), depth_(depth), wanted_(wanted) {}

  void list(const std::string& part) {
    const fs::path folder = fs::path(root_) / part;
    std::error_code error;
    if (!fs::is_directory(folder, error)) return;
    // Links may lead in circles.
    if (!visited_.insert(fs::canonical(folder, error).string()).second) return;
    for (const fs::directory_entry& entry : entries_of(folder)) {
      const std::string name = entry.path().filename().string();
      if (!is_hidden(entry) && is_folder(entry) && depth_ == Depth::kDeep) {
        list(joined(part, name));
      } else if (!is_hidden(entry) && wanted_(name) && can_be_file(entry)) {
        found_.files.push_back(joined(part, name));
      } else {
        ++found_.others;
      }
    }
  }

  ClipFiles take() {
    std::sort(found_.files.begin(), found_.files.end());
    return std::move(found_);
  }

 private:
  std::string root_;
  Depth depth_;
  const std::function<bool(const std::string&)>& wanted_;
  std::set<std::string> visited_;
  ClipFiles found_;
};

}  // namespace

bool is_video(const std::string& file) {
  static const std::set<std::string> kEndings{".mp4", ".mov", ".avi", ".mkv", ".webm"};
  return kEndings.count(ending_of(file)) > 0;
}

bool is_picture(const std::string& file) {
  static const std::set<std::string> kEndings{".jpg", ".jpeg", ".png", ".bmp", ".webp"};
  return kEndings.count(ending_of(file)) > 0;
}

bool is_clip(const std::string& file) { return is_video(file) || is_picture(file); }

std::string container_of(const std::string& file) {
  const std::string ending = ending_of(file);
  return ending.empty() ? ending : ending.substr(1);
}

std::string stem_of(const std::string& file) {
  return is_video(file) ? fs::path(file).replace_extension().string() : file;
}

std::string name_of(const std::string& file) { return fs::path(file).filename().string(); }

ClipFiles list_clips(const std::string& root, const std::string& part, Depth depth,
                     const std::function<bool(const std::string&)>& wanted) {
  Lister lister(root, depth, wanted);
  lister.list(part);
  return lister.take();
}

std::vector<std::string> list_folders(const std::string& root, const std::string& part) {
  const fs::path folder = fs::path(root) / part;
  std::error_code error;
  std::vector<std::string> names;
  if (!fs::is_directory(folder, error)) return names;
  for (const fs::directory_entry& entry : entries_of(folder)) {
    if (!is_hidden(entry) && is_folder(entry)) names.push_back(entry.path().filename().string());
  }
  return names;
}

}  // namespace dfd
