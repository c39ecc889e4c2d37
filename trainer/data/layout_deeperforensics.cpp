// SPDX-License-Identifier: LGPL-2.1-or-later

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "base/check.h"
#include "base/text.h"
#include "data/clip_files.h"
#include "data/layout_kinds.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSwaps = "manipulated_videos";
constexpr const char* kSources = "source_videos";
// The recordings whose faces were swapped. They are FaceForensics++'s and not handed out with the
// swaps; whoever has them may put them beside these, where FaceForensics++ has them.
constexpr const char* kTargets = "original_sequences/youtube/c23/videos";
constexpr const char* kGenerator = "DF-VAE";
constexpr const char* kSplits = "lists/splits";
constexpr const char* kLists[] = {"train.txt", "val.txt", "test.txt"};
constexpr SplitSide kSides[] = {SplitSide::kTrain, SplitSide::kValidation, SplitSide::kTest};

// Actors are men or women of three digits.
const std::regex& actor() {
  static const std::regex kActor(R"([MW]\d{3})");
  return kActor;
}

// TARGET_ACTOR: whose recording it is, and whose face.
const std::regex& swap() {
  static const std::regex kSwap(R"((\d{3})_([MW]\d{3}))");
  return kSwap;
}

// What a name says of a clip; false for a name of another form.
using Naming = bool (*)(Clip& clip);

bool name_swap(Clip& clip) {
  std::smatch parts;
  const std::string stem = stem_of(name_of(clip.file));
  if (!std::regex_match(stem, parts, swap())) return false;
  clip.fake = true;
  clip.identity = {parts[1], parts[2]};
  clip.generator = kGenerator;
  // The folder right below says how a swap was made and disturbed.
  const std::size_t begin = std::string(kSwaps).size() + 1;
  const std::size_t slash = clip.file.find('/', begin);
  if (slash != std::string::npos) clip.group = utf8(clip.file.substr(begin, slash - begin));
  return true;
}

// ACTOR_light_DIRECTION_EMOTION_camera_DIRECTION, ACTOR_BlendShape_camera_DIRECTION and others.
bool name_source(Clip& clip) {
  static const std::regex kSource(R"(([MW]\d{3})_.+)");
  std::smatch parts;
  const std::string stem = stem_of(name_of(clip.file));
  if (!std::regex_match(stem, parts, kSource)) return false;
  clip.identity = {parts[1]};
  clip.group = kSources;
  return true;
}

bool name_target(Clip& clip) {
  static const std::regex kNumber(R"(\d{3})");
  const std::string stem = stem_of(name_of(clip.file));
  if (!std::regex_match(stem, kNumber)) return false;
  clip.identity = {stem};
  clip.group = "youtube";
  clip.compression = "c23";
  return true;
}

class Scan {
 public:
  explicit Scan(const std::string& folder) : folder_(folder) {}

  // The clips in a folder and all below it.
  std::vector<Clip> clips_in(const char* part, Naming naming) {
    const ClipFiles files = list_clips(folder_, part, Depth::kDeep, is_video);
    others_ += files.others;
    std::vector<Clip> clips;
    for (const std::string& file : files.files) {
      Clip clip;
      clip.file = file;
      if (naming(clip)) {
        clips.push_back(std::move(clip));
      } else {
        ++misnamed_;
      }
    }
    return clips;
  }

  void tell(Manifest& manifest) const {
    remark(manifest, others_, "other files in the folders of videos are left out");
    remark(manifest, misnamed_, "videos with names of another form are left out");
  }

 private:
  std::string folder_;
  std::size_t others_ = 0;
  std::size_t misnamed_ = 0;
};

// Targets in whatever container; those that are not here are named as they would be.
void set_sources(const std::vector<Clip>& targets, std::vector<Clip>& swaps) {
  std::map<std::string, std::string> files;
  for (const Clip& target : targets) files.emplace(target.identity[0], target.file);
  for (Clip& clip : swaps) {
    const std::string& number = clip.identity[0];
    const auto here = files.find(number);
    clip.source =
        here != files.end() ? here->second : std::string(kTargets) + "/" + number + ".mp4";
  }
}

