// SPDX-License-Identifier: LGPL-2.1-or-later

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/text.h"
#include "data/clip_files.h"
#include "data/layout_kinds.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMetadata = "metadata.json";
constexpr const char* kLabels = "labels.csv";
constexpr const char* kInner = "videos";  // Some copies of the test set have them in there.

bool has_file(const std::string& folder, const std::string& part, const char* name) {
  std::error_code error;
  return fs::is_regular_file(fs::path(folder) / part / name, error);
}

bool is_part(const std::string& folder, const std::string& part) {
  return has_file(folder, part, kMetadata) || has_file(folder, part, kLabels);
}

// The folder itself and those in it that say what their clips are; "" is the folder.
std::vector<std::string> parts_of(const std::string& folder) {
  std::vector<std::string> candidates = list_folders(folder, "");
  candidates.insert(candidates.begin(), "");
  std::vector<std::string> parts;
  for (const std::string& part : candidates) {
    if (is_part(folder, part)) parts.push_back(part);
  }
  return parts;
}

// What a list says of one name.
struct Entry {
  bool fake = false;
  std::string original;  // Empty: none.
  std::optional<SplitSide> split;
};
using Entries = std::map<std::string, Entry>;

[[noreturn]] void refuse(const fs::path& list, const std::string& name, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, list.string() + ": " + utf8(name) + ": " + what);
}

std::optional<SplitSide> side_of(const nlohmann::json& entry, const fs::path& list,
                                 const std::string& name) {
  const auto split = entry.find("split");
  if (split == entry.end() || split->is_null()) return std::nullopt;
  if (*split == "train") return SplitSide::kTrain;
  if (*split == "validation") return SplitSide::kValidation;
  if (*split == "test") return SplitSide::kTest;
  refuse(list, name, R"("split": "train", "validation" or "test" expected)");
}

Entries read_metadata(const fs::path& list) {
  std::ifstream in(list);
  const auto all = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  DFD_REQUIRE(all.is_object(), ErrorCode::kInvalidArgument,
              list.string() << ": a JSON object with an entry a video expected");
  Entries entries;
  for (const auto& [name, value] : all.items()) {
    const auto label = value.is_object() ? value.value("label", nlohmann::json()) : value;
    if (label != "FAKE" && label != "REAL") {
      refuse(list, name, R"("label": "FAKE" or "REAL" expected)");
    }
    Entry entry;
    entry.fake = label == "FAKE";
    const auto original = value.value("original", nlohmann::json());
    if (!original.is_null() && !original.is_string()) {
      refuse(list, name, "\"original\": the name of a video expected");
    }
    if (original.is_string()) entry.original = original.get<std::string>();
    entry.split = side_of(value, list, name);
    entries[name] = entry;
  }
  return entries;
}

// Lines "filename,label" under a header; 1 is fake. Of the test set alone.
Entries read_labels(const fs::path& list) {
  std::ifstream in(list);
  Entries entries;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || (number == 1 && line == "filename,label")) continue;
    const std::size_t comma = line.rfind(',');
    const std::string label = comma == std::string::npos ? "" : line.substr(comma + 1);
    DFD_REQUIRE(comma != 0 && (label == "0" || label == "1"), ErrorCode::kInvalidArgument,
                list.string() << ":" << number << ": \"FILE,0\" (real) or \"FILE,1\" (fake) "
                              << "expected, found \"" << utf8(line) << "\"");
    const bool is_new =
        entries.insert({line.substr(0, comma), {label == "1", "", SplitSide::kTest}}).second;
    DFD_REQUIRE(is_new, ErrorCode::kInvalidArgument,
                list.string() << ":" << number << ": " << utf8(line.substr(0, comma))
                              << " stands there twice");
  }
  return entries;
}

struct Counts {
  std::size_t others = 0;
  std::size_t missing = 0;   // In lists, not here.
  std::size_t unlisted = 0;  // Here, in no list.
};

void add_part(const std::string& folder, const std::string& part, Manifest& manifest,
              Counts& counts) {
  const fs::path place = fs::path(folder) / part;
  Entries entries = has_file(folder, part, kLabels) ? read_labels(place / kLabels)
                                                    : read_metadata(place / kMetadata);
  const std::string inner = part.empty() ? kInner : part + "/" + kInner;
  std::set<std::string> seen;
  for (const std::string& files_in : {part, inner}) {
    if (files_in != part && is_part(folder, files_in)) continue;  // It speaks for itself.
    const ClipFiles files = list_clips(folder, files_in, Depth::kFlat, is_video);
    // But the lists themselves, and folders, which are parts or have no say.
    std::size_t expected = list_folders(folder, files_in).size();
    for (const char* list : {kMetadata, kLabels})
      expected += has_file(folder, files_in, list) ? 1 : 0;
    counts.others += files.others - expected;
    for (const std::string& file : files.files) {
      const auto entry = entries.find(name_of(file));
      if (entry == entries.end()) {
        ++counts.unlisted;
        continue;
      }
      seen.insert(entry->first);
      Clip clip;
      clip.file = file;
      clip.fake = entry->second.fake;
      clip.group = utf8(part);
      clip.split = entry->second.split;
      const std::string& original = entry->second.original;
      if (!original.empty()) {
        clip.source = (fs::path(files_in) / original).string();
      }
      manifest.clips.push_back(std::move(clip));
    }
  }
  counts.missing += entries.size() - seen.size();
}

}  // namespace

bool has_dfdc(const std::string& folder) { return !parts_of(folder).empty(); }

Manifest scan_dfdc(const std::string& folder, const ScanOptions&) {
  Manifest manifest;
  Counts counts;
  for (const std::string& part : parts_of(folder)) add_part(folder, part, manifest, counts);
  remark(manifest, counts.others, "other files in the folders of videos are left out");
  remark(manifest, counts.missing, "videos of metadata.json or labels.csv are not here");
  remark(manifest, counts.unlisted,
         "videos are in no metadata.json or labels.csv, and are left out");
  return manifest;
}

}  // namespace dfd
