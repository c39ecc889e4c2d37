// SPDX-License-Identifier: LGPL-2.1-or-later

#include <filesystem>
#include <regex>

#include "base/check.h"
#include "base/text.h"
#include "data/clip_files.h"
#include "data/layout_kinds.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReal = "real";
constexpr const char* kFake = "fake";

// The folder right below that a file is in, directly or not; empty: the file is not in any.
std::string first_folder(const std::string& file, std::size_t from) {
  const std::size_t slash = file.find('/', from);
  return slash == std::string::npos ? "" : utf8(file.substr(from, slash - from));
}

std::regex compiled(const std::string& pattern) {
  try {
    std::regex regex(pattern);
    DFD_REQUIRE(regex.mark_count() >= 1, ErrorCode::kInvalidArgument,
                "identity pattern " << pattern << ": a group expected, such as ^([0-9]+)_");
    return regex;
  } catch (const std::regex_error& error) {
    throw Error(ErrorCode::kInvalidArgument, "identity pattern " + pattern + ": " + error.what());
  }
}

}  // namespace

bool has_folders(const std::string& folder) {
  std::error_code error;
  return fs::is_directory(fs::path(folder) / kReal, error) ||
         fs::is_directory(fs::path(folder) / kFake, error);
}

Manifest scan_folders(const std::string& folder, const ScanOptions&) {
  Manifest manifest;
  std::size_t others = 0;
  for (const bool fake : {false, true}) {
    const std::string part = fake ? kFake : kReal;
    const ClipFiles files = list_clips(folder, part, Depth::kDeep, is_clip);
    others += files.others;
    for (const std::string& file : files.files) {
      Clip clip;
      clip.file = file;
      clip.fake = fake;
      clip.group = first_folder(file, part.size() + 1);
      if (clip.fake) clip.generator = clip.group;
      manifest.clips.push_back(std::move(clip));
    }
  }
  remark(manifest, others, "files that are no videos or pictures, or are hidden, are left out");
  return manifest;
}

bool has_images(const std::string& folder) {
  return !list_clips(folder, "", Depth::kDeep, is_picture).files.empty() &&
         list_clips(folder, "", Depth::kDeep, is_video).files.empty();
}

Manifest scan_images(const std::string& folder, const ScanOptions& options) {
  const bool named = !options.identity_pattern.empty();
  const std::regex pattern = named ? compiled(options.identity_pattern) : std::regex();
  Manifest manifest;
  std::size_t unknown = 0;
  const ClipFiles files = list_clips(folder, "", Depth::kDeep, is_picture);
  for (const std::string& file : files.files) {
    Clip clip;
    clip.file = file;
    clip.group = first_folder(file, 0);
    if (named) {
      const std::string name = name_of(file);
      std::smatch parts;
      if (std::regex_search(name, parts, pattern) && parts[1].length() > 0) {
        clip.identity = {utf8(parts[1])};
      } else {
        ++unknown;
      }
    }
    manifest.clips.push_back(std::move(clip));
  }
  remark(manifest, files.others, "files that are no pictures, or are hidden, are left out");
  remark(manifest, unknown, "names do not match the identity pattern: each is a person of its own");
  return manifest;
}

}  // namespace dfd
