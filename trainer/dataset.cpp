// SPDX-License-Identifier: LGPL-2.1-or-later

#include "dataset.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <regex>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

// Celeb-DF: id{A}_{clip}.mp4, id{A}_id{B}_{clip}.mp4 (B's face on A's recording), 00000.mp4.
Clip clip_of(const std::string& folder, const std::string& name) {
  static const std::regex kReal(R"((id\d+)_(\d+)\.mp4)");
  static const std::regex kFake(R"((id\d+)_(id\d+)_(\d+)\.mp4)");
  Clip clip;
  clip.file = folder + "/" + name;
  clip.fake = folder == "Celeb-synthesis";
  clip.kind = clip.fake ? "fake" : "real";
  std::smatch parts;
  if (std::regex_match(name, parts, kFake)) {
    clip.people = {parts[1], parts[2]};
    clip.source = parts[1].str() + "_" + parts[3].str();
  } else if (std::regex_match(name, parts, kReal)) {
    clip.people = {parts[1]};
    clip.source = parts[1].str() + "_" + parts[2].str();
  } else {
    clip.people = {clip.file};  // Nobody knows who: a person of its own.
    clip.source = clip.file;
  }
  return clip;
}

void read_test_list(const fs::path& list, std::vector<Clip>& clips) {
  std::ifstream in(list);
  std::map<std::string, Clip*> by_name;
  for (Clip& clip : clips) by_name[clip.file] = &clip;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    const std::string where = list.string() + ":" + std::to_string(number) + ": ";
    DFD_REQUIRE(
        line.size() > 2 && (line[0] == '0' || line[0] == '1') && line[1] == ' ',
        ErrorCode::kInvalidArgument,
        where << "\"0 FILE\" (fake) or \"1 FILE\" (real) expected, found \"" << line << "\"");
    const auto found = by_name.find(line.substr(2));
    DFD_REQUIRE(found != by_name.end(), ErrorCode::kInvalidArgument,
                where << line.substr(2) << " is not in the data set");
    DFD_REQUIRE(found->second->fake == (line[0] == '0'), ErrorCode::kInvalidArgument,
                where << "label " << line[0] << " contradicts the folder");
    found->second->listed_as_test = true;
  }
}

// Our synthetic sets say what was done to each clip.
void read_kinds(const fs::path& truth, std::vector<Clip>& clips) {
  std::ifstream in(truth);
  std::map<std::string, std::string> kinds;
  std::string line;
  while (std::getline(in, line)) {
    const auto entry = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!entry.is_object() || !entry.contains("file") || !entry.contains("kind")) continue;
    kinds[entry["file"].get<std::string>()] = entry["kind"].get<std::string>();
  }
  for (Clip& clip : clips) {
    const auto found = kinds.find(clip.file);
    if (clip.fake && found != kinds.end()) clip.kind = found->second;
  }
}

void shuffle(std::vector<std::string>& names, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  // std::shuffle differs between standard libraries.
  for (std::size_t i = names.size(); i > 1; --i) std::swap(names[i - 1], names[random() % i]);
}

void require_both_classes(const Split& split) {
  const auto check = [](const std::vector<Clip>& clips, const char* side) {
    const auto fakes =
        std::count_if(clips.begin(), clips.end(), [](const Clip& clip) { return clip.fake; });
    DFD_REQUIRE(fakes > 0 && fakes < static_cast<std::ptrdiff_t>(clips.size()),
                ErrorCode::kInvalidArgument,
                "the " << side << " side has " << fakes << " fakes of " << clips.size()
                       << " clips, both classes are needed; give more clips or another --seed");
  };
  check(split.train, "training");
  check(split.validation, "validation");
}

}  // namespace

std::vector<Clip> read_dataset(const std::string& folder) {
  DFD_REQUIRE(fs::is_directory(folder), ErrorCode::kNotFound, folder << ": no such folder");
  std::vector<Clip> clips;
  for (const char* part : {"Celeb-real", "Celeb-synthesis", "YouTube-real"}) {
    const fs::path path = fs::path(folder) / part;
    std::set<std::string> names;
    if (fs::is_directory(path)) {
      for (const auto& entry : fs::directory_iterator(path)) {
        if (entry.path().extension() == ".mp4") names.insert(entry.path().filename().string());
      }
    }
    for (const std::string& name : names) {
      clips.push_back(clip_of(part, name));
      clips.back().path = (path / name).string();
    }
  }
  const auto fakes =
      std::count_if(clips.begin(), clips.end(), [](const Clip& clip) { return clip.fake; });
  DFD_REQUIRE(fakes > 0 && fakes < static_cast<std::ptrdiff_t>(clips.size()), ErrorCode::kNotFound,
              folder << ": " << clips.size() << " clips, " << fakes
                     << " of them fake; Celeb-real, Celeb-synthesis and YouTube-real with .mp4 "
                        "files expected");
  const fs::path list = fs::path(folder) / "List_of_testing_videos.txt";
  if (fs::exists(list)) read_test_list(list, clips);
  const fs::path truth = fs::path(folder) / "truth.jsonl";
  if (fs::exists(truth)) read_kinds(truth, clips);
  return clips;
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
