// SPDX-License-Identifier: LGPL-2.1-or-later

#include <filesystem>
#include <fstream>
#include <map>
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

constexpr const char* kReal = "original_sequences";
constexpr const char* kFake = "manipulated_sequences";
constexpr const char* kActors = "actors";
constexpr const char* kYoutube = "youtube";
constexpr const char* kDfdMethod = "DeepFakeDetection";
constexpr const char* kCompressions[] = {"raw", "c23", "c40"};

bool has_folder(const std::string& folder, const char* part, const char* inner) {
  std::error_code error;
  return fs::is_directory(fs::path(folder) / part / inner, error);
}

// What a name says of a clip; false for a name of another form.
using Naming = bool (*)(const std::string& stem, Clip& clip, std::string& source_stem);

bool name_ffpp(const std::string& stem, Clip& clip, std::string& source_stem) {
  static const std::regex kNumber(R"(\d{3})");
  static const std::regex kPair(R"((\d{3})_(\d{3}))");
  std::smatch parts;
  if (!clip.fake && std::regex_match(stem, kNumber)) {
    clip.identity = {stem};
    return true;
  }
  if (!clip.fake || !std::regex_match(stem, parts, kPair)) return false;
  clip.identity = {parts[1], parts[2]};
  source_stem = parts[1];
  return true;
}

bool name_dfd(const std::string& stem, Clip& clip, std::string& source_stem) {
  // ACTOR__SCENE and TARGET_SOURCE__SCENE__CODE. Actors are another set's people than those whose
  // numbers FaceForensics++ has.
  static const std::regex kScene(R"((\d+)__(.+))");
  static const std::regex kSwap(R"((\d+)_(\d+)__(.+)__[A-Za-z0-9]{8})");
  std::smatch parts;
  if (!clip.fake && std::regex_match(stem, parts, kScene)) {
    clip.identity = {"actor " + parts[1].str()};
    return true;
  }
  if (!clip.fake || !std::regex_match(stem, parts, kSwap)) return false;
  clip.identity = {"actor " + parts[1].str(), "actor " + parts[2].str()};
  source_stem = parts[1].str() + "__" + parts[3].str();
  return true;
}

class Scan {
 public:
  Scan(const std::string& folder, Naming naming, const char* origin)
      : folder_(folder), naming_(naming), origin_(origin) {}

  // The clips of one folder of original_sequences or manipulated_sequences.
  void add(const char* part, const std::string& inner) {
    for (const char* compression : kCompressions) {
      const std::string place = std::string(part) + "/" + inner + "/" + compression + "/videos";
      const ClipFiles files = list_clips(folder_, place, Depth::kFlat, is_video);
      others_ += files.others;
      for (const std::string& file : files.files) {
        Clip clip;
        clip.file = file;
        clip.fake = part == std::string(kFake);
        clip.group = utf8(inner);
        if (clip.fake) clip.generator = clip.group;
        clip.compression = compression;
        std::string source_stem;
        if (!naming_(stem_of(name_of(file)), clip, source_stem)) {
          ++misnamed_;
          continue;
        }
        if (clip.fake) {
          clip.source = source_of(compression, source_stem);
        } else {
          reals_[stem_of(file)] = file;
        }
        manifest_.clips.push_back(std::move(clip));
      }
    }
  }

  Manifest take() {
    remark(manifest_, others_, "other files in the folders of videos are left out");
    remark(manifest_, misnamed_, "videos with names of another form are left out");
    return std::move(manifest_);
  }

 private:
  // Of the same compression, in whatever container; real clips come first.
  std::string source_of(const std::string& compression, const std::string& stem) const {
    const std::string wanted =
        std::string(kReal) + "/" + origin_ + "/" + compression + "/videos/" + stem;
    const auto found = reals_.find(wanted);
    return found == reals_.end() ? wanted + ".mp4" : found->second;
  }

  std::string folder_;
  Naming naming_;
  std::string origin_;
  Manifest manifest_;
  std::map<std::string, std::string> reals_;  // By stem.
  std::size_t others_ = 0;
  std::size_t misnamed_ = 0;
};

constexpr const char* kLists[] = {"train.json", "val.json", "test.json"};
constexpr SplitSide kSides[] = {SplitSide::kTrain, SplitSide::kValidation, SplitSide::kTest};

