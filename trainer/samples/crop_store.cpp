// SPDX-License-Identifier: LGPL-2.1-or-later

#include "samples/crop_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/check.h"
#include "base/file.h"
#include "model/safetensors.h"
#include "samples/cache.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr const char* kKind = "crops";
constexpr const char* kPrefix = "crops-";
constexpr const char* kSuffix = ".safetensors";
constexpr const char* kAside = ".damaged";

// A shard is written when it holds this much, or its first clip is this old: so much work a killed
// process has lost at most.
constexpr std::uint64_t kShardBytes = 16U << 20;
constexpr std::size_t kShardClips = 1024;
constexpr std::chrono::seconds kShardAge{60};

std::vector<std::uint8_t> encode(const cv::Mat& rgb, CropFormat format) {
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<std::uint8_t> bytes;
  // PNG's first level: three times as fast as the usual, for a tenth more room.
  const bool done = format == CropFormat::kJpeg
                        ? cv::imencode(".jpg", bgr, bytes, {cv::IMWRITE_JPEG_QUALITY, 95})
                        : cv::imencode(".png", bgr, bytes, {cv::IMWRITE_PNG_COMPRESSION, 1});
  DFD_CHECK(done);
  return bytes;
}

Json to_json(const CropStore::Clip& clip) {
  Json tracks = Json::array();
  for (const auto& track : clip.tracks) {
    Json samples = Json::array();
    for (const CropStore::Sample& sample : track) {
      Json entry{{"bytes", sample.bytes}, {"face_size", sample.face_size}};
      if (sample.landmarks) {
        for (const PointF& point : *sample.landmarks) {
          entry["landmarks"].push_back(point.x);
          entry["landmarks"].push_back(point.y);
        }
      }
      samples.push_back(std::move(entry));
    }
    tracks.push_back(std::move(samples));
  }
  return {{"tracks", std::move(tracks)},
          {"sample_rate", clip.sample_rate},
          {"checksum", clip.checksum}};
}

// Throws Json::exception. The samples' offsets count from the clip's first byte.
CropStore::Clip clip_of(const Json& entry) {
  CropStore::Clip clip;
  for (const Json& track : entry.at("tracks")) {
    auto& samples = clip.tracks.emplace_back();
    for (const Json& found : track) {
      CropStore::Sample sample;
      sample.offset = clip.bytes;
      sample.bytes = found.at("bytes").get<std::uint64_t>();
      sample.face_size = found.at("face_size").get<float>();
      if (found.contains("landmarks")) {
        const auto numbers = found["landmarks"].get<std::array<float, 10>>();
        sample.landmarks.emplace();
        for (std::size_t i = 0; i < sample.landmarks->size(); ++i) {
          (*sample.landmarks)[i] = {numbers[2 * i], numbers[2 * i + 1]};
        }
      }
      clip.bytes += sample.bytes;
      samples.push_back(sample);
    }
  }
  clip.sample_rate = entry.at("sample_rate").get<double>();
  clip.checksum = entry.at("checksum").get<std::string>();
  return clip;
}

bool is_shard(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.rfind(kPrefix, 0) == 0 && file.extension() == kSuffix;
}

}  // namespace

// Open for as long as the store is, so that another process may take the file away. Read, not
// mapped: what was read once need not stay in memory.
struct CropStore::Shard {
  std::string path;
  int file = -1;
  std::uint64_t size = 0;
  bool checked = false;

  explicit Shard(std::string of)
      : path(std::move(of)), file(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    DFD_REQUIRE(file >= 0, ErrorCode::kIo, path << ": " << std::strerror(errno));
    struct stat about = {};
    if (fstat(file, &about) == 0) size = static_cast<std::uint64_t>(about.st_size);
  }
  ~Shard() { close(file); }
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  std::vector<std::uint8_t> read(std::uint64_t offset, std::uint64_t bytes) const {
    std::vector<std::uint8_t> into(bytes);
    std::uint64_t done = 0;
    while (done < bytes) {
      const ssize_t got =
          pread(file, into.data() + done, bytes - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      DFD_REQUIRE(got > 0, ErrorCode::kIo,
                  path << ": " << (got == 0 ? "it is shorter than it was" : std::strerror(errno)));
      done += static_cast<std::uint64_t>(got);
    }
    return into;
  }
};

struct CropStore::Pending {
  std::map<std::string, std::pair<Clip, std::vector<std::uint8_t>>> clips;
  std::uint64_t bytes = 0;
  std::chrono::steady_clock::time_point first;
};

CropStore::CropStore(std::string folder, CropFormat format, Say say)
    : folder_(std::move(folder)),
      format_(format),
      say_(std::move(say)),
      pending_(std::make_unique<Pending>()) {
  make_cache_folder(folder_);
  std::set<std::string> names;  // In the same order everywhere.
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (is_shard(entry.path())) names.insert(entry.path().string());
  }
  for (const std::string& name : names) load(name);
}

CropStore::~CropStore() = default;

