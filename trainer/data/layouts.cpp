// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/layouts.h"

#include <algorithm>
#include <filesystem>

#include "base/check.h"
#include "data/layout_kinds.h"

namespace dfd {
namespace {

struct LayoutKind {
  const char* name;
  const char* expected;  // What it is known by, for people.
  bool (*is_there)(const std::string& folder);
  Manifest (*scan)(const std::string& folder, const ScanOptions& options);
};

const std::vector<LayoutKind>& kinds() {
  static const std::vector<LayoutKind> kKinds{
      {"celeb-df", "Celeb-real, Celeb-synthesis or YouTube-real", has_celeb_df, scan_celeb_df},
      {"ffpp", "original_sequences/youtube, or manipulated_sequences with a method's folder",
       has_ffpp, scan_ffpp},
      {"dfd", "original_sequences/actors or manipulated_sequences/DeepFakeDetection", has_dfd,
       scan_dfd},
      {"dfdc",
       "metadata.json, labels.csv, or dataset.json beside original_videos, method_A or method_B, "
       "here or in the folders here",
       has_dfdc, scan_dfdc},
      {"deeperforensics",
       "manipulated_videos with end_to_end... or reenact_postprocess, or source_videos with "
       "actors' folders",
       has_deeperforensics, scan_deeperforensics},
      {"folders", "the folders real and fake", has_folders, scan_folders},
      {"images", "pictures and no videos", has_images, scan_images},
  };
  return kKinds;
}

const LayoutKind& recognise(const std::string& folder) {
  std::vector<const LayoutKind*> found;
  std::string names;
  std::string expected;
  for (const LayoutKind& kind : kinds()) {
    expected += std::string(expected.empty() ? "" : "; ") + kind.name + ": " + kind.expected;
    // Any layout may hold pictures, so that theirs is what is left.
    const bool last = &kind == &kinds().back();
    if ((last && !found.empty()) || !kind.is_there(folder)) continue;
    found.push_back(&kind);
    names += (names.empty() ? "" : " and ") + std::string(kind.name);
  }
  DFD_REQUIRE(!found.empty(), ErrorCode::kNotFound,
              folder << ": no clips; none of these layouts is here: " << expected);
  DFD_REQUIRE(found.size() == 1, ErrorCode::kInvalidArgument,
              folder << ": the layouts " << names
                     << " are here; make a manifest of one with data scan --layout. They are known "
                        "by: "
                     << expected);
  return *found.front();
}

const LayoutKind& kind_named(const std::string& name) {
  for (const LayoutKind& kind : kinds()) {
    if (name == kind.name) return kind;
  }
  std::string names = "auto";
  for (const std::string& one : layout_names()) names += ", " + one;
  throw Error(ErrorCode::kInvalidArgument,
              "layout \"" + name + "\": one of " + names + " expected");
}

}  // namespace

std::vector<std::string> layout_names() {
  std::vector<std::string> names;
  for (const LayoutKind& kind : kinds()) names.emplace_back(kind.name);
  return names;
}

void remark(Manifest& manifest, std::size_t count, const std::string& what) {
  if (count > 0) manifest.remarks.push_back(std::to_string(count) + " " + what);
}

Manifest scan_folder(const std::string& folder, const ScanOptions& options) {
  std::error_code error;
  DFD_REQUIRE(std::filesystem::is_directory(folder, error), ErrorCode::kNotFound,
              folder << ": no such folder");
  const bool any = options.layout == "auto";
  const LayoutKind& kind = any ? recognise(folder) : kind_named(options.layout);
  const std::string name = kind.name;
  DFD_REQUIRE(options.splits.empty() || name == "ffpp", ErrorCode::kInvalidArgument,
              "splits are read for the layout ffpp alone, " << folder << " is taken as " << name);
  DFD_REQUIRE(
      options.identity_pattern.empty() || name == "images", ErrorCode::kInvalidArgument,
      "an identity pattern is for the layout images alone, " << folder << " is taken as " << name);
  Manifest manifest = kind.scan(folder, options);
  DFD_REQUIRE(!manifest.clips.empty(), ErrorCode::kNotFound,
              folder << ": no clips of the layout " << name << " (" << kind.expected
                     << ") are here; videos end in .mp4, .mov, .avi, .mkv or .webm, pictures in "
                        ".jpg, .jpeg, .png, .bmp or .webp");
  manifest.folder = folder;
  std::sort(manifest.clips.begin(), manifest.clips.end(),
            [](const Clip& a, const Clip& b) { return a.file < b.file; });
  for (Clip& clip : manifest.clips) {
    clip.path = (std::filesystem::path(folder) / clip.file).string();
  }
  if (has_splits(manifest)) manifest.split = "official";
  if (any) {
    manifest.remarks.insert(manifest.remarks.begin(), folder + ": taken as the layout " + name);
  }
  return manifest;
}

}  // namespace dfd
