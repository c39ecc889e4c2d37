// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Manifests: lists of clips, the one form in which data sets reach the trainer's commands.
//
// A manifest is JSON lines, a clip a line:
//
//   {"path","label","identity","source","generator","group","split","compression","evidence"}
//
// path: below the manifest's folder, or absolute; label: "real" or "fake"; identity: a list of
// texts; source: the path of the real clip it was made from; split: "train", "validation" or
// "test"; evidence: of a fake, a list of "seam" and "generated". All but path and label may be null
// or missing (identity: empty or missing). A path or source that is no UTF-8 has its bytes as
// path_hex or source_hex beside it. The first line may be a header {"manifest": 1, "split": NAME}
// that says how the splits were made.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "data/clip.h"

namespace dfd {

struct Manifest {
  std::string folder;  // Which relative files and sources are below.
  std::vector<Clip> clips;
  std::string split;                 // How the splits were made, as models record it; or empty.
  std::vector<std::string> remarks;  // For people: what was left out or not understood.
};

// Throws Error: kNotFound, kIo; kInvalidArgument for a line that is no clip, or two of one path,
// with the file, the line and the key. A line has 1 MiB at most. Keys that nobody knows are ignored
// and remarked.
Manifest read_manifest(const std::string& path);

// Writes the lines in their order, with a header. Files must be named as from the folder of path:
// see move_manifest. Throws Error(kIo, kNotFound); then what was there still is.
void write_manifest(const std::string& path, const Manifest& manifest);

// Names files and sources as from another folder, which exists: below it, or else absolute. What
// clips open stays the same. Throws Error(kNotFound).
void move_manifest(Manifest& manifest, const std::string& folder);

// SHA-256 over what all lines say, sorted by path: independent of the lines' order, of the header
// and of keys that nobody knows.
std::string manifest_digest(const Manifest& manifest);

// Does any line say on which side it is?
bool has_splits(const Manifest& manifest);

// The folder that a file lies in, "." where its path names none.
std::string folder_of(const std::string& path);

}  // namespace dfd
