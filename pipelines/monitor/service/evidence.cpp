// SPDX-License-Identifier: LGPL-2.1-or-later

#include "evidence.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "evidence/ring_folder.h"
#include "service/told.h"

namespace dfd::monitor {
namespace {

bool is_wanted(const Config& config) {
  return std::any_of(config.streams.begin(), config.streams.end(),
                     [](const StreamConfig& stream) { return stream.evidence.wanted; });
}

std::set<std::string> open_alarms(const Evidence::Streams& streams,
                                  const std::map<std::string, StreamSnapshot>& left) {
  std::set<std::string> open;
  std::set<std::string> watched;
  for (const auto& stream : streams) {
    watched.insert(stream->stream().config().id);
    for (const StoredAlarm& alarm : stream->alarms().open()) open.insert(alarm.record.id);
  }
  for (const auto& [stream, snapshot] : left) {
    if (watched.count(stream) != 0) continue;
    for (const StoredAlarm& alarm : snapshot.open_alarms) open.insert(alarm.record.id);
  }
  return open;
}

}  // namespace

Evidence::Evidence(const Config& config, std::shared_ptr<PictureMaker> pictures)
    : pictures_(std::move(pictures)) {
  prepare(config);
  bound_rings(config.evidence);
  clips_ = std::make_unique<ClipMaker>(config.state_dir, config.evidence);
}

void Evidence::configure(const Config& config) {
  bound_rings(config.evidence);
  clips_->set_limits(config.evidence);
}

void Evidence::bound_rings(const EvidenceLimits& limits) {
  if (rings_.folder.empty()) return;
  rings_.room->set_most(limits.ring_max_bytes ? static_cast<std::uint64_t>(*limits.ring_max_bytes)
                                              : usual_ring_bytes(rings_.folder));
}

void Evidence::prepare(const Config& config) {
  if (!rings_.folder.empty() || !is_wanted(config)) return;
  rings_.folder = make_ring_folder(config.ring_dir, config.state_dir);
}

Evidence::~Evidence() {
  // Somebody may still hold something in it.
  std::error_code ignored;
  if (!rings_.folder.empty()) std::filesystem::remove(rings_.folder, ignored);
}

std::unique_ptr<Recorder> Evidence::recorder_for(const StreamConfig& config) {
  if (!config.evidence.wanted) return nullptr;
  return std::make_unique<Recorder>(config, rings_, *clips_, pictures_);
}

void Evidence::update(Moment now, const Streams& streams,
                      const std::map<std::string, StreamSnapshot>& left,
                      const WatchedStream::Tell& tell) {
  constexpr auto kEvery = std::chrono::milliseconds(500);
  if (now.steady - updated_ < kEvery) return;
  updated_ = now.steady;
  clips_->set_open(open_alarms(streams, left));
  tell_results(now, streams, tell);
}

void Evidence::tell_results(Moment now, const Streams& streams, const WatchedStream::Tell& tell) {
  for (const ClipResult& result : clips_->take_results()) {
    log_line(result.place.stream + ": evidence of alarm " + result.place.alarm + " " +
             name_of(result.state) + (result.text.empty() ? "" : " (" + result.text + ")"));
    const auto stream = std::find_if(streams.begin(), streams.end(), [&](const auto& one) {
      return one->stream().config().id == result.place.stream;
    });
    if (stream != streams.end()) {
      (*stream)->tell_clip(now, result);
      continue;
    }
    // Not watched any more, and its evidence had to go.
    const StreamConfig gone = unwatched(result.place.stream);
    EventStream part;
    part.config = &gone;
    tell(told_clip(now, part, result));
  }
}

void Evidence::close(Moment now, const Streams& streams, const WatchedStream::Tell& tell) {
  for (const auto& stream : streams) stream->close_recorder(now);
  clips_->drain();
  tell_results(now, streams, tell);
}

}  // namespace dfd::monitor