bool CropStore::load(const std::string& path) {
  const std::size_t number = shards_.size();
  try {
    auto shard = std::make_unique<Shard>(path);
    mark_used(path);
    const SafetensorsFile content(path);
    const auto& metadata = content.metadata();
    const auto kind = metadata.find("kind");
    DFD_INTACT(kind != metadata.end() && kind->second == kKind, path << ": no shard of crops");
    // Tensors lie in the order of their names, behind a length of 8 bytes and as long a header.
    const std::vector<std::uint8_t> length = shard->read(0, 8);
    std::uint64_t offset = 0;
    for (std::size_t i = 8; i-- > 0;) offset = offset << 8 | length[i];
    offset += 8;
    append(std::move(shard));
    for (const auto& [key, tensor] : content.tensors()) {
      const auto about = metadata.find(key);
      DFD_INTACT(about != metadata.end(), path << ": nothing is said of " << key);
      Clip clip = clip_of(Json::parse(about->second));
      DFD_INTACT(clip.bytes == tensor.size, path << ": " << key << " is of another size");
      clip.offset = offset;
      clip.shard = number;
      offset += tensor.size;
      clips_.emplace(key, std::move(clip));
    }
    return true;
  } catch (const Json::exception& error) {
    set_aside(number, path + ": " + error.what());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return false;  // Another process took it away.
    if (error.code() != ErrorCode::kCorruptModel) throw;
    if (shards_.size() == number) append(std::make_unique<Shard>(path));
    set_aside(number, error.what());
  }
  return false;
}

const CropStore::Shard& CropStore::shard_of(const Clip& clip) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return *shards_.at(clip.shard);
}

void CropStore::append(std::unique_ptr<Shard> shard) {
  const std::lock_guard<std::mutex> lock(mutex_);
  shards_.push_back(std::move(shard));
}

void CropStore::set_aside(std::size_t number, const std::string& why) {
  const std::string path = shards_[number]->path;
  std::error_code error;
  fs::rename(path, path + kAside, error);
  say_(why + "; it is set aside as " + path + kAside + ", and its crops are made anew");
  for (auto it = clips_.begin(); it != clips_.end();) {
    it = it->second.shard == number ? clips_.erase(it) : std::next(it);
  }
}

bool CropStore::is_intact(std::size_t number) const {
  return std::all_of(clips_.begin(), clips_.end(), [&](const auto& entry) {
    const Clip& clip = entry.second;
    if (clip.shard != number) return true;
    const std::vector<std::uint8_t> bytes = shards_[number]->read(clip.offset, clip.bytes);
    return sha256(bytes.data(), bytes.size()) == clip.checksum;
  });
}

const CropStore::Clip* CropStore::find(const std::string& key) {
  const auto found = clips_.find(key);
  if (found == clips_.end()) return nullptr;
  Shard& shard = *shards_[found->second.shard];
  if (!shard.checked && !is_intact(found->second.shard)) {
    set_aside(found->second.shard, shard.path + ": the crops of a clip are not what was written");
    return nullptr;
  }
  shard.checked = true;
  return &found->second;
}

void CropStore::add(const std::string& key, const ClipCrops& clip) {
  Clip kept;
  kept.sample_rate = clip.sample_rate;
  std::vector<std::uint8_t> all;
  for (const auto& track : clip.tracks) {
    auto& samples = kept.tracks.emplace_back();
    for (const Crop& crop : track) {
      const std::vector<std::uint8_t> bytes = encode(crop.rgb, format_);
      samples.push_back({all.size(), bytes.size(), crop.landmarks, crop.face_size});
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
  }
  all.shrink_to_fit();  // It lies in memory for a while, beside others.
  kept.bytes = all.size();
  kept.checksum = sha256(all.data(), all.size());
  const auto now = std::chrono::steady_clock::now();
  if (pending_->clips.empty()) pending_->first = now;
  pending_->bytes += all.size();
  pending_->clips[key] = {std::move(kept), std::move(all)};
  if (pending_->bytes >= kShardBytes || pending_->clips.size() >= kShardClips ||
      now - pending_->first >= kShardAge) {
    flush();
  }
}

void CropStore::flush() {
  if (pending_->clips.empty()) return;
  std::map<std::string, std::string> metadata{{"kind", kKind}};
  std::map<std::string, TensorBytes> tensors;
  std::string names;
  for (const auto& [key, clip] : pending_->clips) {
    metadata[key] = to_json(clip.first).dump();
    tensors[key] = {"U8",
                    {static_cast<std::int64_t>(clip.second.size())},
                    clip.second.data(),
                    clip.second.size()};
    names += key + clip.first.checksum;
  }
  // Two processes that cut the same clips write the same file.
  const std::string path =
      (fs::path(folder_) / (kPrefix + sha256(names.data(), names.size()).substr(0, 16) + kSuffix))
          .string();
  write_safetensors(path, metadata, tensors);
  pending_ = std::make_unique<Pending>();
  DFD_REQUIRE(load(path), ErrorCode::kIo, path << ": was written, but cannot be read");
}

Crop CropStore::read(const Clip& clip, std::size_t track, std::size_t sample) const {
  const Shard& shard = shard_of(clip);
  const Sample& about = clip.tracks.at(track).at(sample);
  const std::vector<std::uint8_t> bytes = shard.read(clip.offset + about.offset, about.bytes);
  Crop crop;
  crop.rgb = cv::imdecode(bytes, cv::IMREAD_COLOR);
  DFD_REQUIRE(!crop.rgb.empty(), ErrorCode::kIo, shard.path << ": a crop cannot be decoded");
  cv::cvtColor(crop.rgb, crop.rgb, cv::COLOR_BGR2RGB);
  crop.landmarks = about.landmarks;
  crop.face_size = about.face_size;
  return crop;
}

ClipCrops CropStore::read(const Clip& clip) const {
  ClipCrops crops;
  crops.sample_rate = clip.sample_rate;
  for (std::size_t i = 0; i < clip.tracks.size(); ++i) {
    auto& track = crops.tracks.emplace_back();
    for (std::size_t j = 0; j < clip.tracks[i].size(); ++j) track.push_back(read(clip, i, j));
  }
  return crops;
}

std::uint64_t CropStore::bytes() const {
  std::uint64_t all = 0;
  for (const auto& shard : shards_) all += shard->size;
  return all;
}

}  // namespace dfd
