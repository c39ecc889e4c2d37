// SPDX-License-Identifier: LGPL-2.1-or-later

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
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
// Of the preview.
constexpr const char* kDataset = "dataset.json";
constexpr const char* kOriginals = "original_videos";
constexpr const char* kPreviewFolders[] = {kOriginals, "method_A", "method_B"};

bool has_file(const std::string& folder, const std::string& part, const char* name) {
  std::error_code error;
  return fs::is_regular_file(fs::path(folder) / part / name, error);
}

bool has_list(const std::string& folder, const std::string& part) {
  return has_file(folder, part, kMetadata) || has_file(folder, part, kLabels);
}

// Others call their lists dataset.json, too.
bool is_preview(const std::string& folder, const std::string& part) {
  if (!has_file(folder, part, kDataset)) return false;
  return std::any_of(std::begin(kPreviewFolders), std::end(kPreviewFolders),
                     [&](const char* inner) {
                       std::error_code error;
                       return fs::is_directory(fs::path(folder) / part / inner, error);
                     });
}

bool is_part(const std::string& folder, const std::string& part) {
  return has_list(folder, part) || is_preview(folder, part);
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
  std::string original;               // Empty: none.
  std::vector<std::string> identity;  // Of the preview alone, as the next.
  std::string compression;
  std::optional<SplitSide> split;
};
using Entries = std::map<std::string, Entry>;

[[noreturn]] void refuse(const fs::path& list, const std::string& name, const std::string& what) {
  throw Error(ErrorCode::kInvalidArgument, list.string() + ": " + utf8(name) + ": " + what);
}

std::optional<SplitSide> side_of(const nlohmann::json& entry, const char* key, const fs::path& list,
                                 const std::string& name) {
  const auto split = entry.find(key);
  if (split == entry.end() || split->is_null()) return std::nullopt;
  if (*split == "train") return SplitSide::kTrain;
  if (*split == "validation") return SplitSide::kValidation;
  if (*split == "test") return SplitSide::kTest;
  refuse(list, name, "\"" + std::string(key) + R"(": "train", "validation" or "test" expected)");
}

bool is_fake(const nlohmann::json& entry, const char* fake, const char* real, const fs::path& list,
             const std::string& name) {
  const auto label = entry.is_object() ? entry.value("label", nlohmann::json()) : nlohmann::json();
  if (label != fake && label != real) {
    refuse(list, name, R"("label": ")" + std::string(fake) + R"(" or ")" + real + R"(" expected)");
  }
  return label == fake;
}

nlohmann::json read_object(const fs::path& list) {
  std::ifstream in(list);
  auto all = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  DFD_REQUIRE(all.is_object(), ErrorCode::kInvalidArgument,
              list.string() << ": a JSON object with an entry a video expected");
  return all;
}

Entries read_metadata(const fs::path& list) {
  const nlohmann::json all = read_object(list);
  Entries entries;
  for (const auto& [name, value] : all.items()) {
    Entry entry;
    entry.fake = is_fake(value, "FAKE", "REAL", list, name);
    const auto original = value.value("original", nlohmann::json());
    if (!original.is_null() && !original.is_string()) {
      refuse(list, name, "\"original\": the name of a video expected");
    }
    if (original.is_string()) entry.original = original.get<std::string>();
    entry.split = side_of(value, "split", list, name);
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
    Entry entry;
    entry.fake = label == "1";
    entry.split = SplitSide::kTest;
    const bool is_new = entries.insert({line.substr(0, comma), entry}).second;
    DFD_REQUIRE(is_new, ErrorCode::kInvalidArgument,
                list.string() << ":" << number << ": " << utf8(line.substr(0, comma))
                              << " stands there twice");
  }
  return entries;
}

// Who is meant by a key of the preview's list, a text or a number; empty: nobody says.
std::string person_of(const nlohmann::json& entry, const char* key, const fs::path& list,
                      const std::string& name) {
  const auto person = entry.find(key);
  if (person == entry.end() || person->is_null()) return "";
  if (person->is_string()) return person->get<std::string>();
  if (!person->is_number_integer()) {
    refuse(list, name, "\"" + std::string(key) + "\": a person's number expected");
  }
  return person->dump();
}

