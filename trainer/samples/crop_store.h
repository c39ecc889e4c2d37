// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Crops that were cut once, kept in a folder for every training that wants them again: shards,
// which are safetensors files of some hundred clips each, written whole or not at all. Several
// processes may use one folder; what a killed one had not written yet is made again.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "data/progress.h"
#include "samples/crops.h"

namespace dfd {

enum class CropFormat {
  kLossless,  // PNG.
  kJpeg,      // Of quality 95: a fifth of the room.
};

class CropStore {
 public:
  struct Sample {
    std::uint64_t offset = 0, bytes = 0;  // In the shard.
    std::optional<FaceLandmarks> landmarks;
    float face_size = 0;
  };
  struct Clip {
    std::vector<std::vector<Sample>> tracks;
    double sample_rate = 0;
    std::string checksum;                 // SHA-256 of all its samples' bytes.
    std::uint64_t offset = 0, bytes = 0;  // Of all of them, in the shard.
    std::size_t shard = 0;
  };

  // Reads what lies in the folder, which is made where it is not. Damaged shards are said and set
  // aside. Throws Error(kIo).
  CropStore(std::string folder, CropFormat format, Say say);
  ~CropStore();  // What flush() has not written is lost.
  CropStore(const CropStore&) = delete;
  CropStore& operator=(const CropStore&) = delete;

  // The clip kept under the key; null: none. A shard is checked against its checksums when the
  // first of its clips is found: a damaged one is said and set aside, with all its clips, before
  // anybody has any of them. Stays valid as long as the store.
  const Clip* find(const std::string& key);

  // Keeps a clip, in memory until some of them make a shard. Throws Error(kIo).
  void add(const std::string& key, const ClipCrops& clip);
  void flush();  // Writes what is in memory. Throws Error(kIo).

  // The crop, decoded. Thread-safe, also beside add(), find() and flush(). Throws Error(kIo).
  Crop read(const Clip& clip, std::size_t track, std::size_t sample) const;

  ClipCrops read(const Clip& clip) const;  // All of it.

  CropFormat format() const { return format_; }
  std::uint64_t bytes() const;  // Of all shards.

 private:
  struct Shard;
  struct Pending;

  bool load(const std::string& path);
  const Shard& shard_of(const Clip& clip) const;
  void append(std::unique_ptr<Shard> shard);
  bool is_intact(std::size_t shard) const;
  void set_aside(std::size_t shard, const std::string& why);

  std::string folder_;
  CropFormat format_;
  Say say_;
  mutable std::mutex mutex_;  // Of shards_ while read() is in other threads; held for no file.
  std::vector<std::unique_ptr<Shard>> shards_;  // Grows alone.
  std::map<std::string, Clip> clips_;           // By key.
  std::unique_ptr<Pending> pending_;
};

}  // namespace dfd
