// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From all that the element said of a file to one verdict. Pure logic.

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "findings/finding.h"
#include "scan/series.h"

namespace dfd::monitor {

// One face of a file, as long as it was the same person's.
struct FileTrack {
  std::uint64_t id = 0;
  // The worst that was said of it; undecided where no full window decided anything.
  Verdict verdict = Verdict::kUndecided;
  // Of undecided.
  std::string reason;
  // The highest of each, in [0, 1]; the score may be partial.
  std::optional<double> probability;
  std::optional<double> score;
  // What the highest score speaks of; empty where it is not known.
  std::string evidence;
  std::uint64_t windows = 0;
  std::uint64_t samples = 0;
  // Stream time when it was first and last told of.
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  Series series;
  // Files in the folder of pictures; empty where there are none.
  std::string picture;
  std::string heatmap;
};

struct Decision {
  // Never suspicious: that is undecided with this reason.
  Verdict verdict = Verdict::kUndecided;
  std::string reason;
  // The face that decided it; none where there was no face.
  std::optional<FileTrack> worst;
  std::uint64_t tracks = 0;
  // Of these without a verdict.
  std::uint64_t undecided_tracks = 0;
  // Those that matter most, FileVerdict::kMostFaces at most: manipulated, suspicious, those that
  // nobody could judge, authentic, and then those in passing.
  std::vector<FileTrack> faces;
};

class FileVerdict {
 public:
  void add(const News& news);

  // Manipulated: some face was, at some time. Undecided: some face was suspicious at some time; or
  // one that was there for kPassing_s and more, or had a partial score at the threshold, was never
  // judged; or no face was judged at all, then with the element's last reason where there was no
  // face; or the pictures ended kPassing_s and more before the file ("truncated"); or there are
  // pictures that nobody looked at ("unseen-track"). Authentic: all else, so that at least one face
  // had a full window. `duration_s` is the file's, where it is known.
  Decision decide(std::optional<double> duration_s = std::nullopt, bool has_unseen = false) const;

  const std::string& model_id() const { return model_id_; }
  std::optional<double> threshold() const { return threshold_; }

  // Faces that detectors see in textures and in passing are there for a shorter time; a window and
  // the time that a verdict must hold take that long.
  static constexpr double kPassing_s = 2;
  // In crowds there are thousands, and a file has one line.
  static constexpr std::size_t kMostFaces = 10;

 private:
  // Track, and which of its persons.
  using Key = std::pair<std::uint64_t, std::uint64_t>;

  void add_face(const FoundFace& face, const Finding& finding);
  bool holds_back(const FileTrack& track) const;
  bool is_passing(const FileTrack& track) const;
  std::vector<FileTrack> foremost_faces() const;
  bool is_truncated(std::optional<double> duration_s) const;

  std::map<Key, FileTrack> tracks_;
  std::map<std::uint64_t, std::uint64_t> persons_;
  std::string last_reason_ = "no-face";
  std::uint64_t last_time_ns_ = 0;
  std::string model_id_;
  std::optional<double> threshold_;
  bool damaged_ = false;
};

}  // namespace dfd::monitor
