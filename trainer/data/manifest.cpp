// SPDX-License-Identifier: LGPL-2.1-or-later

#include "data/manifest.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/file.h"
#include "data/json_name.h"
#include "data/manifest_line.h"

namespace dfd {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json line_of(const Clip& clip) {
  Json line;
  set_name(line, "path", clip.file);
  line["label"] = clip.fake ? "fake" : "real";
  line["identity"] = clip.identity;
  if (clip.source.empty()) {
    line["source"] = nullptr;
  } else {
    set_name(line, "source", clip.source);
  }
  line["generator"] = text_or_null(clip.generator);
  line["group"] = text_or_null(clip.group);
  line["split"] = clip.split ? Json(to_string(*clip.split)) : Json();
  line["compression"] = text_or_null(clip.compression);
  if (!clip.evidence.empty()) line["evidence"] = clip.evidence;
  return line;
}

bool climbs(const fs::path& path) {
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

// A folder that clips are named from.
struct Place {
  fs::path given;      // Absolute, by the links that its user knows it by.
  fs::path canonical;  // Without links, to be compared.
};

Place place_of(const std::string& folder) {
  std::error_code error;
  Place place;
  place.canonical = fs::canonical(folder, error);
  DFD_REQUIRE(!error, ErrorCode::kNotFound, folder << ": no such folder");
  place.given = fs::absolute(folder);
  // Behind a link ".." leads elsewhere than it seems.
  place.given = climbs(place.given) ? place.canonical : (place.given / "").lexically_normal();
  return place;
}

std::string moved(const std::string& file, const Place& from, const Place& to) {
  if (file.empty()) return file;
  const fs::path name(file);
  if (!climbs(name)) {
    const fs::path whole = (from.canonical / name).lexically_normal();
    const fs::path below = whole.lexically_relative(to.canonical);
    if (!below.empty() && below != "." && !climbs(below)) return below.string();
    return (from.given / name).lexically_normal().string();
  }
  return (from.given / name).string();
}

// Unlike by any separator, no two lists of texts come out the same.
void append(std::string& all, const std::string& text) {
  all += std::to_string(text.size()) + ":" + text + ",";
}

}  // namespace

Manifest read_manifest(const std::string& path) {
  Manifest manifest;
  manifest.folder = folder_of(path);
  ManifestLines lines(path);
  std::map<std::string, std::size_t> line_of_path;
  while (std::optional<Clip> clip = lines.next()) {
    const auto [first, is_new] =
        line_of_path.emplace(fs::path(clip->file).lexically_normal().string(), lines.number());
    DFD_REQUIRE(
        is_new, ErrorCode::kInvalidArgument,
        lines.where() << "\"path\": a clip of its own expected, found "
                      << Json(clip->file).dump(-1, ' ', false, Json::error_handler_t::replace)
                      << ", which line " << first->second << " has too");
    clip->path = (fs::path(manifest.folder) / clip->file).string();
    manifest.clips.push_back(std::move(*clip));
  }
  DFD_REQUIRE(!manifest.clips.empty(), ErrorCode::kInvalidArgument,
              path << ": no clips; a manifest has a JSON object a line, see docs/training.md");
  manifest.split = lines.split();
  if (const std::string remark = lines.remark(); !remark.empty()) {
    manifest.remarks.push_back(remark);
  }
  return manifest;
}

void write_manifest(const std::string& path, const Manifest& manifest) {
  replace_file(path, [&](std::ostream& out) {
    out << Json{{"manifest", kManifestVersion}, {"split", text_or_null(manifest.split)}} << '\n';
    for (const Clip& clip : manifest.clips) out << line_of(clip) << '\n';
  });
}

void move_manifest(Manifest& manifest, const std::string& folder) {
  const Place from = place_of(manifest.folder);
  const Place to = place_of(folder);
  for (Clip& clip : manifest.clips) {
    clip.file = moved(clip.file, from, to);
    clip.source = moved(clip.source, from, to);
  }
  manifest.folder = folder;
}

std::string manifest_digest(const Manifest& manifest) {
  std::vector<const Clip*> clips;
  clips.reserve(manifest.clips.size());
  for (const Clip& clip : manifest.clips) clips.push_back(&clip);
  std::sort(clips.begin(), clips.end(),
            [](const Clip* a, const Clip* b) { return a->file < b->file; });
  std::string all;
  for (const Clip* clip : clips) {
    append(all, clip->file);
    append(all, clip->fake ? "fake" : "real");
    append(all, std::to_string(clip->identity.size()));
    for (const std::string& name : clip->identity) append(all, name);
    for (const std::string* text :
         {&clip->source, &clip->generator, &clip->group, &clip->compression}) {
      append(all, *text);
    }
    append(all, clip->split ? to_string(*clip->split) : "");
    // Where nobody says, digests are those of lists that do not have the key. No clip begins with
    // "evidence" and a number: a label stands there.
    if (clip->evidence.empty()) continue;
    append(all, "evidence");
    append(all, std::to_string(clip->evidence.size()));
    for (const std::string& name : clip->evidence) append(all, name);
  }
  return sha256(all.data(), all.size());
}

bool has_splits(const Manifest& manifest) {
  return std::any_of(manifest.clips.begin(), manifest.clips.end(),
                     [](const Clip& clip) { return clip.split.has_value(); });
}

std::string folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace dfd
