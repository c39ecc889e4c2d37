// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/dataset.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/file.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

bool is_video(const fs::path& file) {
  std::string ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static const std::set<std::string> kEndings{".mp4", ".mov", ".avi", ".mkv", ".webm"};
  return kEndings.count(ending) > 0;
}

// A clip's name in lists, which may know it in another container.
std::string stem_of(const std::string& file) {
  return is_video(file) ? fs::path(file).replace_extension().string() : file;
}

// Celeb-DF: id{A}_{clip}, id{A}_id{B}_{clip} (B's face on A's recording), 00000.
Clip clip_of(const std::string& folder, const std::string& name) {
  static const std::regex kReal(R"((id\d+)_(\d+))");
  static const std::regex kFake(R"((id\d+)_(id\d+)_(\d+))");
  Clip clip;
  clip.file = folder + "/" + name;
  clip.fake = folder == "Celeb-synthesis";
  clip.kind = clip.fake ? "fake" : "real";
  const std::string stem = stem_of(name);
  std::smatch parts;
  if (std::regex_match(stem, parts, kFake)) {
    clip.people = {parts[1], parts[2]};
    clip.source = parts[1].str() + "_" + parts[3].str();
  } else if (std::regex_match(stem, parts, kReal)) {
    clip.people = {parts[1]};
    clip.source = parts[1].str() + "_" + parts[2].str();
  } else {
    clip.source = folder + "/" + stem;
    clip.people = {clip.source};  // Nobody knows who: a person of its own.
  }
  return clip;
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
      clip->listed_as_test = true;
    }
  }
}

// Our synthetic sets say what was done to each clip.
void read_kinds(const fs::path& truth, std::vector<Clip>& clips) {
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
      if (clip->fake) clip->kind = entry["kind"].get<std::string>();
    }
  }
}

}  // namespace

Dataset read_dataset(const std::string& folder) {
  DFD_REQUIRE(fs::is_directory(folder), ErrorCode::kNotFound, folder << ": no such folder");
  Dataset dataset;
  for (const char* part : {"Celeb-real", "Celeb-synthesis", "YouTube-real"}) {
    const fs::path path = fs::path(folder) / part;
    std::set<std::string> names;
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::directory_iterator(path)) {
        // A named pipe would be waited for; a link that leads nowhere is named when it is read.
        // Names with a dot in front are other systems' notes on files.
        const bool readable = entry.is_regular_file() || !entry.exists();
        const bool hidden = entry.path().filename().string()[0] == '.';
        if (is_video(entry.path()) && readable && !hidden) {
          names.insert(entry.path().filename().string());
        } else {
          ++dataset.others;
        }
      }
    }
    for (const std::string& name : names) {
      dataset.clips.push_back(clip_of(part, name));
      dataset.clips.back().path = (path / name).string();
    }
  }
  DFD_REQUIRE(!dataset.clips.empty(), ErrorCode::kNotFound,
              folder << ": no clips; Celeb-real, Celeb-synthesis and YouTube-real with .mp4, .mov, "
                        ".avi, .mkv or .webm files expected");
  const fs::path list = fs::path(folder) / "List_of_testing_videos.txt";
  if (fs::exists(list)) read_test_list(list, dataset.clips);
  const fs::path truth = fs::path(folder) / "truth.jsonl";
  if (fs::exists(truth)) read_kinds(truth, dataset.clips);
  return dataset;
}

void add_digests(std::vector<Clip>& clips) {
  std::map<std::string, const Clip*> first;
  for (Clip& clip : clips) {
    try {
      clip.digest = sha256_of_file(clip.path);
    } catch (const Error&) {
      clip.digest.clear();  // Whoever reads the clip says what is wrong with it.
      continue;
    }
    const auto [found, is_new] = first.emplace(clip.digest, &clip);
    if (is_new) continue;
    DFD_REQUIRE(found->second->fake == clip.fake, ErrorCode::kInvalidArgument,
                found->second->file << " and " << clip.file
                                    << " are the same file, but one is real and one is fake");
    clip.people = found->second->people;
    clip.source = found->second->source;
  }
}

std::string short_digest(const Clip& clip) {
  constexpr std::size_t kDigits = 12;
  return clip.digest.substr(0, kDigits);
}

std::size_t count_fakes(const std::vector<Clip>& clips) {
  return static_cast<std::size_t>(
      std::count_if(clips.begin(), clips.end(), [](const Clip& clip) { return clip.fake; }));
}

std::string remark_on(const Dataset& dataset) {
  if (dataset.others == 0) return "";
  return std::to_string(dataset.others) +
         " other files in the folders of the classes are left out; clips end in .mp4, .mov, .avi, "
         ".mkv or .webm";
}

}  // namespace dfd
