// SPDX-License-Identifier: LGPL-2.1-or-later

#include "scan/face_crops.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "findings/face_picture.h"

namespace dfd::monitor {
namespace {

// The likelier one, then the one that is more surely a face.
using Rank = std::tuple<double, double>;

Rank rank_of(const SeenFace& face) {
  return {face.probability.value_or(-1), face.detection_confidence};
}

}  // namespace

struct FaceCrops::Shared {
  struct Kept {
    FaceCrop crop;
    Rank rank{-2, 0};
    Rank explained_rank{-2, 0};
  };
  struct Track {
    std::uint64_t person = 0;
    std::uint64_t samples = 0;
  };
  static GstPadProbeReturn on_picture(GstPad* pad, GstPadProbeInfo* info, gpointer data);
  void note(GstCaps* caps, GstBuffer* buffer, const SeenFace& face, std::uint64_t time_ns);
  void make_room();

  std::mutex mutex;
  // Guarded by it.
  std::map<std::uint64_t, Track> tracks;
  // By track and person.
  std::map<std::pair<std::uint64_t, std::uint64_t>, Kept> kept;
};

void FaceCrops::Shared::make_room() {
  if (kept.size() <= kMost) return;
  kept.erase(std::min_element(kept.begin(), kept.end(), [](const auto& one, const auto& other) {
    return one.second.rank < other.second.rank;
  }));
}

void FaceCrops::Shared::note(GstCaps* caps, GstBuffer* buffer, const SeenFace& face,
                             std::uint64_t time_ns) {
  Track& track = tracks[face.track_id];
  if (face.samples < track.samples) ++track.person;
  track.samples = face.samples;
  Kept& best = kept[{face.track_id, track.person}];
  best.crop.track_id = face.track_id;
  const Rank rank = rank_of(face);
  if (rank <= best.rank && (!face.explained || rank <= best.explained_rank)) return;
  const std::shared_ptr<GstSample> cut = cut_face(caps, buffer, face.index, kMostSize);
  if (cut == nullptr) return;
  if (rank > best.rank) {
    best.rank = rank;
    best.crop.picture = cut;
    best.crop.time_ns = time_ns;
  }
  if (face.explained && rank > best.explained_rank) {
    best.explained_rank = rank;
    best.crop.explained = cut;
  }
  make_room();
}

GstPadProbeReturn FaceCrops::Shared::on_picture(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
  GstBuffer* buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
  GstCaps* caps = gst_pad_get_current_caps(pad);
  if (event != nullptr && caps != nullptr) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    const GstClockTime time = GST_BUFFER_PTS(buffer);
    Shared& shared = **static_cast<std::shared_ptr<Shared>*>(data);
    const std::lock_guard<std::mutex> lock(shared.mutex);
    for (const SeenFace& face :
         faces_analysed_in(buffer, gst_segment_to_running_time(segment, GST_FORMAT_TIME, time))) {
      shared.note(caps, buffer, face, gst_segment_to_stream_time(segment, GST_FORMAT_TIME, time));
    }
  }
  gst_clear_caps(&caps);
  gst_clear_event(&event);
  return GST_PAD_PROBE_OK;
}

FaceCrops::FaceCrops(GstElement* detect) : shared_(std::make_shared<Shared>()) {
  GstPad* pad = gst_element_get_static_pad(detect, "src");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, Shared::on_picture,
                    new std::shared_ptr<Shared>(shared_),
                    [](gpointer data) { delete static_cast<std::shared_ptr<Shared>*>(data); });
  gst_object_unref(pad);
}

std::vector<FaceCrop> FaceCrops::take() {
  std::vector<FaceCrop> crops;
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  for (auto& [key, kept] : std::exchange(shared_->kept, {})) {
    if (kept.crop.picture != nullptr) crops.push_back(std::move(kept.crop));
  }
  return crops;
}

const FaceCrop* crop_of(const FileTrack& track, const std::vector<FaceCrop>& crops) {
  // A track is told of some samples after it was first seen; further away it was somebody else.
  constexpr std::uint64_t kFurthest = 2 * GST_SECOND;
  const FaceCrop* found = nullptr;
  std::uint64_t found_distance = kFurthest + 1;
  for (const FaceCrop& crop : crops) {
    if (crop.track_id != track.id) continue;
    const std::uint64_t distance = crop.time_ns < track.begin_ns ? track.begin_ns - crop.time_ns
                                   : crop.time_ns > track.end_ns ? crop.time_ns - track.end_ns
                                                                 : 0;
    if (distance >= found_distance) continue;
    found = &crop;
    found_distance = distance;
  }
  return found;
}

}  // namespace dfd::monitor