struct OfficialSplit {
  std::map<std::string, SplitSide> swaps;  // By TARGET_ACTOR; all variants of one are on its side.
  // Of targets and actors, for the real clips of them. None: their swaps are on several sides.
  std::map<std::string, std::optional<SplitSide>> people;
};

void read_list(const fs::path& list, SplitSide side, OfficialSplit& split) {
  std::error_code error;
  std::ifstream in(list);
  DFD_REQUIRE(in.is_open() && fs::is_regular_file(list, error), ErrorCode::kNotFound,
              list.string() << ": cannot be read; train.txt, val.txt and test.txt of "
                               "DeeperForensics-1.0 expected");
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) continue;
    const std::string where = list.string() + ":" + std::to_string(number) + ": ";
    const std::string stem = stem_of(line);
    std::smatch parts;
    DFD_REQUIRE(std::regex_match(stem, parts, swap()), ErrorCode::kInvalidArgument,
                where << "a name such as 000_M101.mp4 expected, found \"" << utf8(line) << "\"");
    const SplitSide known = split.swaps.emplace(stem, side).first->second;
    DFD_REQUIRE(known == side, ErrorCode::kInvalidArgument,
                where << stem << " is of " << to_string(known) << " already");
    for (const std::string& person : {parts[1].str(), parts[2].str()}) {
      std::optional<SplitSide>& theirs = split.people.emplace(person, side).first->second;
      if (theirs != side) theirs.reset();
    }
  }
}

// None where no list is here.
std::optional<OfficialSplit> read_splits(const std::string& folder) {
  const fs::path place = fs::path(folder) / kSplits;
  const bool any = std::any_of(std::begin(kLists), std::end(kLists), [&](const char* list) {
    std::error_code error;
    return fs::exists(place / list, error);
  });
  if (!any) return std::nullopt;
  OfficialSplit split;
  for (std::size_t i = 0; i < std::size(kLists); ++i) {
    read_list(place / kLists[i], kSides[i], split);
  }
  return split;
}

void apply(const OfficialSplit& split, Manifest& manifest) {
  std::set<std::string> seen;
  std::size_t unlisted = 0;
  std::size_t torn = 0;
  for (Clip& clip : manifest.clips) {
    if (clip.fake) {
      const auto side = split.swaps.find(clip.identity[0] + "_" + clip.identity[1]);
      if (side == split.swaps.end()) {
        ++unlisted;
        continue;
      }
      clip.split = side->second;
      seen.insert(side->first);
      continue;
    }
    const auto side = split.people.find(clip.identity[0]);
    if (side == split.people.end()) {
      ++unlisted;
    } else if (side->second) {
      clip.split = side->second;
    } else {
      ++torn;
    }
  }
  // People download parts of it.
  remark(manifest, split.swaps.size() - seen.size(), "swaps of the official splits are not here");
  remark(manifest, unlisted, "clips are in no official split");
  remark(manifest, torn,
         "real clips are in no official split: it has swaps of their people on several sides");
}

}  // namespace

bool has_deeperforensics(const std::string& folder) {
  for (const std::string& variant : list_folders(folder, kSwaps)) {
    if (variant.rfind("end_to_end", 0) == 0 || variant == "reenact_postprocess") return true;
  }
  for (const std::string& name : list_folders(folder, kSources)) {
    if (std::regex_match(name, actor())) return true;
  }
  return false;
}

Manifest scan_deeperforensics(const std::string& folder, const ScanOptions&) {
  Scan scan(folder);
  const std::vector<Clip> sources = scan.clips_in(kSources, name_source);
  const std::vector<Clip> targets = scan.clips_in(kTargets, name_target);
  std::vector<Clip> swaps = scan.clips_in(kSwaps, name_swap);
  set_sources(targets, swaps);
  Manifest manifest;
  for (const std::vector<Clip>& clips : {sources, targets, swaps}) {
    manifest.clips.insert(manifest.clips.end(), clips.begin(), clips.end());
  }
  scan.tell(manifest);
  remark(manifest, sources.size(),
         "source videos are real ones of actors in a studio; the real side that the data set's "
         "authors mean is FaceForensics++'s, in " +
             std::string(kTargets));
  if (const auto split = read_splits(folder)) apply(*split, manifest);
  return manifest;
}

}  // namespace dfd
