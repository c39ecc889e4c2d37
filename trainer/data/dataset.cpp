// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/dataset.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <utility>

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

void shuffle(std::vector<std::string>& names, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  // std::shuffle differs between standard libraries.
  for (std::size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[random() % i]);
}

void require_both_classes(const Split& split) {
  const auto check = [](const std::vector<Clip>& clips, const char* side) {
    const std::size_t fakes = count_fakes(clips);
    DFD_REQUIRE(fakes > 0 && fakes < clips.size(), ErrorCode::kInvalidArgument,
                "the " << side << " side has " << fakes << " fakes of " << clips.size()
                       << " clips, both classes are needed; give more clips or another --seed");
  };
  check(split.train, "training");
  check(split.validation, "validation");
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

Split split_by_people(const std::vector<Clip>& clips, std::uint64_t seed) {
  Split split;
  split.name = "people";
  std::set<std::string> test_sources;
  for (const Clip& clip : clips) {
    if (!clip.listed_as_test) continue;
    split.test.push_back(clip);
    test_sources.insert(clip.source);
  }
  // Celeb-DF's own list shares people with the rest, so only sources are kept apart from it.
  std::vector<std::string> people;
  std::set<std::string> swapped;  // People who appear in fakes, so that both classes validate.
  for (const Clip& clip : clips) {
    if (clip.listed_as_test || test_sources.count(clip.source) > 0) continue;
    if (clip.fake) swapped.insert(clip.people.begin(), clip.people.end());
    people.insert(people.end(), clip.people.begin(), clip.people.end());
  }
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
  shuffle(people, seed);
  std::stable_partition(people.begin(), people.end(),
                        [&](const std::string& name) { return swapped.count(name) > 0; });
  const std::size_t wanted = std::max<std::size_t>(2, (swapped.size() + 2) / 5);
  std::set<std::string> validators;
  // Two people of one fake at a time: a person alone would validate no swap.
  for (const std::string& name : people) {
    if (validators.size() >= wanted) break;
    for (const Clip& clip : clips) {
      if (validators.size() >= wanted || !clip.fake || clip.listed_as_test) continue;
      if (clip.people[0] == name) validators.insert(clip.people.begin(), clip.people.end());
    }
    validators.insert(name);
  }
  for (const Clip& clip : clips) {
    if (clip.listed_as_test) continue;
    const auto inside = std::count_if(clip.people.begin(), clip.people.end(),
                                      [&](const auto& name) { return validators.count(name) > 0; });
    const bool known = test_sources.count(clip.source) > 0;  // To the test list.
    if (!known && inside == 0) {
      split.train.push_back(clip);
    } else if (!known && inside == static_cast<std::ptrdiff_t>(clip.people.size())) {
      split.validation.push_back(clip);
    } else {
      ++split.dropped;
    }
  }
  require_both_classes(split);
  return split;
}

Split split_at_random(const std::vector<Clip>& clips, std::uint64_t seed) {
  Split split;
  split.name = "random, leaky: people and sources stand on both sides";
  std::map<std::string, const Clip*> by_name;
  std::vector<std::string> names;
  for (const Clip& clip : clips) {
    names.push_back(clip.file);
    by_name[clip.file] = &clip;
  }
  shuffle(names, seed);
  const std::size_t training = names.size() * 8 / 10;
  for (std::size_t i = 0; i < names.size(); ++i) {
    (i < training ? split.train : split.validation).push_back(*by_name.at(names[i]));
  }
  split.test = split.validation;
  require_both_classes(split);
  return split;
}

}  // namespace dfd