// low_quality, low_res or low_fps; several are joined, none are empty.
std::string augmentations_of(const nlohmann::json& entry, const fs::path& list,
                             const std::string& name) {
  const auto all = entry.find("augmentations");
  if (all == entry.end() || all->is_null()) return "";
  std::string names;
  bool intact = all->is_array();
  for (std::size_t i = 0; intact && i < all->size(); ++i) {
    intact = (*all)[i].is_string();
    if (intact) names += (names.empty() ? "" : "+") + (*all)[i].get<std::string>();
  }
  if (!intact) refuse(list, name, "\"augmentations\": a list of texts expected");
  return names;
}

// dataset.json: an entry FOLDER/.../FILE a video, with label, set, target_id (whose recording it
// is), swapped_id (whose face) and augmentations.
Entries read_preview(const fs::path& list) {
  const nlohmann::json all = read_object(list);
  Entries entries;
  for (const auto& [name, value] : all.items()) {
    const std::string inner = name.substr(0, name.find('/'));
    const bool known =
        inner != name && std::find(std::begin(kPreviewFolders), std::end(kPreviewFolders), inner) !=
                             std::end(kPreviewFolders);
    if (!known) refuse(list, name, "a file in original_videos, method_A or method_B expected");
    Entry entry;
    entry.fake = is_fake(value, "fake", "real", list, name);
    if (entry.fake == (inner == kOriginals)) refuse(list, name, "its label contradicts the folder");
    entry.split = side_of(value, "set", list, name);
    entry.compression = augmentations_of(value, list, name);
    for (const char* key : {"target_id", "swapped_id"}) {
      const std::string person = person_of(value, key, list, name);
      const bool seen = !person.empty() && (entry.fake || key == std::string("target_id"));
      if (seen) entry.identity.push_back(person);
    }
    entries[name] = entry;
  }
  return entries;
}

// The entry of a file of the preview, by its path or else by folder and name alone: some put a
// folder "videos" between, or lay the files side by side.
class PreviewEntries {
 public:
  explicit PreviewEntries(const Entries& entries) : entries_(entries) {
    for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
      const auto [known, is_new] = by_name_.emplace(without_between(entry->first), entry);
      if (!is_new) known->second = entries.end();  // Two of one name: only paths tell them apart.
    }
  }

  Entries::const_iterator find(const std::string& file) const {
    const auto exact = entries_.find(file);
    if (exact != entries_.end()) return exact;
    const auto found = by_name_.find(without_between(file));
    return found == by_name_.end() ? entries_.end() : found->second;
  }

 private:
  static std::string without_between(const std::string& file) {
    return file.substr(0, file.find('/')) + "/" + name_of(file);
  }

  const Entries& entries_;
  std::map<std::string, Entries::const_iterator> by_name_;
};

struct Counts {
  std::size_t others = 0;
  std::size_t missing = 0;     // In lists, not here.
  std::size_t unlisted = 0;    // Here, in no list.
  std::size_t sourceless = 0;  // Fakes whose names do not say what they were made from.
};

std::string joined(const std::string& part, const std::string& inner) {
  return part.empty() ? inner : part + "/" + inner;
}

// The videos right in a folder. The lists themselves are no others, nor are folders, which are
// parts or have no say.
ClipFiles videos_in(const std::string& folder, const std::string& place) {
  ClipFiles files = list_clips(folder, place, Depth::kFlat, is_video);
  files.others -= list_folders(folder, place).size();
  for (const char* list : {kMetadata, kLabels}) files.others -= has_file(folder, place, list);
  files.others -= is_preview(folder, place);
  return files;
}

