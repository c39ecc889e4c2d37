// SPDX-License-Identifier: LGPL-2.1-or-later

#include "commands/sampling.h"

#include <charconv>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"

namespace dfd::commands {
void add_sampling(CLI::App* command, SamplingOptions& options) {
  const auto choice = [&](const char* name, auto& value, const char* text, const auto& meanings) {
    std::vector<std::string> words;
    words.reserve(meanings.size());
    for (const auto& [word, meaning] : meanings) words.push_back(word);
    command
        ->add_option_function<std::string>(
            name, [&value, meanings](const std::string& word) { value = meanings.at(word); }, text)
        ->check(CLI::IsMember(words));
  };
  choice(
      "--region", options.region, "Default faces",
      std::map<std::string, Region>{{"faces", Region::kFaces}, {"full-frame", Region::kFullFrame}});
  choice(
      "--crop", options.crop, "Of a face, default box; aligned needs --face-model",
      std::map<std::string, CropRule>{
          {"box", CropRule::kBox}, {"aligned", CropRule::kAligned}, {"square", CropRule::kSquare}});
  command->add_option(
      "--margin", options.margin,
      "box: around it, pixels of the crop, default 0; aligned, square: sides of the crop in "
      "sides of the face, default 1.3");
  choice("--tracks", options.tracks, "Which of a clip's faces, default longest",
         std::map<std::string, TrackChoice>{{"longest", TrackChoice::kLongest},
                                            {"largest", TrackChoice::kLargest},
                                            {"all", TrackChoice::kAll}});
  command->add_option("--frames", options.frames, "Samples in a window")->capture_default_str();
  command->add_option("--face-model", options.face_model,
                      "YuNet, or the file that import mtcnn made; empty: OpenCV's cascade");
}

int whole_number(const std::string& text, const char* option) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  DFD_REQUIRE(parsed.ec == std::errc() && parsed.ptr == end, ErrorCode::kInvalidArgument,
              option << " \"" << text << "\": a number expected");
  return number;
}

}  // namespace dfd::commands