// The folder with the official lists; empty: none is here.
std::string find_splits(const std::string& folder, const std::string& given) {
  if (!given.empty()) return given;
  // Where the project's repository and people put them.
  for (const char* part : {"splits", "", "dataset/splits"}) {
    for (const char* list : kLists) {
      std::error_code error;
      const fs::path place = fs::path(folder) / part;
      if (fs::is_regular_file(place / list, error)) return place.string();
    }
  }
  return "";
}

nlohmann::json read_list(const fs::path& list) {
  std::ifstream in(list);
  DFD_REQUIRE(in.is_open(), ErrorCode::kNotFound,
              list.string() << ": cannot be read; train.json, val.json and test.json of "
                               "FaceForensics++ expected");
  auto pairs = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  DFD_REQUIRE(pairs.is_array(), ErrorCode::kInvalidArgument,
              list.string() << ": a JSON list of pairs expected");
  return pairs;
}

struct OfficialSplit {
  std::map<std::string, SplitSide> recordings;          // By number.
  std::set<std::pair<std::string, std::string>> swaps;  // Target and source, both ways.
};

OfficialSplit read_splits(const std::string& folder) {
  OfficialSplit split;
  for (std::size_t i = 0; i < std::size(kLists); ++i) {
    const fs::path list = fs::path(folder) / kLists[i];
    std::size_t number = 0;
    for (const nlohmann::json& pair : read_list(list)) {
      ++number;
      const bool intact =
          pair.is_array() && pair.size() == 2 && pair[0].is_string() && pair[1].is_string();
      DFD_REQUIRE(
          intact, ErrorCode::kInvalidArgument,
          list.string() << ": entry " << number << ": a pair of numbers as texts expected, found "
                        << pair.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
      const std::string a = pair[0];
      const std::string b = pair[1];
      for (const std::string& name : {a, b}) {
        const SplitSide known = split.recordings.emplace(name, kSides[i]).first->second;
        DFD_REQUIRE(known == kSides[i], ErrorCode::kInvalidArgument,
                    list.string() << ": entry " << number << ": " << utf8(name) << " is of "
                                  << to_string(known) << " already");
      }
      split.swaps.insert({a, b});
      split.swaps.insert({b, a});
    }
  }
  return split;
}

void apply(const OfficialSplit& split, Manifest& manifest) {
  std::set<std::string> seen;
  std::size_t unlisted = 0;
  for (Clip& clip : manifest.clips) {
    const auto side = split.recordings.find(clip.identity[0]);
    const bool listed = side != split.recordings.end() &&
                        (!clip.fake || split.swaps.count({clip.identity[0], clip.identity[1]}) > 0);
    if (!listed) {
      ++unlisted;
      continue;
    }
    clip.split = side->second;
    if (!clip.fake) seen.insert(clip.identity[0]);
  }
  // People download parts of it.
  remark(manifest, split.recordings.size() - seen.size(),
         "real recordings of the official splits are not here");
  remark(manifest, unlisted, "clips are in no official split");
}

}  // namespace

bool has_ffpp(const std::string& folder) {
  if (has_folder(folder, kReal, kYoutube)) return true;
  for (const std::string& method : list_folders(folder, kFake)) {
    if (method != kDfdMethod) return true;
  }
  return false;
}

Manifest scan_ffpp(const std::string& folder, const ScanOptions& options) {
  Scan scan(folder, name_ffpp, kYoutube);
  scan.add(kReal, kYoutube);
  for (const std::string& method : list_folders(folder, kFake)) {
    if (method != kDfdMethod) scan.add(kFake, method);
  }
  Manifest manifest = scan.take();
  const std::string splits = find_splits(folder, options.splits);
  if (!splits.empty()) apply(read_splits(splits), manifest);
  return manifest;
}

bool has_dfd(const std::string& folder) {
  return has_folder(folder, kReal, kActors) || has_folder(folder, kFake, kDfdMethod);
}

Manifest scan_dfd(const std::string& folder, const ScanOptions&) {
  Scan scan(folder, name_dfd, kActors);
  scan.add(kReal, kActors);
  scan.add(kFake, kDfdMethod);
  return scan.take();
}

}  // namespace dfd
