// SPDX-License-Identifier: LGPL-2.1-or-later

#include "clip_files.h"

#include <fcntl.h>
#include <gst/gst.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"
#include "evidence/clip_maker.h"
#include "evidence/remux.h"

namespace dfd::monitor {
namespace {

constexpr mode_t kMode = 0640;
constexpr std::size_t kPiece = 1 << 20;

[[noreturn]] void fail(const std::string& path) {
  throw std::runtime_error(path + ": " + std::strerror(errno));
}

class File {
 public:
  File(std::string path, int flags) : path_(std::move(path)) {
    number_ = open(path_.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kMode);
    if (number_ < 0) fail(path_);
  }
  ~File() { close(number_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::size_t read(std::string& piece) {
    piece.resize(kPiece);
    const ssize_t size = ::read(number_, piece.data(), piece.size());
    if (size < 0) fail(path_);
    piece.resize(static_cast<std::size_t>(size));
    return piece.size();
  }
  void write(const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t size = ::write(number_, bytes.data() + done, bytes.size() - done);
      if (size < 0 && errno != EINTR) fail(path_);
      if (size > 0) done += static_cast<std::size_t>(size);
    }
  }
  // Whatever the mask of the process is.
  void settle() {
    if (fchmod(number_, kMode) != 0 || fsync(number_) != 0) fail(path_);
  }

 private:
  std::string path_;
  int number_ = -1;
};

struct FreeChecksum {
  void operator()(GChecksum* checksum) const { g_checksum_free(checksum); }
};

EvidenceFile described(const std::string& state, const std::string& below,
                       const std::string& name) {
  EvidenceFile file;
  file.name = name;
  file.path = below + "/" + name;
  const std::unique_ptr<GChecksum, FreeChecksum> digest(g_checksum_new(G_CHECKSUM_SHA256));
  File source(state + "/" + file.path, O_RDONLY);
  std::string piece;
  while (source.read(piece) != 0) {
    file.bytes += static_cast<std::int64_t>(piece.size());
    g_checksum_update(digest.get(), reinterpret_cast<const guchar*>(piece.data()),
                      static_cast<gssize>(piece.size()));
  }
  file.sha256 = g_checksum_get_string(digest.get());
  return file;
}

void rename_or_fail(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) fail(to);
}

void write_whole(const std::string& path, const std::string& bytes) {
  const std::string part = path + ".part";
  {
    File file(part, O_WRONLY | O_CREAT | O_TRUNC);
    file.write(bytes);
    file.settle();
  }
  rename_or_fail(part, path);
}

void join(const std::vector<Segment>& segments, const std::string& path) {
  File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  std::string piece;
  for (const Segment& segment : segments) {
    File source(segment.file->path(), O_RDONLY);
    while (source.read(piece) != 0) file.write(piece);
  }
  file.settle();
}

struct Clip {
  std::string name;
  // That have their verdict with them.
  std::uint64_t pictures = 0;
  // Why there are none.
  std::string text;
};

Clip pack(const std::string& joined, const std::string& packed, const ClipRequest& request) {
  const Segment& first = request.segments.front();
  Clip clip{"clip.mp4", 0, missing_for_verdicts()};
  if (clip.text.empty() && request.said.empty()) {
    clip.text = "nothing was judged, or the times of the source are not known";
  }
  if (clip.text.empty()) {
    try {
      clip.pictures = remux_to_mp4(joined, packed, {first.codec, first.sound_parser, request.said});
      if (clip.pictures == 0) clip.text = "what was judged is not in the clip";
      return clip;
    } catch (const std::exception& error) {
      clip.text = error.what();
    }
  }
  remux_to_mp4(joined, packed, {first.codec, first.sound_parser, {}});
  return clip;
}

Clip write_clip(const std::string& folder, const ClipRequest& request) {
  const std::string joined = folder + "/clip.ts.part";
  const std::string packed = folder + "/clip.mp4.part";
  join(request.segments, joined);
  try {
    Clip clip = pack(joined, packed, request);
    File(packed, O_WRONLY).settle();
    rename_or_fail(packed, folder + "/clip.mp4");
    std::remove(joined.c_str());
    return clip;
  } catch (const std::exception& error) {
    // MPEG-4 part 2, say.
    log_line(request.place.stream + ": the clip stays MPEG-TS: " + error.what());
    std::remove(packed.c_str());
    rename_or_fail(joined, folder + "/clip.ts");
    return {"clip.ts", 0, "the clip is no MP4"};
  }
}

Json verdicts_part(const Clip& clip) {
  if (clip.pictures == 0) return {{"carrier", "none"}, {"text", clip.text}};
  return {{"carrier", "sei"}, {"pictures", clip.pictures}};
}

struct NamedPicture {
  const char* name;
  const ClipPicture& picture;
};

std::array<NamedPicture, 3> pictures_of(const ClipRequest& request) {
  return {
      {{"best.jpg", request.best}, {"heatmap.jpg", request.heatmap}, {"face.jpg", request.face}}};
}

Json file_part(const EvidenceFile& file, const ClipRequest& request) {
  Json part = file_json(file);
  for (const auto& [name, picture] : pictures_of(request)) {
    if (file.name != name) continue;
    part["taken_at"] = utc_text(picture.taken);
    if (picture.probability >= 0) part["probability"] = picture.probability;
  }
  return part;
}

std::string gstreamer_version() {
  char* text = gst_version_string();
  std::string result = text;
  g_free(text);
  return result;
}

Json description(const ClipRequest& request, const Clip& clip,
                 const std::vector<EvidenceFile>& files) {
  Json json = {{"schema_version", "1.0"},
               {"made_at", utc_text(now().wall)},
               {"program", {{"version", kVersion}, {"gstreamer", gstreamer_version()}}}};
  for (const char* part : {"stream", "alarm", "resolution", "deepfake", "faces"}) {
    if (request.data.contains(part)) json[part] = request.data[part];
  }
  if (!request.segments.empty()) {
    json["clip"] = {{"begins_at", utc_text(request.begin)},
                    {"ends_at", utc_text(request.end)},
                    {"pre_roll_s", request.pre_roll_s},
                    {"cut", request.cut},
                    {"codec", request.segments.front().codec},
                    {"sound", !request.segments.front().sound_parser.empty()},
                    {"verdicts", verdicts_part(clip)}};
  }
  json["files"] = Json::array();
  for (const EvidenceFile& file : files) json["files"].push_back(file_part(file, request));
  return json;
}

}  // namespace

std::vector<EvidenceFile> write_clip_files(const std::string& state, const std::string& below,
                                           const ClipRequest& request) {
  const std::string folder = state + "/" + below;
  std::vector<EvidenceFile> files;
  Clip clip;
  if (!request.segments.empty()) {
    clip = write_clip(folder, request);
    files.push_back(described(state, below, clip.name));
  }
  for (const auto& [name, picture] : pictures_of(request)) {
    if (picture.jpeg.empty()) continue;
    write_whole(folder + "/" + name, picture.jpeg);
    files.push_back(described(state, below, name));
  }
  const std::string json =
      description(request, clip, files).dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  write_whole(folder + "/clip.json", json);
  files.push_back(described(state, below, "clip.json"));
  return files;
}

}  // namespace dfd::monitor
