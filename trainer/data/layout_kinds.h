// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One reader a layout, for layouts.cpp. Each gives the clips that it finds, maybe none, with files
// and sources below the folder; paths are set by the caller.

#pragma once

#include <cstddef>
#include <string>

#include "data/layouts.h"

namespace dfd {

// Celeb-DF (Li et al. 2020): Celeb-real/id{A}_{clip}, Celeb-synthesis/id{A}_id{B}_{clip} (B's face
// on A's recording), YouTube-real, and List_of_testing_videos.txt with "1 FILE" (real) or "0 FILE".
bool has_celeb_df(const std::string& folder);
Manifest scan_celeb_df(const std::string& folder, const ScanOptions& options);

// FaceForensics++ (Roessler et al. 2019): original_sequences/youtube/COMPRESSION/videos/NNN,
// manipulated_sequences/METHOD/COMPRESSION/videos/TARGET_SOURCE, and train, val and test.json with
// pairs of numbers.
bool has_ffpp(const std::string& folder);
Manifest scan_ffpp(const std::string& folder, const ScanOptions& options);

// DeepFakeDetection, which is handed out in FaceForensics++'s folders: original_sequences/actors
// and manipulated_sequences/DeepFakeDetection. No official split.
bool has_dfd(const std::string& folder);
Manifest scan_dfd(const std::string& folder, const ScanOptions& options);

// DFDC (Dolhansky et al. 2020): folders with metadata.json, or with labels.csv (the test set). And
// its preview (Dolhansky et al. 2019): dataset.json beside original_videos, method_A and method_B.
bool has_dfdc(const std::string& folder);
Manifest scan_dfdc(const std::string& folder, const ScanOptions& options);

// DeeperForensics-1.0 (Jiang et al. 2020): manipulated_videos/VARIANT/TARGET_ACTOR, of targets of
// FaceForensics++, source_videos/ACTOR/.../ACTOR_..., and lists/splits/train, val and test.txt with
// names of swaps. The targets are read where FaceForensics++'s original_sequences are put beside.
bool has_deeperforensics(const std::string& folder);
Manifest scan_deeperforensics(const std::string& folder, const ScanOptions& options);

// real/... and fake/... or fake/GENERATOR/..., of videos and pictures.
bool has_folders(const std::string& folder);
Manifest scan_folders(const std::string& folder, const ScanOptions& options);

// Pictures, all real.
bool has_images(const std::string& folder);
Manifest scan_images(const std::string& folder, const ScanOptions& options);

// Adds "COUNT WHAT", unless there is nothing to count.
void remark(Manifest& manifest, std::size_t count, const std::string& what);

}  // namespace dfd