void add_part(const std::string& folder, const std::string& part, Manifest& manifest,
              Counts& counts) {
  const fs::path place = fs::path(folder) / part;
  const Entries entries = has_file(folder, part, kLabels) ? read_labels(place / kLabels)
                                                          : read_metadata(place / kMetadata);
  std::set<std::string> seen;
  for (const std::string& files_in : {part, joined(part, kInner)}) {
    if (files_in != part && is_part(folder, files_in)) continue;  // It speaks for itself.
    const ClipFiles files = videos_in(folder, files_in);
    counts.others += files.others;
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

// What the preview's names say: TARGET_SCENE_NUMBER, and SWAPPED_TARGET_SCENE_NUMBER of one that
// was made from it.
void name_preview(const std::string& part, const std::map<std::string, std::string>& originals,
                  Clip& clip, Counts& counts) {
  static const std::regex kOriginal(R"((\d+)_[^_]+_\d+)");
  static const std::regex kSwap(R"((\d+)_((\d+)_[^_]+_\d+))");
  const std::string stem = stem_of(name_of(clip.file));
  std::smatch parts;
  if (!clip.fake) {
    const bool named = clip.identity.empty() && std::regex_match(stem, parts, kOriginal);
    if (named) clip.identity = {parts[1]};
    return;
  }
  if (!std::regex_match(stem, parts, kSwap)) {
    ++counts.sourceless;
    return;
  }
  if (clip.identity.size() < 2) clip.identity = {parts[3], parts[1]};
  const auto here = originals.find(parts[2]);
  clip.source = here != originals.end() ? here->second
                                        : joined(part, kOriginals) + "/" + parts[3].str() + "/" +
                                              parts[2].str() + ".mp4";
}

void add_preview(const std::string& folder, const std::string& part, Manifest& manifest,
                 Counts& counts) {
  const Entries entries = read_preview(fs::path(folder) / part / kDataset);
  const PreviewEntries by_file(entries);
  std::map<std::string, std::string> originals;  // By stem; their folder comes first.
  std::set<std::string> seen;
  for (const char* inner : kPreviewFolders) {
    const ClipFiles files = list_clips(folder, joined(part, inner), Depth::kDeep, is_video);
    counts.others += files.others;
    for (const std::string& file : files.files) {
      const auto entry = by_file.find(part.empty() ? file : file.substr(part.size() + 1));
      if (entry == entries.end()) {
        ++counts.unlisted;
        continue;
      }
      seen.insert(entry->first);
      Clip clip;
      clip.file = file;
      clip.fake = entry->second.fake;
      clip.identity = entry->second.identity;
      clip.group = utf8(joined(part, inner));
      if (clip.fake) clip.generator = inner;
      clip.compression = entry->second.compression;
      clip.split = entry->second.split;
      name_preview(part, originals, clip, counts);
      if (!clip.fake) originals.emplace(stem_of(name_of(file)), file);
      manifest.clips.push_back(std::move(clip));
    }
  }
  counts.missing += entries.size() - seen.size();
  if (has_list(folder, part)) return;  // Which has counted them.
  const ClipFiles loose = videos_in(folder, part);
  counts.others += loose.others;
  counts.unlisted += loose.files.size();
}

}  // namespace

bool has_dfdc(const std::string& folder) { return !parts_of(folder).empty(); }

Manifest scan_dfdc(const std::string& folder, const ScanOptions&) {
  Manifest manifest;
  Counts counts;
  for (const std::string& part : parts_of(folder)) {
    if (has_list(folder, part)) add_part(folder, part, manifest, counts);
    if (is_preview(folder, part)) add_preview(folder, part, manifest, counts);
  }
  remark(manifest, counts.others, "other files in the folders of videos are left out");
  remark(manifest, counts.missing,
         "videos of metadata.json, labels.csv or dataset.json are not here");
  remark(manifest, counts.unlisted,
         "videos are in no metadata.json, labels.csv or dataset.json, and are left out");
  remark(manifest, counts.sourceless,
         "fakes have names of another form: what they were made from is not known");
  return manifest;
}

}  // namespace dfd
