// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which files are clips, by their names alone.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace dfd {

bool is_video(const std::string& file);    // .mp4, .mov, .avi, .mkv, .webm, in any case.
bool is_picture(const std::string& file);  // .jpg, .jpeg, .png, .bmp, .webp: a clip of one frame.
bool is_clip(const std::string& file);     // Either.

// Its ending in lower case, without the dot; empty where it has none.
std::string container_of(const std::string& file);

// Without a video's ending: lists may know a clip in another container.
std::string stem_of(const std::string& file);

// The last part of a path.
std::string name_of(const std::string& file);

struct ClipFiles {
  std::vector<std::string> files;  // Below the data set's folder, sorted by their bytes.
  std::size_t others = 0;          // Hidden, or of another ending, or no regular files.
};

enum class Depth {
  kFlat,  // Folders inside count as others.
  kDeep,  // Folders inside are gone through, but hidden ones; links to folders are followed once.
};

// Files in the folder `root/part`, nothing where it is not there. part: may be empty. Links that
// lead nowhere are among them: whoever reads them says so. Throws Error(kIo).
ClipFiles list_clips(const std::string& root, const std::string& part, Depth depth,
                     const std::function<bool(const std::string&)>& wanted);

// The names of the folders in root/part, sorted, without hidden ones. Throws Error(kIo).
std::vector<std::string> list_folders(const std::string& root, const std::string& part);

}  // namespace dfd
