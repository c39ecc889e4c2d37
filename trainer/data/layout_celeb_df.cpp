// SPDX-License-Identifier: LGPL-2.1-or-later

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "data/clip_files.h"
#include "data/layout_kinds.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolders[] = {"Celeb-real", "Celeb-synthesis", "YouTube-real"};
constexpr const char* kFakeFolder = "Celeb-synthesis";

// A clip and the name of the recording that it shows.
struct Named {
  Clip clip;
  std::string recording;
};

Named named(const std::string& folder, const std::string& file) {
  static const std::regex kReal(R"((id\d+)_(\d+))");
  static const std::regex kFake(R"((id\d+)_(id\d+)_(\d+))");
  Named found;
  Clip& clip = found.clip;
  clip.file = file;
  clip.group = folder;
  clip.fake = folder == kFakeFolder;
  if (clip.fake) clip.generator = "Celeb-DF";
  const std::string stem = stem_of(name_of(file));
  std::smatch parts;
  if (std::regex_match(stem, parts, kFake)) {
    clip.identity = {parts[1], parts[2]};
    found.recording = parts[1].str() + "_" + parts[3].str();
  } else if (std::regex_match(stem, parts, kReal)) {
    clip.identity = {parts[1]};
    found.recording = parts[1].str() + "_" + parts[2].str();
  } else {
    found.recording = folder + "/" + stem;
  }
  return found;
}

// Sources are the files of real clips: of one in several containers the first. A forgery of nobody
// knows what stands for itself.
void set_sources(std::vector<Named>& clips) {
  std::map<std::string, std::string> first;
  for (const Named& one : clips) {
    if (!one.clip.fake) first.emplace(one.recording, one.clip.file);
  }
  for (const Named& one : clips) {
    if (one.clip.identity.size() < 2) first.emplace(one.recording, one.clip.file);
  }
  for (Named& one : clips) {
    const auto real = first.find(one.recording);
    if (real != first.end()) {
      if (real->second != one.clip.file) one.clip.source = real->second;
    } else {
      // Not here, or not any more: its name still holds the forgeries of it together.
      one.clip.source = "Celeb-real/" + one.recording + ".mp4";
    }
  }
}

// Clips by the name a list has for them: that file, else those of its name in other containers.
class ClipsByName {
 public:
  explicit ClipsByName(std::vector<Clip>& clips) {
    for (Clip& clip : clips) {
      exact_[clip.file] = &clip;
      stems_[stem_of(clip.file)].push_back(&clip);
    }
  }

  std::vector<Clip*> find(const std::string& name) const {
    const auto exact = exact_.find(name);
    if (exact != exact_.end()) return {exact->second};
    const auto found = stems_.find(stem_of(name));
    return found == stems_.end() ? std::vector<Clip*>() : found->second;
  }

 private:
  std::map<std::string, Clip*> exact_;
  std::map<std::string, std::vector<Clip*>> stems_;
};

void read_test_list(const fs::path& list, std::vector<Clip>& clips) {
  std::ifstream in(list);
  const ClipsByName by_name(clips);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    const std::string where = list.string() + ":" + std::to_string(number) + ": ";
    DFD_REQUIRE(
        line.size() > 2 && (line[0] == '0' || line[0] == '1') && line[1] == ' ',
        ErrorCode::kInvalidArgument,
        where << "\"0 FILE\" (fake) or \"1 FILE\" (real) expected, found \"" << line << "\"");
    const std::vector<Clip*> found = by_name.find(line.substr(2));
    DFD_REQUIRE(!found.empty(), ErrorCode::kInvalidArgument,
                where << line.substr(2) << " is not in the data set");
    for (Clip* clip : found) {
      DFD_REQUIRE(clip->fake == (line[0] == '0'), ErrorCode::kInvalidArgument,
                  where << "label " << line[0] << " contradicts the folder");
      clip->split = SplitSide::kTest;
    }
  }
}

// Our drawn sets say what was done to each clip.
void read_generators(const fs::path& truth, std::vector<Clip>& clips) {
  std::ifstream in(truth);
  const ClipsByName by_name(clips);
  std::string line;
  while (std::getline(in, line)) {
    const auto entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    const auto is_text = [&](const char* key) {
      return entry.contains(key) && entry[key].is_string();
    };
    if (!entry.is_object() || !is_text("file") || !is_text("kind")) continue;
    for (Clip* clip : by_name.find(entry["file"].get<std::string>())) {
      if (clip->fake) clip->generator = entry["kind"].get<std::string>();
    }
  }
}

}  // namespace

bool has_celeb_df(const std::string& folder) {
  for (const char* part : kFolders) {
    std::error_code error;
    if (fs::is_directory(fs::path(folder) / part, error)) return true;
  }
  return false;
}

Manifest scan_celeb_df(const std::string& folder, const ScanOptions&) {
  Manifest manifest;
  std::vector<Named> found;
  std::size_t others = 0;
  for (const char* part : kFolders) {
    const ClipFiles files = list_clips(folder, part, Depth::kFlat, is_video);
    others += files.others;
    for (const std::string& file : files.files) found.push_back(named(part, file));
  }
  set_sources(found);
  for (Named& one : found) manifest.clips.push_back(std::move(one.clip));
  remark(manifest, others,
         "other files in the folders of the classes are left out; clips end in .mp4, .mov, .avi, "
         ".mkv or .webm");
  if (manifest.clips.empty()) return manifest;
  const fs::path list = fs::path(folder) / "List_of_testing_videos.txt";
  if (fs::exists(list)) read_test_list(list, manifest.clips);
  const fs::path truth = fs::path(folder) / "truth.jsonl";
  if (fs::exists(truth)) read_generators(truth, manifest.clips);
  return manifest;
}

}  // namespace dfd
