// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/face_files.h"

#include <glib.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "base/whole_file.h"
#include "evidence/heatmap.h"
#include "evidence/picture_maker.h"

namespace dfd::monitor {
namespace {

// 128 bits: no two files of any archive have the same.
constexpr std::size_t kDigits = 32;

constexpr std::string_view kPicture = ".jpg";
constexpr std::string_view kHeatmap = "-heatmap.jpg";

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_hex(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
}

using Code = std::string (*)(GstSample*);

// The name, or nothing where the picture could not be made or written.
std::string write(const std::string& folder, const std::string& name, GstSample* sample,
                  Code code) {
  if (sample == nullptr) return "";
  try {
    // Two workers that share the folder may both have been given the file.
    const std::string path = folder + "/" + name;
    const std::string own = path + "." + g_get_host_name() + "-" + std::to_string(getpid());
    write_whole(own, code(sample));
    std::filesystem::rename(own, path);
    return name;
  } catch (const std::exception& error) {
    log_line(std::string("scan: a picture is left out: ") + error.what());
    return "";
  }
}

std::string plain_jpeg(GstSample* sample) { return jpeg_of(sample, 0); }

}  // namespace

bool is_picture_name(const std::string& name) {
  std::string_view rest = name;
  if (!ends_with(rest, kPicture)) return false;
  rest.remove_suffix(ends_with(rest, kHeatmap) ? kHeatmap.size() : kPicture.size());
  // The digits, and the face's number.
  constexpr std::size_t kLongest = kDigits + 4;
  if (rest.size() < kDigits + 2 || rest.size() > kLongest || rest[kDigits] != '-') return false;
  return std::all_of(rest.begin(), rest.begin() + kDigits, is_hex) &&
         std::all_of(rest.begin() + kDigits + 1, rest.end(),
                     [](char letter) { return letter >= '0' && letter <= '9'; });
}

struct FaceFiles::Shared {
  std::mutex mutex;
  std::optional<std::vector<FaceNames>> names;
};

FaceFiles::FaceFiles(std::string folder, const std::string& file, std::vector<FaceCrop> crops)
    : shared_(std::make_shared<Shared>()) {
  std::thread([shared = shared_, folder = std::move(folder), crops = std::move(crops),
               digest = sha256_of(file).substr(0, kDigits)] {
    std::vector<FaceNames> names;
    for (const FaceCrop& crop : crops) {
      const std::string begin = digest + "-" + std::to_string(names.size() + 1);
      names.push_back(
          {write(folder, begin + std::string(kPicture), crop.picture.get(), plain_jpeg),
           write(folder, begin + std::string(kHeatmap), crop.explained.get(), heatmap_jpeg)});
    }
    {
      const std::lock_guard<std::mutex> lock(shared->mutex);
      shared->names = std::move(names);
    }
    g_main_context_wakeup(nullptr);
  }).detach();
}

std::optional<std::vector<FaceNames>> FaceFiles::names() const {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  return shared_->names;
}

}  // namespace dfd::monitor
